/**
 * Claim: an execution that waits is a row. Many that wait cost an idle server next to nothing, and those that are due at
 * the same moment go on within seconds.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { descendantsOf } from '../test/support/weft-server.ts';
import { commitOnce, openBenchServer } from './support/bench-server.ts';
import { INSPECTED, liveMb } from './support/live-memory.ts';
import { round, timesOf } from './support/measure.ts';

const DUE = 10_000;
const HELD = 1_000;
const PARKED = 100_000;
const IDLE_SECONDS = 20;
const LANES = 32;
const HOUR_MS = 3_600_000;

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack, INSPECTED);
const { weft, sql, pid } = server;
const commitMs = await timesOf(500, () => commitOnce(server));
const commitsPerSecond = 1_000 / (commitMs.reduce((sum, ms) => sum + ms, 0) / commitMs.length);
const workflowId = await weft.createWorkflow({
  nodes: [{ key: 'wait', type: 'delay', config: { until: '{{ input }}' } }],
});

const nothingWaits = await cpuShare();
// What a server takes for any execution, and keeps, is the baseline.
await startEnded(2 * HELD);
const beforeEnded = await heldMb();
await startEnded(HELD);
const beforeWaiting = await heldMb();
await startAll(HELD, () => new Date(Date.now() + HOUR_MS));
const afterWaiting = await heldMb();
await clone(PARKED);
const manyWait = await cpuShare();
const together = await secondsUntilAllResume();

console.log(
  `\n${HELD} executions that wait an hour, ${PARKED} that wait a month, ${DUE} that are due at one moment`,
);
console.table({
  'memory that the server holds, MB more': { figure: round(afterWaiting - beforeWaiting), promise: '≤ 1' },
  [`baseline: by ${HELD} more that have ended, MB`]: {
    figure: round(beforeWaiting - beforeEnded),
    promise: '',
  },
  'idle, CPU of server and Postgres, % of a core': { figure: round(nothingWaits), promise: '' },
  [`idle with ${PARKED} waits, %`]: { figure: round(manyWait), promise: '≤ 1 more' },
  [`${DUE} due at one moment: the last has ended after, s`]: { figure: round(together), promise: '≤ 10' },
});
console.log(
  `Baseline: ${Math.round(commitsPerSecond)} commits of one row a second on one connection; to go on and end is three or four.`,
);

async function startAll(count: number, until: () => Date): Promise<void> {
  await startLanes(count, until);
  await untilCount('wake_at IS NOT NULL', count);
}

async function startEnded(count: number): Promise<void> {
  const { rows } = await sql.query(`SELECT count(*)::int AS n FROM executions WHERE status = 'SUCCEEDED'`);
  await startLanes(count, () => new Date(0));
  await untilCount(`status = 'SUCCEEDED'`, rows[0].n + count);
}

async function startLanes(count: number, until: () => Date): Promise<void> {
  let started = 0;
  const lane = async () => {
    while (started++ < count) await weft.start(workflowId, until().toISOString());
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function untilCount(condition: string, count: number): Promise<void> {
  for (;;) {
    const { rows } = await sql.query(`SELECT count(*)::int AS n FROM executions WHERE ${condition}`);
    if (rows[0].n >= count) return;
    await delay(100);
  }
}

/** Copies of one execution that waits, with its journal, due in a month. */
async function clone(count: number): Promise<void> {
  await sql.query(
    `CREATE TEMPORARY TABLE source AS SELECT * FROM executions WHERE wake_at IS NOT NULL LIMIT 1`,
  );
  await sql.query(
    `INSERT INTO executions (id, workflow_id, version_number, input, principal, status, wait, wake_at, created_at)
     SELECT id || '-' || n, workflow_id, version_number, input, principal, status, wait, now() + interval '30 days',
            created_at
     FROM source, generate_series(1, $1) AS n`,
    [count],
  );
  await sql.query(
    `INSERT INTO execution_events (execution_id, seq, type, node_key, attempt, item, payload, occurred_at, writer)
     SELECT execution_id || '-' || n, seq, type, node_key, attempt, item, payload, occurred_at, writer
     FROM execution_events, generate_series(1, $1) AS n WHERE execution_id = (SELECT id FROM source)`,
    [count],
  );
  await sql.query('VACUUM ANALYZE executions');
}

/** From the moment at which all are due to the last end. */
async function secondsUntilAllResume(): Promise<number> {
  const { rows: before } = await sql.query(
    'SELECT count(*)::int AS n FROM executions WHERE wake_at IS NOT NULL',
  );
  const due = new Date(Date.now() + 120_000);
  await startLanes(DUE, () => due);
  await untilCount('wake_at IS NOT NULL', before[0].n + DUE);
  if (Date.now() > due.getTime())
    throw new Error('This machine takes longer than two minutes to start them all.');
  await untilCount(`status = 'SUCCEEDED'`, 3 * HELD + DUE);
  const { rows } = await sql.query('SELECT max(finished_at) AS last FROM executions');
  return (rows[0].last.getTime() - due.getTime()) / 1_000;
}

/** Of the server, its processes and Postgres, per cent of a core. */
async function cpuShare(): Promise<number> {
  await delay(5_000); // what came before has settled
  const before = await cpuSeconds();
  await delay(IDLE_SECONDS * 1_000);
  return (100 * ((await cpuSeconds()) - before)) / IDLE_SECONDS;
}

async function cpuSeconds(): Promise<number> {
  const pids = [pid, ...(await descendantsOf(process.pid)).map((each) => each.pid)];
  return [...new Set(pids)].reduce((sum, each) => sum + cpuOf(each), 0);
}

function cpuOf(each: number): number {
  try {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0; // it has ended
  }
}

async function heldMb(): Promise<number> {
  await delay(5_000);
  return liveMb(server.stderr());
}
