import type { ReactElement } from 'react';

/** Two threads that cross. */
export function Logo({ size = 22 }: { size?: number }): ReactElement {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      strokeWidth="2.6"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <rect width="24" height="24" rx="6" fill="var(--weft-accent)" />
      <path d="M5 9c4.700 0 4.700 6 7 6s2.300-6 7-6" stroke="#fff" />
      <path d="M5 15c4.700 0 4.700-6 7-6s2.300 6 7 6" stroke="#fff" opacity=".55" />
    </svg>
  );
}
