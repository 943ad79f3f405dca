import type { ReactElement, ReactNode } from 'react';
import { withCode } from './code-text.tsx';
import './feedback.css';
import { Icon, type IconName } from './icon.tsx';

export interface EmptyStateProps {
  icon: IconName;
  title: string;
  /** What would be here, and how it comes to be. */
  children?: ReactNode;
  actions?: ReactNode;
}

/** Where a list has nothing to show. */
export function EmptyState({ icon, title, children, actions }: EmptyStateProps): ReactElement {
  return (
    <div className="weft-empty">
      <span className="weft-empty__icon">
        <Icon name={icon} size={20} />
      </span>
      <h2>{title}</h2>
      {children && <p>{withCode(children)}</p>}
      {actions && <div className="weft-empty__actions">{actions}</div>}
    </div>
  );
}

export interface CalloutProps {
  tone: 'failure' | 'waiting' | 'running' | 'success' | 'neutral';
  title: ReactNode;
  /** It tells of something that goes on: a spinner in place of the icon. */
  isBusy?: boolean;
  children?: ReactNode;
  actions?: ReactNode;
}

/** Something that a person should know about the page: a fault with its remedy, a warning. */
export function Callout({ tone, title, isBusy = false, children, actions }: CalloutProps): ReactElement {
  return (
    <div className={`weft-callout weft-callout--${tone}`} role={tone === 'failure' ? 'alert' : undefined}>
      {isBusy ? <span className="weft-spinner" aria-hidden="true" /> : <Icon name={calloutIcons[tone]} />}
      <div className="weft-callout__text">
        <p className="weft-callout__title">{withCode(title)}</p>
        {typeof children === 'string' ? <p>{withCode(children)}</p> : children}
      </div>
      {actions && <div className="weft-callout__actions">{actions}</div>}
    </div>
  );
}

const calloutIcons = {
  failure: 'alert',
  waiting: 'alert',
  running: 'info',
  success: 'circleCheck',
  neutral: 'info',
} as const satisfies Record<CalloutProps['tone'], IconName>;

/** Stands where text will be: `width` in CSS, such as `60%`. */
export function Skeleton({
  width = '100%',
  height = '0.9em',
}: {
  width?: string;
  height?: string;
}): ReactElement {
  return <span className="weft-skeleton" style={{ width, height }} aria-hidden="true" />;
}

/** Rows of a list that is being read. What reads screens learns it once. */
export function SkeletonRows({ count = 5 }: { count?: number }): ReactElement {
  return (
    <div className="weft-skeleton-rows" role="status">
      <span className="weft-hidden">Loading …</span>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={index}>
          <Skeleton width={`${30 + ((index * 17) % 30)}%`} />
          <Skeleton width="4.5rem" />
        </div>
      ))}
    </div>
  );
}
