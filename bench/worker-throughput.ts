/**
 * Claim: workers add up as far as the machine goes. Executions that wait are bound by the slots of the workers and scale
 * with them; executions that only compute are bound by the cores, which all processes here share.
 */
import { startWeft } from '../test/support/weft-server.ts';
import { commitsPerSecond, openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';

const EXECUTIONS = 240;
const SLOTS = 8;
/** Executions under way at once; enough for all slots of three workers. */
const LANES = 32;

const KINDS = {
  'waits 0.5 s in Python': { key: 'a', type: 'python', config: { code: 'import time\ntime.sleep(0.5)' } },
  'a light Python node': { key: 'a', type: 'python', config: { code: 'result = sum(range(1000))' } },
  'one transform': { key: 'a', type: 'transform', config: { expression: 'input + 1' } },
};

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack, { WEFT_ROLES: 'api' });
const { weft, sql, databaseUrl } = server;
const commits = await commitsPerSecond(server);

const table: Record<string, Record<string, number>> = {};
for (const workers of [1, 2, 3]) {
  await using running = new AsyncDisposableStack();
  for (let n = 0; n < workers; n++) {
    const env = { WEFT_ROLES: 'worker', WEFT_WORKER_CONCURRENCY: String(SLOTS) };
    running.use(await startWeft({ databaseUrl, env }));
  }
  for (const [kind, node] of Object.entries(KINDS)) {
    await executionsPerSecond(node, workers * SLOTS);
    table[kind] = {
      ...table[kind],
      [`${workers} worker(s)`]: round(await executionsPerSecond(node, EXECUTIONS)),
    };
  }
}
console.log(
  `\nExecutions a second, ${EXECUTIONS} in all, ${LANES} under way at once, ${SLOTS} slots a worker`,
);
console.table(table);
console.log(
  `Baseline: ${Math.round(commits)} commits of one row a second on one connection; an execution is at least three.`,
);

/** From the first start to the last end, as the database has it. */
async function executionsPerSecond(node: object, executions: number): Promise<number> {
  const workflowId = await weft.createWorkflow({ nodes: [node] });
  let started = 0;
  const lane = async () => {
    while (started < executions) {
      const id = await weft.start(workflowId, started++);
      await weft.event(id, ({ __typename }) => __typename === 'ExecutionSucceeded');
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const { rows } = await sql.query(
    `SELECT extract(epoch FROM max(finished_at) - min(created_at))::float8 AS seconds FROM executions WHERE workflow_id = $1`,
    [workflowId],
  );
  return executions / rows[0].seconds;
}
