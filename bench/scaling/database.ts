import type { BenchServer } from '../support/bench-server.ts';
import { deletionTimes, fill, sizesOf } from '../support/database-growth.ts';
import { type Point, printCurve } from './curve.ts';
import { commits, cpuWhile } from './load.ts';

const EVENTS_EACH = 50;
const QUERIES = 100;
const RETENTION_STATEMENTS = 20;
const RETENTION_BATCH = 100;

const LIST =
  'query ($filter: ExecutionFilter) { executions(first: 50, filter: $filter) { nodes { id status labels } } }';
const PAGE =
  'query ($id: ID!, $after: String) { execution(id: $id) { events(first: 20, after: $after) { nodes { sequence } } } }';

/** What the database takes, what it costs to find and read something in it, and to delete what is old, by its events. */
export async function databaseCurve(server: BenchServer, sizes: readonly number[]): Promise<void> {
  const { weft, sql } = server;
  const points: Point[] = [];
  let filled = 0;
  for (const size of sizes) {
    const count = size / EVENTS_EACH - filled;
    const filledPerSecond = await fill(sql, {
      count,
      now: new Date(),
      everyMs: 60_000,
      eventsEach: EVENTS_EACH,
    });
    filled += count;
    const taken = Object.values(await sizesOf(sql)).reduce((sum, { MiB }) => sum + MiB, 0);
    const { rows } = await sql.query('SELECT id FROM executions ORDER BY id LIMIT 1 OFFSET 1000');
    const commit = await commits(server);
    const queries = {
      'a page of all': () => weft.query(LIST, {}),
      'of a label': () => weft.query(LIST, { filter: { labels: { customer: '7' } } }),
      'of a word in an error': () => weft.query(LIST, { filter: { errorText: 'reason70' } }),
      'of a journal': () => weft.query(PAGE, { id: rows[0].id }),
    };
    const figures: Record<string, number> = {};
    for (const [what, query] of Object.entries(queries)) {
      for (let n = 0; n < QUERIES; n++) await query(); // It only warms up.
      const cpu = await cpuWhile(server, async () => {
        for (let n = 0; n < QUERIES; n++) await query();
      });
      figures[`${what}, ms`] = (cpu.server + cpu.postgres) / QUERIES;
    }
    const deletion = await cpuWhile(server, () => deletionTimes(sql, RETENTION_STATEMENTS));
    filled -= RETENTION_STATEMENTS * RETENTION_BATCH;
    points.push({
      size,
      figures: {
        MiB: taken,
        'bytes an event': (taken * 1_048_576) / size,
        'filled, events/s': filledPerSecond,
        ...figures,
        'an execution deleted, ms': deletion.postgres / (RETENTION_STATEMENTS * RETENTION_BATCH),
        'baseline: a commit, ms': commit.cpuMs,
      },
    });
  }
  printCurve(
    `The database by its events, ${EVENTS_EACH} an execution; ms are CPU of the server and Postgres`,
    'events',
    points,
  );
}
