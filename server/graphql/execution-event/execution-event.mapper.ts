import { toCursor } from '../../journal/cursor.ts';
import type { JournalEvent } from '../../journal/event.ts';
import type { FollowedBatch } from '../../journal/follow.ts';
import { severityOf } from '../../shared/severity.ts';
import type { ExecutionEvent, ExecutionEventBatch } from './execution-event.type.ts';

export function toEvent(event: JournalEvent): ExecutionEvent {
  const cursor = toCursor(event.executionId, event.sequence);
  return { ...(event.type === 'SecurityViolation' ? inFull(event) : event), cursor } as ExecutionEvent;
}

/** Journals of releases before severities and counts have none. */
function inFull(event: JournalEvent & { type: 'SecurityViolation' }): JournalEvent {
  return { ...event, severity: event.severity ?? severityOf(event.violation.layer), count: event.count ?? 1 };
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
