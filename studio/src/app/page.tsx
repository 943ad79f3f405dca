import { type ReactElement, type ReactNode, useEffect } from 'react';
import { Button } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { Callout } from '../ui/feedback.tsx';
import './page.css';

export interface PageProps {
  title: string;
  /** Under the title, in a line. */
  description?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  /** `full` fills the window and does not scroll: for what scrolls itself. */
  layout?: 'column' | 'full';
  children: ReactNode;
}

/** What every page is: a title for the tab and for the eye, actions, and contents. */
export function Page({ title, description, actions, layout = 'column', children }: PageProps): ReactElement {
  useEffect(() => {
    document.title = `${title} · Weft`;
  }, [title]);
  return (
    <div className={classNames('weft-page', `weft-page--${layout}`)}>
      <header className="weft-page__header">
        <div className="weft-page__title">
          <h1>{title}</h1>
          {description && <p className="weft-muted">{description}</p>}
        </div>
        {actions && <div className="weft-page__actions">{actions}</div>}
      </header>
      <div className="weft-page__body">{children}</div>
    </div>
  );
}

/** A surface for a list or a form. */
export function Card({ children, title }: { children: ReactNode; title?: ReactNode }): ReactElement {
  return (
    <section className="weft-card">
      {title && <h2 className="weft-card__title">{title}</h2>}
      {children}
    </section>
  );
}

/** Where something could not be read: why, and another try. */
export function LoadFailed({
  what,
  error,
  onRetry,
}: {
  what: string;
  error: Error;
  onRetry: () => unknown;
}): ReactElement {
  return (
    <Callout
      tone="failure"
      title={`Could not read ${what}`}
      actions={
        <Button size="small" icon="refresh" onClick={() => void onRetry()}>
          Try again
        </Button>
      }
    >
      {error.message}
    </Callout>
  );
}
