/**
 * Weft beside DBOS, on one Postgres: Python steps of `fib(10)` in sequence, each durable. DBOS runs them in the process of
 * its client with nothing between them; Weft runs each in a cell of its own, and its client is another process. Needs
 * PyPI for DBOS.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { projectRoot } from '../server/shared/paths.ts';
import { databaseUrl } from '../test/support/test-postgres.ts';
import { type BenchServer, openBenchServer } from './support/bench-server.ts';
import { percentile, round } from './support/measure.ts';

const DBOS_VERSION = '3.4.0';
const ROUNDS = 5;
const STEP = 'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nresult = fib(10)';

interface Job {
  steps: number;
  runs: number;
  /** At the same time. */
  lanes: number;
}

const jobs: Record<string, Job> = {
  'one step, run after run': { steps: 1, runs: 20, lanes: 1 },
  'forty steps, run after run': { steps: 40, runs: 4, lanes: 1 },
  'forty steps, eight runs at once': { steps: 40, runs: 16, lanes: 8 },
};

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const ways = { Weft: await weftRunner(server), DBOS: await dbosRunner(server) };
for (const job of Object.values(jobs)) for (const run of Object.values(ways)) await run(job);

const rows = [];
for (const [what, job] of Object.entries(jobs)) {
  const times: Record<string, number[]> = { Weft: [], DBOS: [] };
  const seconds: Record<string, number> = { Weft: 0, DBOS: 0 };
  for (let n = 0; n < ROUNDS; n += 1) {
    for (const [name, run] of Object.entries(ways)) {
      const startedAt = performance.now();
      times[name]!.push(...(await run(job)));
      seconds[name]! += (performance.now() - startedAt) / 1_000;
    }
  }
  const rate = (name: string) => (job.steps * job.runs * ROUNDS) / seconds[name]!;
  rows.push({
    what,
    'Weft p50 ms': round(percentile(times.Weft!, 50)),
    'DBOS p50 ms': round(percentile(times.DBOS!, 50)),
    'Weft steps/s': round(rate('Weft')),
    'DBOS steps/s': round(rate('DBOS')),
    'Weft to DBOS': round(rate('Weft') / rate('DBOS')),
  });
}
console.log(
  `\nSteps of fib(10) in sequence: Weft, each in a cell of its own; DBOS ${DBOS_VERSION}, in process`,
);
console.table(rows);
console.log('Promise: one step and forty take Weft no longer than DBOS');

type Runner = (job: Job) => Promise<number[]>;

async function weftRunner({ weft }: BenchServer): Promise<Runner> {
  const workflowIds = new Map<number, string>();
  for (const { steps } of Object.values(jobs)) {
    const nodes = Array.from({ length: steps }, (_, n) => ({
      key: `n${n}`,
      type: 'python',
      config: { code: STEP },
    }));
    const edges = nodes.slice(1).map(({ key }, n) => ({ source: `n${n}`, target: key }));
    workflowIds.set(steps, await weft.createWorkflow({ nodes, edges }));
  }
  return async ({ steps, runs, lanes }) => {
    const times: number[] = [];
    let left = runs;
    const lane = async () => {
      while (left-- > 0) {
        const startedAt = performance.now();
        const events = await weft.allEvents(await weft.start(workflowIds.get(steps)!));
        if (events.at(-1)?.__typename !== 'ExecutionSucceeded') throw new Error('The run did not succeed');
        times.push(performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return times;
  };
}

async function dbosRunner({ sql, databaseUrl: url }: BenchServer): Promise<Runner> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-dbos-'));
  stack.defer(() => rm(folder, { recursive: true }));
  await promisify(execFile)('python3', ['-m', 'venv', folder]);
  await promisify(execFile)(join(folder, 'bin/pip'), ['install', '--quiet', `dbos==${DBOS_VERSION}`]);
  await sql.query('CREATE DATABASE dbos');
  const program = join(projectRoot, 'bench/support/dbos_steps.py');
  const child = spawn(join(folder, 'bin/python'), [program, databaseUrl(url, 'dbos')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stack.defer(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (job) => {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('DBOS ended; its output is above');
    return JSON.parse(value) as number[];
  };
}
