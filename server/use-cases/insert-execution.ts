import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Pool } from 'pg';
import type { Database, Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { isDangling, isDuplicate } from '../db/errors.ts';
import type { ClaimedJob } from '../engine/claims.ts';
import type { StoredExecution } from '../engine/execution-store.ts';
import type { Limits } from '../engine/limits.ts';
import type { PinnedOutput } from '../engine/partial-run.ts';
import type { Worker } from '../engine/worker.ts';
import { filesIn } from '../files/uses.ts';
import type { Hub } from '../journal/hub.ts';
import type { RecentEvents } from '../journal/recent-events.ts';
import { firstEvent } from '../journal/start.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import { DEFAULT_PRIORITY } from '../nodes/limits.ts';
import { newId } from '../shared/ids.ts';
import { findDebounced } from './debounce.ts';
import { insertLimited } from './insert-limited.ts';
import { type InsertRow, makeInsertRow } from './insert-row.ts';
import type { OwnLimits } from './limit-keys.ts';
import type { ProjectStorage } from './project-storage.ts';
import { refuse } from './refuse.ts';
import type { Outcome } from './types.ts';

export interface InsertDeps {
  database: Database;
  hub: Hub;
  recentEvents: RecentEvents;
  /** Of this process, where it has one. */
  worker: Worker | null;
  limits: Limits;
  /** Null for what is a part of an execution that runs, which goes on. */
  storage: Pick<ProjectStorage, 'problem'> | null;
}

export type NewExecution = Pick<
  ExecutionEntity,
  | 'principal'
  | 'project'
  | 'workflowId'
  | 'versionNumber'
  | 'definition'
  | 'input'
  | 'idempotencyKey'
  | 'idempotencyExpiresAt'
  | 'retryOf'
  | 'retryStrategy'
  | 'timeoutMs'
  | 'parentId'
  | 'parentNodeKey'
  | 'parentItem'
  | 'isAwaited'
  | 'depth'
  | 'partial'
  | 'pinned'
  | 'priority'
  | 'triggerId'
  | 'scheduledAt'
  | 'labels'
  | 'traceparent'
  | 'tracestate'
> &
  /** One is made where none is given. */
  Partial<Pick<ExecutionEntity, 'id'>>;

/** An execution without anything special. */
export const blankExecution: Omit<NewExecution, 'principal' | 'project'> = {
  workflowId: null,
  versionNumber: null,
  definition: null,
  input: null,
  idempotencyKey: null,
  idempotencyExpiresAt: null,
  retryOf: null,
  retryStrategy: null,
  timeoutMs: null,
  parentId: null,
  parentNodeKey: null,
  parentItem: null,
  isAwaited: false,
  depth: 0,
  partial: null,
  pinned: null,
  priority: DEFAULT_PRIORITY,
  triggerId: null,
  scheduledAt: null,
  labels: null,
  traceparent: null,
  tracestate: null,
};

/**
 * Commits an execution's row, its first event and its job together; where `own` limits hold it back, its place in them
 * instead of the job. `definition` is what it runs, where the caller has read that already. A repeated idempotency key gives the execution of the first time, or IDEMPOTENCY_CONFLICT where that
 * one was started with another input; a key whose time is over is free again.
 */
export type InsertExecution = (
  execution: NewExecution,
  definition: WorkflowDraft | null,
  own?: OwnLimits | null,
) => Promise<Outcome<ExecutionEntity>>;

/** Between two attempts the first execution of the key was deleted, or its time was over. */
const MAX_ATTEMPTS = 3;

export function makeInsertExecution(deps: InsertDeps): InsertExecution {
  const { database, hub } = deps;
  const insertRow = makeInsertRow(database.pool);
  return async (execution, definition, own = null) => {
    const full = await deps.storage?.problem(execution.project);
    if (full) {
      const first = await findByKey(database.manager, execution);
      return first === null ? refuse('STORAGE_LIMIT', null, full) : answerOf(execution, first);
    }
    let files = await filesOf(database.pool, execution);
    if (!files.ok) return files;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const row = queuedExecution(execution);
        if (own !== null) {
          const first = own.debounce === null ? null : await findByKey(database.manager, execution);
          if (first !== null) return answerOf(execution, first);
          return await insertLimited(deps, row, own, files.value);
        }
        const isClaimed = await insertAndStart(insertRow, deps, row, definition, files.value);
        if (!isClaimed) hub.wake('queue', '');
        hub.wake('status', row.id);
        return { ok: true, value: row };
      } catch (error) {
        // A file was deleted in this moment: its absence is what the next attempt finds.
        if (isDangling(error) && files.value.length > 0 && attempt < MAX_ATTEMPTS) {
          files = await filesOf(database.pool, execution);
          if (!files.ok) return files;
          continue;
        }
        if (execution.idempotencyKey === null || !isDuplicate(error)) throw error;
        const first = await findByKey(database.manager, execution);
        if (first !== null) return answerOf(execution, first);
        if (attempt === MAX_ATTEMPTS) throw error;
      }
    }
  };
}

/** The files that its input and pinned outputs refer to; refused where there is no such file. */
async function filesOf(pool: Pool, execution: NewExecution): Promise<Outcome<string[]>> {
  const { input, pinned, project, parentId } = execution;
  const given = pinned === null ? { input } : { input, pinned };
  const { ids, problems } = await filesIn(pool, given, project, parentId);
  if (problems.length === 0) return { ok: true, value: ids };
  const userErrors = problems.map(({ path, message }) => ({
    code: 'FILE_NOT_FOUND',
    field: path.join('.') || 'input',
    message,
  }));
  return { ok: false, userErrors };
}

/** Where this process's worker has a free slot, the same statement claims the execution for it. True where it does. */
async function insertAndStart(
  insertRow: InsertRow,
  { recentEvents, worker }: InsertDeps,
  row: ExecutionEntity,
  definition: WorkflowDraft | null,
  files: readonly string[],
): Promise<boolean> {
  using slot = (await worker?.reserveSlot()) ?? null;
  const job: ClaimedJob = {
    jobId: randomUUID(),
    executionId: row.id,
    retryCount: 0,
    wasLost: false,
    notBefore: 0,
  };
  using expected = recentEvents.expect(row.id);
  const inserted = insertRow({ row, jobId: job.jobId, isClaimed: slot !== null, files });
  if (slot !== null) slot.start(job, inserted, definition && asStored(row, definition));
  await inserted;
  expected.begin(firstEvent(row));
  return slot !== null;
}

function queuedExecution(execution: NewExecution): ExecutionEntity {
  return {
    ...execution,
    id: execution.id ?? newId('exec'),
    status: 'QUEUED',
    output: null,
    error: null,
    cancelRequested: null,
    replacedBy: null,
    wait: null,
    createdAt: new Date(),
    startedAt: null,
    finishedAt: null,
  };
}

/** As the worker would read it from the database: through JSON. */
function asStored(row: ExecutionEntity, definition: WorkflowDraft): StoredExecution {
  const { project, workflowId, versionNumber, input, timeoutMs, partial, pinned } = row;
  const stored = {
    project,
    workflowId,
    versionNumber,
    triggerId: row.triggerId,
    traceparent: row.traceparent,
    tracestate: row.tracestate,
    definition,
    input: input ?? null,
    timeoutMs,
    partial: partial && { ...partial, pinned: pinned ?? [] },
  };
  const blank = { status: 'QUEUED', cancelRequested: null, reuseFrom: null, signals: 0, parent: null };
  const unlimited = { replacedBy: null, isLimited: false };
  return { ...blank, ...unlimited, createdAt: row.createdAt, ...JSON.parse(JSON.stringify(stored)) };
}

/** The start that used a key first: its execution, and what it said. */
interface FirstStart {
  execution: ExecutionEntity;
  input: unknown;
}

/** Null where no execution has the key any more. A key whose time is over is taken from it. */
async function findByKey(
  manager: Tx,
  { project, workflowId, idempotencyKey }: NewExecution,
): Promise<FirstStart | null> {
  if (idempotencyKey === null) return null;
  const first = await manager
    .createQueryBuilder(ExecutionEntity, 'e')
    .addSelect(['e.input', 'e.definition', 'e.pinned'])
    .where(
      `coalesce(e.workflow_id, '') = :workflowId AND e.idempotency_key = :idempotencyKey AND e.project = :project`,
      { workflowId: workflowId ?? '', idempotencyKey, project },
    )
    .getOne();
  if (first === null) return workflowId === null ? null : findDebounced(manager, workflowId, idempotencyKey);
  const expiresAt = first.idempotencyExpiresAt;
  if (expiresAt == null || expiresAt.getTime() > Date.now()) return { execution: first, input: first.input };
  await manager.update(ExecutionEntity, { id: first.id }, { idempotencyKey: null });
  return null;
}

function answerOf(given: NewExecution, first: FirstStart): Outcome<ExecutionEntity> {
  return isSameRequest(given, first) ? { ok: true, value: first.execution } : conflict(first.execution);
}

/** Of a pythonRun the code and its settings count too. */
function isSameRequest(given: NewExecution, { execution, input }: FirstStart): boolean {
  // Such a key says what the execution is for, and its input may be another the next time: an expression such as `$now()`
  // gives another value once the parent's worker was lost, and a delivery that is repeated has other headers.
  if (given.parentId !== null || given.triggerId !== null) return true;
  const partsOf = ({ definition, partial, pinned }: NewExecution, said: unknown) => [
    said,
    (definition as WorkflowDraft | null)?.nodes.map(({ config }) => config) ?? null,
    partial ?? null,
    givenPins(pinned as readonly PinnedOutput[] | null),
  ];
  // As the database has it: through JSON.
  return isDeepStrictEqual(
    JSON.parse(JSON.stringify(partsOf(given, given.input))),
    partsOf(execution, input),
  );
}

/** Of outputs from an execution, which may go on meanwhile, that it is the same one. */
function givenPins(pinned: readonly PinnedOutput[] | null): unknown[] {
  const given = (pinned ?? []).filter(({ executionId }) => executionId === null);
  return [...given, ...new Set((pinned ?? []).map(({ executionId }) => executionId))];
}

function conflict({ id, workflowId }: ExecutionEntity) {
  const other = workflowId === null ? 'code or input' : 'input';
  return refuse(
    'IDEMPOTENCY_CONFLICT',
    'idempotencyKey',
    `Execution ${id} was started with this key and another ${other}. Use a key of its own for each request.`,
  );
}
