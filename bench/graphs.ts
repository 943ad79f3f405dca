/**
 * Claim: a chain and a fan-out of 1,000 nodes take at most twice the sum of their nodes, each of which is durable.
 * Baseline: the same code 1,000 times in the sandbox alone, one run after another and all at once; nothing is saved.
 * And a graph of 1,000 nodes costs no more for each node than one of 50: nodes that do nothing show it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalSandbox } from '../server/sandbox/local/local-sandbox.ts';
import { makeLogger } from '../server/shared/logger.ts';
import { openTestEnvironments } from '../test/support/test-environments.ts';
import { openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';
import { chain, fanOut } from './support/shapes.ts';

const NODES = 1_000;
const ROUNDS = 2;
const CODE = 'result = sum(range(100))';
const PYTHON = { type: 'python', config: { code: CODE } };
const NOTHING = { type: 'merge' };

await using stack = new AsyncDisposableStack();
const { weft, sql } = await openBenchServer(stack);
const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
stack.defer(() => rm(folder, { recursive: true, force: true }));
const sandbox = stack.use(
  await openLocalSandbox({
    runFolder: join(folder, 'run'),
    policy: 'strict',
    environments: await openTestEnvironments(join(folder, 'python')),
    logger: makeLogger('error'),
  }),
);

const chainMs = await best(runsInSequence);
const widthMs = await best(() => Promise.all(Array.from({ length: NODES }, runOnce)));
const rows: { what: string; ms: number; times: number }[] = [
  { what: `baseline: ${NODES} runs in the sandbox, one after another`, ms: chainMs, times: 1 },
  { what: `a chain of ${NODES} Python nodes`, ...(await compared(chain(NODES, PYTHON), chainMs)) },
  { what: `baseline: ${NODES} runs in the sandbox, all at once`, ms: widthMs, times: 1 },
  { what: `a fan-out of ${NODES} Python nodes`, ...(await compared(fanOut(NODES, PYTHON), widthMs)) },
];
for (const [name, make] of Object.entries({ chain, 'fan-out': fanOut })) {
  const few = 50;
  const fewMs = await timeOf(make(few, NOTHING));
  const many = await compared(make(NODES, NOTHING), (fewMs * NODES) / few);
  rows.push({ what: `baseline: a ${name} of ${few} nodes that do nothing`, ms: fewMs, times: 1 });
  rows.push({ what: `a ${name} of ${NODES} of them, each node compared`, ...many });
}
console.log(`\nThe best of ${ROUNDS}; from the start of the execution to its end`);
console.table(rows.map(({ what, ms, times }) => ({ what, ms: Math.round(ms), 'times the baseline': times })));
console.log('Promise: at most 2 times the baseline');

async function compared(graph: object, baselineMs: number) {
  const ms = await timeOf(graph);
  return { ms, times: round(ms / baselineMs) };
}

async function best(work: () => Promise<unknown>): Promise<number> {
  let found = Number.POSITIVE_INFINITY;
  for (let n = 0; n < ROUNDS; n++) {
    const startedAt = performance.now();
    await work();
    found = Math.min(found, performance.now() - startedAt);
  }
  return found;
}

async function runsInSequence(): Promise<void> {
  for (let n = 0; n < NODES; n++) await runOnce();
}

async function runOnce(): Promise<void> {
  const request = { code: CODE, packages: [], input: null, timeoutMs: 30_000 };
  const { kind } = await sandbox.run(request, { signal: new AbortController().signal, onEvent() {} });
  if (kind !== 'succeeded') throw new Error(`Expected the run to succeed, it ${kind}`);
}

/** By the clock of the server. */
async function timeOf(graph: object): Promise<number> {
  const workflowId = await weft.createWorkflow(graph);
  let found = Number.POSITIVE_INFINITY;
  for (let n = 0; n < ROUNDS; n++) {
    const id = await weft.start(workflowId);
    for await (const { __typename } of weft.events(id))
      if (__typename === 'ExecutionFailed') throw new Error('The execution failed');
    const { rows: timed } = await sql.query(
      `SELECT extract(epoch FROM max(occurred_at) - min(occurred_at))::float8 * 1000 AS ms FROM execution_events WHERE execution_id = $1 AND type IN ('ExecutionStarted', 'ExecutionSucceeded')`,
      [id],
    );
    found = Math.min(found, timed[0].ms);
  }
  return found;
}
