import type { EventBody, ExecutionStatus, NodeError, Wait } from './event.ts';

/** What an event changes in its execution's row; written in the same commit. */
export interface ExecutionProjection {
  status: ExecutionStatus;
  output: unknown;
  error: NodeError | null;
  started: boolean;
  finished: boolean;
  /** While it waits. */
  wait: Wait | null;
}

export function projectionOf(event: EventBody): ExecutionProjection | null {
  switch (event.type) {
    case 'ExecutionStarted':
      return { ...changed('RUNNING'), started: true };
    case 'ExecutionWaiting':
      return { ...changed('WAITING'), wait: { reason: event.reason, until: event.until } };
    case 'ExecutionResumed':
      return changed('RUNNING');
    case 'ExecutionSucceeded':
      return { ...changed('SUCCEEDED'), output: event.output, finished: true };
    case 'ExecutionFailed':
      return { ...changed('FAILED'), error: event.error, finished: true };
    case 'ExecutionCanceled':
      return { ...changed('CANCELED'), finished: true };
    default:
      return null;
  }
}

function changed(status: ExecutionStatus): ExecutionProjection {
  return { status, output: null, error: null, started: false, finished: false, wait: null };
}
