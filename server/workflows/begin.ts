import { commitTogether, type Sender, type Statement } from '../db/commit-together.ts';
import type { Database, Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { isDuplicate } from '../db/errors.ts';
import type { ClaimedJob, ExecutionQueue } from '../engine/queue.ts';
import type { StartedExecution, Worker } from '../engine/worker.ts';
import type { JournalEvent } from '../journal/event.ts';
import type { Hub } from '../journal/hub.ts';
import type { Tail } from '../journal/tail.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import { newId } from '../shared/ids.ts';

export interface BeginDeps {
  database: Database;
  hub: Hub;
  tail: Tail;
  queue: ExecutionQueue;
  /** Of this process, if it has one. */
  worker: Worker | null;
  /** Who asks, for the audit trail. */
  principal: string;
}

export type NewExecution = Pick<
  ExecutionEntity,
  'workflowId' | 'versionNumber' | 'definition' | 'input' | 'idempotencyKey' | 'retryOf' | 'retryStrategy'
>;

/** Commits an execution's row, its first event and its job together. `definition` is what it runs, where that was read already. */
export type Begin = (execution: NewExecution, definition: WorkflowDraft | null) => Promise<ExecutionEntity>;

/** An idempotency key that was used before gives the execution of that time. */
export function makeBegin(deps: BeginDeps): Begin {
  const { database, hub } = deps;
  return async (execution, definition) => {
    const { workflowId, idempotencyKey } = execution;
    try {
      const row = queuedExecution(execution, deps.principal);
      const isClaimed = await commit(deps, row, definition);
      if (!isClaimed) hub.wake('queue', '');
      hub.wake('status', row.id);
      return row;
    } catch (error) {
      if (idempotencyKey === null || !isDuplicate(error)) throw error;
      return findByKey(database.manager, workflowId, idempotencyKey);
    }
  };
}

/**
 * Where this process's worker has a place, it claims a job in the same transaction, which is the new one unless an older
 * one waits: the run begins with the commit, or beside it, and not a claim later. True where the new one was claimed.
 */
async function commit(
  { database, tail, queue, worker }: BeginDeps,
  row: ExecutionEntity,
  definition: WorkflowDraft | null,
): Promise<boolean> {
  using place = worker?.keepPlace();
  const claim: Statement[] = place ? [(sender) => queue.claim(1, sender)] : [];
  const claimed = commitTogether(database.pool, [
    (sender) => insertExecution(sender, row),
    (sender) => queue.enqueue(sender, row.id),
    ...claim,
  ]).then(([, , jobs]) => (jobs ?? []) as ClaimedJob[]);
  place?.begin(claimed, definition && asStarted(row, definition));
  const isClaimed = (await claimed).some(({ executionId }) => executionId === row.id);
  if (isClaimed) tail.add(row.id, [firstEvent(row)], 0);
  return isClaimed;
}

function queuedExecution(execution: NewExecution, principal: string): ExecutionEntity {
  return {
    ...execution,
    id: newId('exec'),
    principal,
    status: 'QUEUED',
    output: null,
    error: null,
    cancelRequested: null,
    createdAt: new Date(),
    startedAt: null,
    finishedAt: null,
  };
}

/** As the worker would read it: through JSON. */
function asStarted({ id, workflowId, input }: ExecutionEntity, definition: WorkflowDraft): StartedExecution {
  const stored = { workflowId, definition, input: input ?? null };
  return {
    id,
    status: 'QUEUED',
    cancelRequested: null,
    reuseFrom: null,
    ...JSON.parse(JSON.stringify(stored)),
  };
}

/** The row and its first event, in one statement. */
function insertExecution(sender: Sender, row: ExecutionEntity): Promise<unknown> {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  return sender.query({
    name: 'weft-insert-execution',
    text: INSERT_EXECUTION,
    values: [
      row.id,
      row.workflowId,
      row.versionNumber,
      json(row.definition),
      json(row.input),
      row.idempotencyKey,
      row.retryOf,
      row.retryStrategy,
      row.createdAt,
      row.principal,
    ],
  });
}

const INSERT_EXECUTION = `
  WITH execution AS (
    INSERT INTO executions (id, workflow_id, version_number, definition, status, input, idempotency_key, retry_of,
                            retry_strategy, created_at, principal)
    VALUES ($1, $2, $3, $4, 'QUEUED', $5, $6, $7, $8, $9, $10)
    RETURNING id
  )
  INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
  SELECT id, 1, 'ExecutionQueued', '{}', $9, 'start' FROM execution`;

function firstEvent({ id, createdAt }: ExecutionEntity): JournalEvent {
  const whole = { nodeKey: null, attempt: null, item: null };
  return {
    type: 'ExecutionQueued',
    executionId: id,
    sequence: 1,
    occurredAt: createdAt,
    ...whole,
  } as JournalEvent;
}

function findByKey(manager: Tx, workflowId: string | null, idempotencyKey: string): Promise<ExecutionEntity> {
  return manager
    .createQueryBuilder(ExecutionEntity, 'e')
    .where(`coalesce(e.workflow_id, '') = :workflowId AND e.idempotency_key = :idempotencyKey`, {
      workflowId: workflowId ?? '',
      idempotencyKey,
    })
    .getOneOrFail();
}
