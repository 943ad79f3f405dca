import type { ReactElement } from 'react';

export type IconName = keyof typeof paths;

/** An icon of 16 px, drawn with the text's colour. It is decoration: what it means is said by text or a label. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }): ReactElement {
  return (
    <svg
      className="weft-icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {paths[name]}
    </svg>
  );
}

/** Drawn for a grid of 16, strokes of 1.5. */
const paths = {
  alert: <path d="M8 2.200 14.200 13H1.800L8 2.200ZM8 6.500v3M8 11.300v.01" />,
  arrowDown: <path d="M8 3v10M4 9l4 4 4-4" />,
  arrowIn: <path d="M2 8h8M7 5l3 3-3 3M10.500 2.500h3v11h-3" />,
  arrowOut: <path d="M6 8h8M11 5l3 3-3 3M5.500 2.500h-3v11h3" />,
  arrowRight: <path d="M3 8h10M9 4l4 4-4 4" />,
  arrowUp: <path d="M8 13V3M4 7l4-4 4 4" />,
  box: <path d="m8 1.800 5.700 3v6.400L8 14.200l-5.700-3V4.800L8 1.800ZM2.500 5 8 8l5.500-3M8 8v6" />,
  braces: (
    <path d="M6 2.500H5A1.500 1.500 0 0 0 3.500 4v2.500L2 8l1.500 1.500V12A1.500 1.500 0 0 0 5 13.500h1M10 2.500h1A1.500 1.500 0 0 1 12.500 4v2.500L14 8l-1.500 1.500V12a1.500 1.500 0 0 1-1.500 1.500h-1" />
  ),
  branch: <path d="M2 8h4l4-4h4M6 8l4 4h4M12 2l2 2-2 2M12 10l2 2-2 2" />,
  check: <path d="m3 8.500 3.200 3.200L13 4.800" />,
  chevronDown: <path d="m4 6 4 4 4-4" />,
  chevronLeft: <path d="m10 4-4 4 4 4" />,
  chevronRight: <path d="m6 4 4 4-4 4" />,
  chevronUp: <path d="m4 10 4-4 4 4" />,
  circleCheck: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.500 8.200l1.800 1.800 3.300-3.700" />,
  circleSlash: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM3.900 3.900l8.200 8.200" />,
  circleX: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6 6l4 4M10 6l-4 4" />,
  clock: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.800V8l2.200 1.500" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  code: <path d="M5.500 4.500 2 8l3.500 3.500M10.500 4.500 14 8l-3.500 3.500" />,
  copy: <path d="M6 5.500h6.500V14H6zM4 10.500H3V2h6.500v1.500" />,
  dashed: (
    <path d="M14 8a6 6 0 0 1-1.200 3.600M10.400 13.500a6 6 0 0 1-4.800 0M3.200 11.600A6 6 0 0 1 2 8M3.200 4.400A6 6 0 0 1 5.600 2.500M10.400 2.500a6 6 0 0 1 2.400 1.900" />
  ),
  download: <path d="M8 2v8M5 7.500l3 3 3-3M2.500 13.500h11" />,
  edit: <path d="m10.500 2.800 2.700 2.700L5.700 13H3v-2.700l7.500-7.500ZM9 4.300 11.700 7" />,
  enlarge: <path d="M9.500 2.500h4v4M13.500 2.500l-4.500 4.500M6.500 13.500h-4v-4M2.500 13.500 7 9" />,
  external: <path d="M9.500 2.500h4v4M13.500 2.500 7.500 8.500M11.500 9.500v4h-9v-9h4" />,
  filter: <path d="M2 3.500h12M4.500 8h7M6.500 12.500h3" />,
  fit: <path d="M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10" />,
  history: <path d="M2.500 8a5.500 5.500 0 1 0 1.700-4M2.500 2v3h3M8 5v3l2 1.500" />,
  key: <path d="M5.500 13.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM7.700 8.300l5.800-5.800M11 5l2 2" />,
  info: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.500V11M8 5.200v.01" />,
  keyboard: (
    <path d="M1.500 4h13v8h-13zM4 6.500h.01M6.700 6.500h.01M9.300 6.500h.01M12 6.500h.01M5 9.500h6" />
  ),
  layout: <path d="M2 6h4v4H2zM10 2h4v4h-4zM10 10h4v4h-4zM6 8h2M8 4v8M8 4h2M8 12h2" />,
  merge: <path d="M2 4h3l4 4h5M2 12h3l4-4M12 6l2 2-2 2" />,
  minus: <path d="M3.500 8h9" />,
  monitor: <path d="M2 3h12v8H2zM6 14h4M8 11v3" />,
  moon: <path d="M13.500 9.600A6 6 0 0 1 6.400 2.500a6 6 0 1 0 7.100 7.100Z" />,
  more: <path d="M3.500 8h.01M8 8h.01M12.500 8h.01" strokeWidth="2.2" />,
  panelLeft: <path d="M2 3h12v10H2zM6 3v10" />,
  panelRight: <path d="M2 3h12v10H2zM10 3v10" />,
  pin: <path d="M6 2.500h4M6.500 2.500v4L4.500 9.500h7l-2-3v-4M8 9.500V14" />,
  play: <path d="M5 3.200v9.600L12.800 8 5 3.200Z" />,
  plus: <path d="M8 3v10M3 8h10" />,
  redo: <path d="M13 6H6a3.500 3.500 0 0 0 0 7h3M10 3l3 3-3 3" />,
  refresh: <path d="M13 8a5 5 0 1 1-1.500-3.600M13 2v3h-3" />,
  retry: <path d="M3 8a5 5 0 1 0 1.500-3.600M3 2v3h3" />,
  route: <path d="M2 8h3.500M5.500 8 9 3.500h5M5.500 8H14M5.500 8 9 12.500h5" />,
  runs: <path d="M2 4h7M2 8h12M6 12h8" strokeWidth="2" />,
  save: <path d="M2.500 2.500h8.500l2.500 2.500v8.500h-11zM5 2.500v3.500h5V2.500M5 13.500V9.500h6v4" />,
  search: <path d="M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.700 10.700 14 14" />,
  server: <path d="M2.500 2.500h11v4.500h-11zM2.500 9h11v4.500h-11zM5 4.800v.01M5 11.300v.01" />,
  settings: (
    <path d="M2 4.500h6M11.500 4.500H14M2 11.500h2.500M8 11.500h6M9.800 6.300a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600ZM6.200 13.300a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600Z" />
  ),
  shield: <path d="M8 1.800 13.200 4v4c0 3-2.200 5.200-5.200 6.200C5 13.200 2.800 11 2.800 8V4L8 1.800Z" />,
  signOut: <path d="M6.500 2.500h-4v11h4M10 5l3 3-3 3M13 8H6.500" />,
  stack: <path d="m8 2 6 3-6 3-6-3 6-3ZM2 8l6 3 6-3M2 11l6 3 6-3" />,
  stop: <path d="M4 4h8v8H4z" />,
  sun: (
    <path d="M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600ZM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9" />
  ),
  trash: <path d="M2.500 4.500h11M6 4.500V2.500h4v2M4 4.500l.6 9h6.800l.6-9" />,
  upload: <path d="M8 10.500V2.500M4.800 5.500 8 2.300l3.200 3.200M2.500 10.500v3h11v-3" />,
  undo: <path d="M3 6h7a3.500 3.500 0 0 1 0 7H7M6 3 3 6l3 3" />,
  workflow: (
    <path d="M1.800 2.500h4.400v4H1.800zM9.800 9.500h4.400v4H9.800zM6.200 4.500H8a1.500 1.500 0 0 1 1.500 1.500v0V10a1.500 1.500 0 0 0 .3 1.500" />
  ),
} as const;
