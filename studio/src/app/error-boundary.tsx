import { WeftServerError } from '@weft/client';
import { Component, type ReactElement, type ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import './error-boundary.css';

interface Fault {
  error: Error;
  id: string;
}

interface Props {
  /** When it changes, the children are tried again: the address of the page. */
  resetKey?: string;
  children: ReactNode;
}

/** Whatever its children throw becomes a panel with the error, its id and a way out: never a white page. */
export class ErrorBoundary extends Component<Props, { fault: Fault | null }> {
  override state: { fault: Fault | null } = { fault: null };

  static getDerivedStateFromError(thrown: unknown): { fault: Fault } {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { fault: { error, id: idOf(error) } };
  }

  override componentDidCatch(error: unknown): void {
    console.error(`Error ${this.state.fault?.id ?? ''} in the console:`, error);
  }

  override componentDidUpdate(before: Props): void {
    if (before.resetKey !== this.props.resetKey && this.state.fault !== null) this.setState({ fault: null });
  }

  override render(): ReactNode {
    return this.state.fault === null ? this.props.children : <FaultPanel {...this.state.fault} />;
  }
}

function FaultPanel({ error, id }: Fault): ReactElement {
  const details = [`Error ${id}`, location.pathname, error.stack ?? error.message].join('\n');
  return (
    <div className="weft-fault" role="alert">
      <span className="weft-fault__icon">
        <Icon name="alert" size={20} />
      </span>
      <h1>This page has failed</h1>
      <p className="weft-muted">
        Nothing on the server was touched. Reload the page; if it fails again, report the id.
      </p>
      <pre className="weft-fault__message">{error.message}</pre>
      <p className="weft-fault__id">
        Error <code>{id}</code> <CopyButton text={details} label="Copy the details" />
      </p>
      <Button variant="primary" icon="refresh" onClick={() => location.reload()}>
        Reload
      </Button>
    </div>
  );
}

/** A fault of the server has an id in its log; one of this page gets its own. */
function idOf(error: Error): string {
  if (error instanceof WeftServerError && error.errorId !== null) return error.errorId;
  return crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16).padStart(8, '0');
}
