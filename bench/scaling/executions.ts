import type { BenchServer } from '../support/bench-server.ts';
import { fill } from '../support/database-growth.ts';
import { type Point, printCurve } from './curve.ts';
import { commits, runMany } from './load.ts';

const EVENTS_EACH = 5;
const MEASURED = 500;
const LANES = 16;

/** What an execution costs where so many are in the database that have ended, with their journals. */
export async function executionsCurve(server: BenchServer, sizes: readonly number[]): Promise<void> {
  const { sql, weft } = server;
  const workflowId = await weft.createWorkflow({
    nodes: [{ key: 'out', type: 'output', config: { value: 1 } }],
  });
  await runMany(server, workflowId, { count: MEASURED, lanes: LANES });
  const points: Point[] = [];
  let filled = 0;
  for (const size of sizes) {
    await fill(sql, { count: size - filled, now: new Date(), everyMs: 1_000, eventsEach: EVENTS_EACH });
    filled = size;
    await sql.query('CHECKPOINT'); // What was filled is not paid for by what is measured.
    const commit = await commits(server);
    // The first change of each page after a checkpoint logs the whole page.
    await runMany(server, workflowId, { count: MEASURED, lanes: LANES });
    const walBefore = await walBytes(server);
    const ran = await runMany(server, workflowId, { count: MEASURED, lanes: LANES });
    const wal = (await walBytes(server)) - walBefore;
    points.push({
      size,
      figures: {
        'executions/s': ran.perSecond,
        'start to end, p99 ms': ran.p99Ms,
        'server, ms CPU': ran.server,
        'Postgres, ms CPU': ran.postgres,
        'write-ahead log, KiB': wal / MEASURED / 1_024,
        'baseline: a commit, ms': commit.wallMs,
        'the same, ms CPU of Postgres': commit.cpuMs,
      },
    });
  }
  printCurve(`An execution of one output node, ${LANES} at a time`, 'executions there', points);
}

/** How much Postgres has written to its write-ahead log so far. */
async function walBytes({ sql }: BenchServer): Promise<number> {
  const { rows } = await sql.query(`SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS bytes`);
  return rows[0].bytes;
}
