import type pg from 'pg';
import { newId } from '../../server/shared/ids.ts';

export interface ManyExecutions {
  count: number;
  /** The newest is of this moment. */
  now: Date;
  /** Between one and the one before it. */
  everyMs: number;
}

/** Writes executions that have ended, of fifty workflows in turn (`wf_0` to `wf_49`), as if they had run; one in ten has failed. */
export async function fillExecutions(
  sql: Pick<pg.Client, 'query'>,
  { count, now, everyMs }: ManyExecutions,
): Promise<void> {
  await sql.query(FILL_WORKFLOWS);
  await sql.query(FILL, [count, now, newId('exec').slice(18), everyMs]);
  await sql.query(FILL_LABELS);
  for (const table of ['executions', 'execution_labels']) await sql.query(`VACUUM ANALYZE ${table}`);
}

const FILL_WORKFLOWS = `
  WITH made AS (
    INSERT INTO workflows (id, key, name, latest_version, created_at, updated_at)
    SELECT 'wf_' || n, 'filled-' || n, 'Filled ' || n, 1, now(), now() FROM generate_series(0, 49) AS n RETURNING id
  )
  INSERT INTO workflow_versions (workflow_id, number, definition, created_at)
  SELECT id, 1, '{ "name": "Filled", "nodes": [], "edges": [] }', now() FROM made`;

const FILL = `
  INSERT INTO executions (id, workflow_id, version_number, status, principal, created_at, started_at, finished_at, error,
                          labels, trigger_id, is_awaited, depth, priority)
  SELECT 'exec_' || substr(hex, 1, 8) || '-' || substr(hex, 9) || $3, 'wf_' || n % 50, 1,
    CASE WHEN n % 10 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, 'test', at, at, at + n % 10000 * interval '1 ms',
    CASE WHEN n % 10 = 0 THEN json_build_object('code', 'CODE_' || n % 50 / 10, 'nodeKey', 'node' || n % 70 / 10,
                                                'message', 'The reason reason' || n % 1000 || ' is known') END,
    jsonb_build_object('customer', (n % 500)::text, 'plan', CASE WHEN n % 3 = 0 THEN 'gold' ELSE 'free' END),
    CASE WHEN n % 20 = 0 THEN 'sch_' || n % 100 / 20 END, false, 0, 3
  FROM (
    SELECT n, at, lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS hex
    FROM (
      SELECT n, $2::timestamptz - n * $4::float8 * interval '1 millisecond' AS at FROM generate_series(0, $1::int - 1) AS n
    ) AS moments
  ) AS made`;

const FILL_LABELS = `
  INSERT INTO execution_labels (name, value, execution_id)
  SELECT key, value, id FROM executions, jsonb_each_text(labels)`;
