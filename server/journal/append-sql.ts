import type { Pool } from 'pg';
import type { EventType } from './event.ts';
import type { ExecutionProjection } from './projection.ts';

/** A row of execution_events about to be written. */
export interface EventRow {
  executionId: string;
  seq: number;
  type: EventType;
  nodeKey: string | null;
  attempt: number | null;
  item: number | null;
  /** JSON text. */
  payload: string;
  occurredAt: Date;
  writer: string;
  projection: ExecutionProjection | null;
  /** What the execution stores more since this was said last: where it ends or waits. */
  storedBytes: number;
}

/**
 * One statement, so one implicit transaction and one round trip: the events, and the rows that follow from them in
 * the audit trail and in `executions`.
 */
export async function insertEvents(pool: Pool, rows: readonly EventRow[]): Promise<void> {
  const projected = rows.filter(({ projection }) => projection !== null);
  const violates = rows.some(({ type }) => type === 'SecurityViolation');
  const counts = projected.some(({ storedBytes }) => storedBytes > 0);
  const parks = rows.some(({ type, payload }) => type === 'NodeWaiting' && payload.includes('"FAILURE"'));
  await pool.query({
    ...statementFor({ violates, parks, projects: projected.length > 0, counts }),
    values: [...eventColumns(rows), ...(projected.length > 0 ? projectionColumns(projected) : [])],
  });
}

/** Most appends are events alone; what follows from them in other tables is added where there is any. */
function statementFor({
  violates,
  parks,
  projects,
  counts,
}: Record<'violates' | 'parks' | 'projects' | 'counts', boolean>) {
  const audited = violates ? `, audited AS (${AUDIT})` : '';
  const parked = parks ? `, parked AS (${PARK_FAILURES})` : '';
  return {
    name: `weft-append${violates ? '-audit' : ''}${parks ? '-park' : ''}${projects ? '-project' : ''}${counts ? '-count' : ''}`,
    text: `WITH inserted AS (${INSERT})${audited}${parked} ${counts ? COUNT : projects ? PROJECT : 'SELECT'}`,
  };
}

const INSERT = `
  INSERT INTO execution_events (execution_id, seq, type, node_key, attempt, item, payload, occurred_at, writer)
  SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::json[],
                       $8::timestamptz[], $9::text[])`;

const AUDIT = `
  INSERT INTO security_violations (execution_id, seq, node_key, attempt, item, principal, project,
                                   workflow_id, version_number, code_hash, rule, layer, count, violation, occurred_at)
  SELECT e.id, v.seq, v.node_key, v.attempt, v.item, e.principal, e.project, e.workflow_id,
         e.version_number, v.payload->>'codeHash', v.payload#>>'{violation,rule}', v.payload#>>'{violation,layer}',
         coalesce((v.payload->>'count')::int, 1), v.payload->'violation', v.occurred_at
  FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::json[], $8::timestamptz[])
    AS v (execution_id, seq, type, node_key, attempt, item, payload, occurred_at)
  JOIN executions e ON e.id = v.execution_id
  WHERE v.type = 'SecurityViolation'`;

const PARK_FAILURES = `
  INSERT INTO parked_failures (execution_id, node_key, parked_at, error)
  SELECT v.execution_id, v.node_key, v.occurred_at, v.payload->'failure'
  FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::json[], $8::timestamptz[])
    AS v (execution_id, seq, type, node_key, attempt, item, payload, occurred_at)
  WHERE v.type = 'NodeWaiting' AND v.payload->>'reason' = 'FAILURE'
  ON CONFLICT (execution_id, node_key) DO UPDATE
  SET parked_at = excluded.parked_at, error = excluded.error, alerted_at = NULL`;

/** Of its row, beside what is in it: the row itself, its job, and the indexes of both. */
const ROW_BYTES = 1_000;

/** What an execution has of its row is counted when it ends; as the database keeps it, compressed. */
const ADDED = `change.stored_bytes + CASE WHEN change.finished_at IS NULL THEN 0 ELSE ${ROW_BYTES}
    + ${['input', 'definition', 'pinned'].map((name) => `coalesce(pg_column_size(executions.${name}), 0)`).join(' + ')} END`;

const PROJECT = `
  UPDATE executions SET
    status = change.status,
    output = coalesce(change.output, executions.output),
    error = coalesce(change.error, executions.error),
    started_at = coalesce(executions.started_at, change.started_at),
    finished_at = change.finished_at,
    wait = change.wait,
    stored_bytes = executions.stored_bytes + ${ADDED}
  FROM unnest($10::text[], $11::text[], $12::json[], $13::json[], $14::timestamptz[], $15::timestamptz[], $16::int[],
              $17::json[], $18::int8[])
    AS change (id, status, output, error, started_at, finished_at, seq, wait, stored_bytes)
  WHERE executions.id = change.id
    -- An execution that starts and ends within one group changes its row once, to how it ended.
    AND change.seq = (SELECT max(seq) FROM unnest($10::text[], $16::int[]) AS latest (id, seq) WHERE latest.id = change.id)`;

/** Of each project, in one order of locks; see migrations/1764941000000-project-storage.ts. */
const COUNT = `
  , projected AS (${PROJECT} RETURNING executions.project, ${ADDED} AS added)
  INSERT INTO project_storage
  SELECT project, pg_backend_pid() % 16, sum(added) FROM projected GROUP BY project ORDER BY project
  ON CONFLICT (project, shard) DO UPDATE SET bytes = project_storage.bytes + excluded.bytes`;

function eventColumns(rows: readonly EventRow[]): unknown[] {
  return [
    rows.map((row) => row.executionId),
    rows.map((row) => row.seq),
    rows.map((row) => row.type),
    rows.map((row) => row.nodeKey),
    rows.map((row) => row.attempt),
    rows.map((row) => row.item),
    rows.map((row) => row.payload),
    rows.map((row) => row.occurredAt),
    rows.map((row) => row.writer),
  ];
}

function projectionColumns(rows: readonly EventRow[]): unknown[] {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  const startOf = new Map(
    rows.filter((row) => row.projection!.started).map((row) => [row.executionId, row.occurredAt]),
  );
  const stored = new Map<string, number>();
  for (const { executionId, storedBytes } of rows)
    stored.set(executionId, (stored.get(executionId) ?? 0) + storedBytes);
  return [
    rows.map((row) => row.executionId),
    rows.map((row) => row.projection!.status),
    rows.map((row) => json(row.projection!.output)),
    rows.map((row) => json(row.projection!.error)),
    rows.map((row) => startOf.get(row.executionId) ?? null),
    rows.map((row) => (row.projection!.finished ? row.occurredAt : null)),
    rows.map((row) => row.seq),
    rows.map((row) => json(row.projection!.wait)),
    rows.map((row) => stored.get(row.executionId)),
  ];
}

/** Who wrote the event, or undefined where there is none. */
export async function writerOf(pool: Pool, executionId: string, seq: number): Promise<string | undefined> {
  const { rows } = await pool.query<{ writer: string }>(
    'SELECT writer FROM execution_events WHERE execution_id = $1 AND seq = $2',
    [executionId, seq],
  );
  return rows[0]?.writer;
}
