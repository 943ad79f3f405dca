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
    const ran = await runMany(server, workflowId, { count: MEASURED, lanes: LANES });
    points.push({
      size,
      figures: {
        'executions/s': ran.perSecond,
        'start to end, p99 ms': ran.p99Ms,
        'server, ms CPU': ran.server,
        'Postgres, ms CPU': ran.postgres,
        'baseline: a commit, ms': commit.wallMs,
        'the same, ms CPU of Postgres': commit.cpuMs,
      },
    });
  }
  printCurve(`An execution of one output node, ${LANES} at a time`, 'executions there', points);
}
