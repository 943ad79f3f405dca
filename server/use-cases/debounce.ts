import type { Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { advanceLine, lockLines, type Moved } from '../engine/limits.ts';
import { insertPlaced } from './insert-placed.ts';
import { json } from './insert-sql.ts';
import type { OwnLimits } from './limit-keys.ts';

export interface DebouncedStart {
  row: ExecutionEntity;
  own: OwnLimits;
  debounce: NonNullable<OwnLimits['debounce']>;
  files: readonly string[];
}

/**
 * A start of a workflow that debounces them: goes into the execution that waits for more of them, which gets its input,
 * or begins one. The idempotency key of each is kept beside, because one execution has many.
 */
export async function debounce(
  tx: Tx,
  start: DebouncedStart,
): Promise<{ id: string; moved: Moved; replaced: string[] }> {
  const { row, own, files } = start;
  const { key, waitMs } = start.debounce;
  const line = { workflowId: row.workflowId!, limit: 'DEBOUNCE' as const, key };
  const [, found] = await Promise.all([lockLines(tx, [line]), tx.query(WAITING, [line.workflowId, key])]);
  const [waiting] = found as { id: string }[];
  const id = waiting?.id ?? row.id;
  if (waiting === undefined) {
    await insertPlaced(tx, { ...row, idempotencyKey: null, idempotencyExpiresAt: null }, own, files, waitMs);
  } else {
    await replaceInput(tx, id, start);
  }
  if (row.idempotencyKey !== null)
    await tx.query(KEEP_KEY, [
      line.workflowId,
      row.idempotencyKey,
      id,
      json(row.input),
      row.idempotencyExpiresAt,
    ]);
  return { id, moved: await advanceLine(tx, line), replaced: [] };
}

/** The last start decides all that it says. */
async function replaceInput(
  tx: Tx,
  id: string,
  { row, own, debounce, files }: DebouncedStart,
): Promise<void> {
  await tx.query(REPLACE_INPUT, [
    id,
    row.versionNumber,
    json(row.input),
    row.timeoutMs,
    row.priority,
    json(row.labels),
  ]);
  if (files.length > 0) await tx.query(USE_FILES, [id, files]);
  await tx.query(POSTPONE, [
    id,
    debounce.waitMs,
    debounce.maxWaitMs,
    own.concurrency?.key ?? null,
    own.rate?.key ?? null,
    row.priority,
  ]);
}

/** The execution of an earlier start with this key, and what that start said. */
export async function findDebounced(
  manager: Tx,
  workflowId: string,
  idempotencyKey: string,
): Promise<{ execution: ExecutionEntity; input: unknown } | null> {
  const [row] = (await manager.query(FIND_KEY, [workflowId, idempotencyKey])) as {
    id: string;
    input: unknown;
    isOver: boolean;
  }[];
  if (row === undefined) return null;
  if (row.isOver) {
    await manager.query(FORGET_KEY, [workflowId, idempotencyKey]);
    return null;
  }
  const execution = await manager.findOneBy(ExecutionEntity, { id: row.id });
  return execution && { execution, input: row.input };
}

const WAITING = `
  SELECT e.id FROM limited_executions l JOIN executions e ON e.id = l.execution_id
  WHERE l.workflow_id = $1 AND l.waits_for = 'DEBOUNCE' AND l.queue_key = $2
    AND e.finished_at IS NULL AND e.cancel_requested IS NULL
  ORDER BY l.number DESC LIMIT 1`;

const REPLACE_INPUT = `
  WITH gone AS (
    DELETE FROM execution_labels WHERE execution_id = $1 AND $6::jsonb->>name IS DISTINCT FROM value
  ), labelled AS (
    INSERT INTO execution_labels (name, value, execution_id)
    SELECT key, value, $1 FROM jsonb_each_text($6::jsonb) ON CONFLICT DO NOTHING
  )
  UPDATE executions SET version_number = $2, input = $3, timeout_ms = $4, priority = $5, labels = $6::jsonb WHERE id = $1`;

const USE_FILES = `
  INSERT INTO artifact_uses (execution_id, artifact_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING`;

const POSTPONE = `
  UPDATE limited_executions SET
    due_at = least(now() + $2 * interval '1 millisecond', since + $3::float8 * interval '1 millisecond'),
    concurrency_key = $4, rate_key = $5, priority = $6
  WHERE execution_id = $1`;

const KEEP_KEY = `
  INSERT INTO debounced_keys (workflow_id, idempotency_key, execution_id, input, expires_at) VALUES ($1, $2, $3, $4, $5)`;

const FIND_KEY = `
  SELECT execution_id AS id, input, coalesce(expires_at <= now(), false) AS "isOver" FROM debounced_keys
  WHERE workflow_id = $1 AND idempotency_key = $2`;

const FORGET_KEY =
  'DELETE FROM debounced_keys WHERE workflow_id = $1 AND idempotency_key = $2 AND expires_at <= now()';
