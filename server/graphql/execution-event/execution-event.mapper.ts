import { toCursor } from '../../journal/cursor.ts';
import type { JournalEvent } from '../../journal/event.ts';
import type { FollowedBatch } from '../../journal/follow.ts';
import type { ExecutionEvent, ExecutionEventBatch } from './execution-event.type.ts';

export function toEvent(event: JournalEvent): ExecutionEvent {
  return { ...event, cursor: toCursor(event.executionId, event.sequence) } as JournalEvent & ExecutionEvent;
}

export function toEventBatch(
  executionId: string,
  { events, endSequence, caughtUp }: FollowedBatch,
): ExecutionEventBatch {
  return { events: events.map(toEvent), endCursor: toCursor(executionId, endSequence), caughtUp };
}

/** The GraphQL type of a journal event. */
export function typeNameOfEvent({ type }: JournalEvent): string {
  return type;
}
