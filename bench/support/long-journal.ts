import type { BenchServer } from './bench-server.ts';

/** A finished execution with a long journal, as a run that printed much would have left it. */
export async function makeLongJournal({ weft, sql }: BenchServer, events: number): Promise<string> {
  const id = await weft.runPython('1');
  for await (const _ of weft.events(id));
  await sql.query(
    `UPDATE execution_events SET seq = $2 + seq WHERE execution_id = $1 AND type IN ('NodeSucceeded', 'ExecutionSucceeded')`,
    [id, events],
  );
  await sql.query(
    `INSERT INTO execution_events
     SELECT $1, seq, 'NodeOutput', 'python', 1, NULL,
            json_build_object('stream', 'STDOUT', 'text', 'line ' || seq || E'\\n', 'byteOffset', seq * 12, 'truncated', false),
            now(), 'bench'
     FROM generate_series(4, 3 + $2::int) AS seq`,
    [id, events],
  );
  await sql.query('VACUUM ANALYZE execution_events');
  return id;
}
