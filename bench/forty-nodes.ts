/** Forty light Python nodes in sequence; each step is a commit, which the next runs ahead of by one. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { commitOnce, openBenchServer } from './support/bench-server.ts';
import { printTimes, timesOf } from './support/measure.ts';

const NODES = 40;
const FIB = 'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nresult = fib(10)';

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const { weft } = server;

const nodes = Array.from({ length: NODES }, (_, n) => ({
  key: `n${n}`,
  type: 'python',
  config: { code: FIB },
}));
const edges = nodes.slice(1).map(({ key }, n) => ({ source: `n${n}`, target: key }));
const workflowId = await weft.createWorkflow({ nodes, edges });

const run = async () => {
  const id = await weft.start(workflowId);
  for await (const { __typename } of weft.events(id)) if (__typename === 'ExecutionSucceeded') return;
  throw new Error('The run did not succeed');
};
const startPython = promisify(execFile);
// The interpreter itself: what is on the PATH may be a shim that costs more than Python does.
const { stdout: python } = await startPython('python3', ['-c', 'import sys; print(sys.executable, end="")']);
/** Between runs of a server that is not busy the waiting cells are made up for; a busy one makes them as it goes. */
const rested = () => delay(1_500);
const repeat = async (work: () => Promise<unknown>) => {
  for (let n = 0; n < NODES; n++) await work();
};

printTimes(
  `${NODES} Python nodes fib(10) in sequence, from the mutation to the last event at the client`,
  {
    [`baseline: ${NODES} commits of one row`]: await timesOf(10, () => repeat(() => commitOnce(server)), 2),
    [`for comparison: ${NODES} times python3 -I -c, no sandbox, nothing saved`]: await timesOf(
      3,
      () => repeat(() => startPython(python, ['-I', '-c', FIB])),
      1,
    ),
    [`${NODES} nodes in Weft, one run at a time`]: await timesOf(15, run, 2, rested),
    [`${NODES} nodes in Weft, run after run without a pause`]: await timesOf(15, run, 2),
  },
  'at most 160 ms p50',
);
