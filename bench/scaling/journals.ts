import pg from 'pg';
import { foldJournal } from '../../server/engine/fold-journal.ts';
import { toCursor } from '../../server/journal/cursor.ts';
import { type BenchServer, makeLongJournal } from '../support/bench-server.ts';
import { type Point, printCurve } from './curve.ts';
import { cpuWhile } from './load.ts';

const READS = 50;
/** Events of all folds of a point. */
const FOLDED = 20_000;
const MAX_FOLDS = 200;
const TAIL = 10;
const PAGE =
  'query ($id: ID!, $after: String) { execution(id: $id) { events(first: 20, after: $after) { nodes { sequence } } } }';

/** What it costs to fold a journal of so many events, and to read a little of it. */
export async function journalsCurve(server: BenchServer, sizes: readonly number[]): Promise<void> {
  const { weft, sql, databaseUrl } = server;
  await using pool = Object.assign(new pg.Pool({ connectionString: databaseUrl, max: 1 }), {
    [Symbol.asyncDispose]: () => pool.end(),
  });
  const points: Point[] = [];
  for (const size of sizes) {
    const printed = await makeLongJournal(server, size);
    const listed = await makeListJournal(sql, size);
    const folds = async (id: string) => {
      const count = Math.min(MAX_FOLDS, Math.ceil(FOLDED / size));
      await foldJournal(pool, id);
      const before = process.cpuUsage();
      const { postgres } = await cpuWhile(server, async () => {
        for (let n = 0; n < count; n++) await foldJournal(pool, id);
      });
      const { user, system } = process.cpuUsage(before);
      return (postgres + (user + system) / 1_000) / count;
    };
    const reads = async (read: () => Promise<unknown>) => {
      for (let n = 0; n < READS; n++) await read(); // It only warms up.
      const cpu = await cpuWhile(server, async () => {
        for (let n = 0; n < READS; n++) await read();
      });
      return (cpu.server + cpu.postgres) / READS;
    };
    const [middle, end] = [size / 2, size - TAIL].map((at) => toCursor(printed, Math.max(0, at)));
    points.push({
      size,
      figures: {
        'folded, lines of output': await folds(printed),
        'folded, items of a list': await folds(listed),
        'a page from the middle': await reads(() => weft.query(PAGE, { id: printed, after: middle })),
        'followed from ten before the end': await reads(() => Array.fromAsync(weft.events(printed, end))),
        'baseline: a request that reads nothing': await reads(() => weft.query('{ __typename }')),
      },
    });
  }
  printCurve('A journal by its events; ms of CPU of whoever reads and of Postgres', 'events', points);
}

/** As a list of items leaves it, which start and end; gives the id of its execution. */
async function makeListJournal(sql: pg.Client, events: number): Promise<string> {
  const id = `list-${events}`;
  await sql.query(
    `INSERT INTO execution_events (execution_id, seq, type, node_key, attempt, item, payload, occurred_at, writer)
     SELECT $1, seq, CASE WHEN seq % 2 = 1 THEN 'NodeStarted' ELSE 'NodeSucceeded' END, 'each', 1, (seq - 1) / 2,
            CASE WHEN seq % 2 = 1 THEN '{}' ELSE '{"handle":"output","output":1,"durationMs":1}' END::json, now(), 'bench'
     FROM generate_series(1, $2::int) AS seq`,
    [id, events],
  );
  await sql.query('VACUUM ANALYZE execution_events');
  return id;
}
