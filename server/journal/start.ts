import type { JournalEvent } from './event.ts';

/**
 * How every journal begins. The statement that inserts an execution writes its first event, `ExecutionQueued`; a
 * worker writes `ExecutionStarted` and changes the row's status in one commit. So the journal of an execution whose
 * status is QUEUED is that one event, and nobody has to read it.
 */
export const FIRST_SEQUENCE = 1;

/**
 * A data-modifying statement for a WITH clause, after one named `started` that gives `id` and `created_at` of the
 * execution.
 */
export const INSERT_FIRST_EVENT = `
  INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
  SELECT id, ${FIRST_SEQUENCE}, 'ExecutionQueued', '{}', created_at, 'start' FROM started`;

interface QueuedExecution {
  id: string;
  createdAt: Date;
}

/** As whoever follows the execution gets it. */
export function firstEvent({ id, createdAt }: QueuedExecution): JournalEvent {
  return {
    type: 'ExecutionQueued',
    executionId: id,
    sequence: FIRST_SEQUENCE,
    occurredAt: createdAt,
    nodeKey: null,
    attempt: null,
    item: null,
  } as JournalEvent;
}
