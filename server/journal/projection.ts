import type { EventBody, ExecutionStatus, NodeError } from './event.ts';

/** What an event changes in its execution's row; written in the same commit. */
export interface ExecutionProjection {
  status: ExecutionStatus;
  output: unknown;
  error: NodeError | null;
  started: boolean;
  finished: boolean;
}

export function projectionOf(event: EventBody): ExecutionProjection | null {
  switch (event.type) {
    case 'ExecutionStarted':
      return { status: 'RUNNING', output: null, error: null, started: true, finished: false };
    case 'ExecutionSucceeded':
      return { status: 'SUCCEEDED', output: event.output, error: null, started: false, finished: true };
    case 'ExecutionFailed':
      return { status: 'FAILED', output: null, error: event.error, started: false, finished: true };
    case 'ExecutionCanceled':
      return { status: 'CANCELED', output: null, error: null, started: false, finished: true };
    default:
      return null;
  }
}
