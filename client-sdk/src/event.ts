import type { EventPartsFragment, ExecutionEventType } from './_generated_operations.ts';

/** Something that happened in an execution. `type` says what, and the compiler knows the fields of each type. */
export type ExecutionEvent = EventPartsFragment;

/** The event of one type: `EventOf<'NodeProgress'>`. */
export type EventOf<Type extends ExecutionEventType> = Extract<ExecutionEvent, { type: Type }>;

/** An edge that gave its target nothing, and why: the reasons of a `NodeSkipped`. */
export type DeadEdge = NonNullable<EventOf<'NodeSkipped'>['because']>[number];

/** Consecutive events of one execution. */
export interface EventBatch {
  events: ExecutionEvent[];
  /** The cursor of the last event that the server has read, which a filter may have left out of `events`. */
  endCursor: string;
  caughtUp: boolean;
}

export const terminalTypes = ['ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'] as const;

export function isTerminal(event: ExecutionEvent): event is EventOf<(typeof terminalTypes)[number]> {
  return (terminalTypes as readonly string[]).includes(event.type);
}
