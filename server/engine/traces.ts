import type { JournalEvent } from '../journal/event.ts';
import type { TraceContext } from '../shared/trace-context.ts';
import type { StoredExecution } from './execution-store.ts';

/** Whoever makes traces of executions: telemetry/traces.ts. */
export interface Traces {
  /** An execution that a worker has from now on, until it is disposed. */
  follow(executionId: string): FollowedExecution;
}

/** Its functions are called in this order. */
export interface FollowedExecution extends Disposable {
  /** What its journal has already, in order, where the worker reads it. */
  replay(events: readonly JournalEvent[]): void;
  /** Gives the context of the execution's span. */
  begin(row: StoredExecution): TraceContext;
  /** What was committed since. */
  add(events: readonly JournalEvent[]): void;
}
