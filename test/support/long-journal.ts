import { once } from 'node:events';
import type pg from 'pg';

/** Makes the journal of a finished run of Python long, as one that printed much would have left it. */
export async function lengthenJournal(sql: pg.Client, executionId: string, events: number): Promise<void> {
  await sql.query(
    `UPDATE execution_events SET seq = $2 + seq WHERE execution_id = $1 AND type IN ('NodeSucceeded', 'ExecutionSucceeded')`,
    [executionId, events],
  );
  await sql.query(
    `INSERT INTO execution_events
     SELECT $1, seq, 'NodeOutput', 'python', 1, NULL,
            json_build_object('stream', 'STDOUT', 'text', 'line ' || seq || E'\\n', 'byteOffset', seq * 12, 'truncated', false),
            now(), 'bench'
     FROM generate_series(4, 3 + $2::int) AS seq`,
    [executionId, events],
  );
  await tellReplicas(sql, executionId);
}

/** As another replica would that had written it, so that servers forget what they hold of it in memory. */
async function tellReplicas(sql: pg.Client, executionId: string): Promise<void> {
  await sql.query('LISTEN weft_wake');
  await Promise.all([
    once(sql, 'notification'),
    sql.query(`SELECT pg_notify('weft_wake', $1)`, [`another-replica journal/${executionId}`]),
  ]);
  await sql.query('UNLISTEN weft_wake');
}
