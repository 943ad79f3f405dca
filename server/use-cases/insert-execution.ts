import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Database, Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { isDuplicate } from '../db/errors.ts';
import { type ClaimedJob, ENQUEUE_STARTED } from '../engine/queue.ts';
import type { StoredExecution } from '../engine/resume-execution.ts';
import type { Worker } from '../engine/worker.ts';
import type { JournalEvent } from '../journal/event.ts';
import type { Hub } from '../journal/hub.ts';
import type { RecentEvents } from '../journal/recent-events.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import { newId } from '../shared/ids.ts';

export interface BeginDeps {
  database: Database;
  hub: Hub;
  recentEvents: RecentEvents;
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
 * Where this process's worker has a place, the execution is its own from the start, and runs beside the commit. True
 * where it is.
 */
async function commit(
  { database, recentEvents, worker }: BeginDeps,
  row: ExecutionEntity,
  definition: WorkflowDraft | null,
): Promise<boolean> {
  using place = worker?.keepPlace();
  const isClaimed = place != null;
  const job = { jobId: randomUUID(), executionId: row.id };
  const committed = insertExecution(database.pool, row, job, isClaimed);
  const claimed = committed.then(() => job);
  place?.begin(row.id, claimed, definition && asStarted(row, definition));
  await committed;
  if (isClaimed) recentEvents.add(row.id, [firstEvent(row)], 0);
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
function asStarted({ workflowId, input }: ExecutionEntity, definition: WorkflowDraft): StoredExecution {
  const stored = { workflowId, definition, input: input ?? null };
  return { status: 'QUEUED', cancelRequested: null, reuseFrom: null, ...JSON.parse(JSON.stringify(stored)) };
}

/** The row, its first event and its job: one statement, so one implicit transaction and one round trip. */
async function insertExecution(
  pool: Pool,
  row: ExecutionEntity,
  { jobId }: ClaimedJob,
  isClaimed: boolean,
): Promise<void> {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  await pool.query({
    name: 'weft-insert-execution',
    text: INSERT_EXECUTION,
    values: [
      jobId,
      isClaimed,
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
  WITH started AS (
    INSERT INTO executions (id, workflow_id, version_number, definition, status, input, idempotency_key, retry_of,
                            retry_strategy, created_at, principal)
    VALUES ($3, $4, $5, $6, 'QUEUED', $7, $8, $9, $10, $11, $12)
    RETURNING id
  ), queued AS (
    INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
    SELECT id, 1, 'ExecutionQueued', '{}', $11, 'start' FROM started
  ) ${ENQUEUE_STARTED}`;

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
