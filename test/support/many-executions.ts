import type pg from 'pg';
import { newId } from '../../server/shared/ids.ts';

export interface ManyExecutions {
  count: number;
  /** The newest is of this moment. */
  now: Date;
  /** Between one and the one before it. */
  everyMs: number;
  /** Of the journal of each; at least 5, or none by default. */
  eventsEach?: number;
  /** Connections that fill it at the same time. */
  others?: readonly Queries[];
}

type Queries = Pick<pg.Client, 'query'>;

/** What it fills, and what the database makes of that. */
export const FILLED_TABLES = ['executions', 'execution_labels', 'execution_error_words', 'execution_events'];

/** As many in one transaction, so that the events are of many. */
const CHUNK = 10_000;

/**
 * Writes executions that have ended, of fifty workflows in turn (`wf_0` to `wf_49`), as if they had run, the oldest
 * first; one in ten has failed.
 */
export async function fillExecutions(
  sql: Queries,
  { count, now, everyMs, eventsEach = 0, others = [] }: ManyExecutions,
): Promise<void> {
  await sql.query(FILL_WORKFLOWS);
  const suffix = newId('exec').slice(18);
  let left = count;
  const fillChunks = async (connection: Queries) => {
    while (left > 0) {
      const last = left;
      left -= CHUNK;
      await connection.query(FILL, [Math.max(0, left), last - 1, now, suffix, everyMs, eventsEach]);
    }
  };
  await Promise.all([sql, ...others].map(fillChunks));
  for (const table of FILLED_TABLES) await sql.query(`VACUUM ANALYZE ${table}`);
}

const FILL_WORKFLOWS = `
  WITH made AS (
    INSERT INTO workflows (id, key, name, latest_version, created_at, updated_at)
    SELECT 'wf_' || n, 'filled-' || n, 'Filled ' || n, 1, now(), now() FROM generate_series(0, 49) AS n
    ON CONFLICT DO NOTHING RETURNING id
  )
  INSERT INTO workflow_versions (workflow_id, number, definition, created_at)
  SELECT id, 1, '{ "name": "Filled", "nodes": [], "edges": [] }', now() FROM made`;

const FILL = `
  WITH filled AS (
    INSERT INTO executions (id, workflow_id, version_number, status, principal, created_at, started_at, finished_at,
                            error, labels, trigger_id, is_awaited, depth, priority)
    SELECT 'exec_' || substr(hex, 1, 8) || '-' || substr(hex, 9) || $4, 'wf_' || n % 50, 1,
      CASE WHEN n % 10 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, 'test', at, at, at + n % 10000 * interval '1 ms',
      CASE WHEN n % 10 = 0 THEN json_build_object('code', 'CODE_' || n % 50 / 10, 'nodeKey', 'node' || n % 70 / 10,
                                                  'message', 'The reason reason' || n % 1000 || ' is known') END,
      jsonb_build_object('customer', (n % 500)::text, 'plan', CASE WHEN n % 3 = 0 THEN 'gold' ELSE 'free' END),
      CASE WHEN n % 20 = 0 THEN 'sch_' || n % 100 / 20 END, false, 0, 3
    FROM (
      SELECT n, at, lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS hex
      FROM (
        SELECT n, $3::timestamptz - n * $5::float8 * interval '1 millisecond' AS at
        FROM generate_series($2::int, $1::int, -1) AS n
      ) AS moments
    ) AS made
    RETURNING id, labels, error, created_at
  ), labelled AS (
    INSERT INTO execution_labels (name, value, execution_id)
    SELECT key, value, id FROM filled, jsonb_each_text(labels)
  )
  INSERT INTO execution_events (execution_id, seq, type, node_key, attempt, payload, occurred_at, writer)
  SELECT id, seq, type, CASE WHEN type LIKE 'Node%' THEN 'work' END, CASE WHEN type LIKE 'Node%' THEN 1 END,
    CASE
      WHEN type = 'NodeOutput' THEN json_build_object('stream', 'STDOUT', 'byteOffset', seq * 48, 'truncated', false,
        'text', 'row ' || seq || ' was read, and it is like the others' || E'\\n')
      WHEN type LIKE '%Failed' THEN json_build_object('error', error)
      WHEN type = 'NodeSucceeded' THEN json_build_object('handle', 'output', 'output', seq, 'durationMs', 10)
      WHEN type = 'ExecutionSucceeded' THEN json_build_object('output', seq)
      ELSE '{}'
    END, created_at, 'test'
  FROM filled, generate_series(1, $6::int) AS seq, LATERAL (
    SELECT CASE seq
      WHEN 1 THEN 'ExecutionQueued' WHEN 2 THEN 'ExecutionStarted' WHEN 3 THEN 'NodeStarted'
      WHEN $6 - 1 THEN CASE WHEN error IS NULL THEN 'NodeSucceeded' ELSE 'NodeFailed' END
      WHEN $6 THEN CASE WHEN error IS NULL THEN 'ExecutionSucceeded' ELSE 'ExecutionFailed' END
      ELSE 'NodeOutput'
    END AS type
  ) AS typed`;
