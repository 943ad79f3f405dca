/**
 * What each wall costs a run, and how many runs this machine does in a second against a bare `python3 -I -c pass` in
 * bubblewrap, started anew each time (the real interpreter: a shim would flatter us).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestSandbox, resultOf, type TestSandbox } from '../test/support/test-sandbox.ts';
import { percentile, round, timesInTurn } from './support/measure.ts';

const LANES = 2;
const ROUNDS = 5;
const ROUND_MS = 1_000;
const CODE = "rows = [{'n': i} for i in range(100)]\nresult = sum(row['n'] for row in rows)";

await printCosts();
await printRates();

function open(policy: 'kernel' | 'strict', idleCells: number): Promise<TestSandbox> {
  return openTestSandbox({
    policy,
    runFolder: mkdtempSync(join(tmpdir(), 'weft-walls-')),
    idleCells,
    maxCells: LANES,
  });
}

async function printCosts(): Promise<void> {
  await using kernel = await open('kernel', 40);
  await using strict = await open('strict', 40);
  let n = 0;
  const fresh = () => {
    n += 1;
    return `${CODE}\n# ${n}`;
  };
  const ways: Record<string, () => Promise<unknown>> = {
    'kernel wall alone': () => kernel.run(CODE),
    'and the runtime wall (check cached)': () => strict.run(CODE),
    'and the static wall (check not cached)': () => strict.run(fresh()),
    'the static check by itself, not cached': () => strict.backend.check(fresh()),
    'the static check by itself, cached': () => strict.backend.check(CODE),
  };
  const times = await timesInTurn(ways, 200, { warmUp: 20, pauseMs: 15 });
  const base = percentile(times['kernel wall alone']!, 50);
  console.log('\nWhat each wall costs a run, from dispatch to outcome');
  console.table(
    Object.entries(times).map(([what, ms]) => ({
      what,
      'p50 µs': Math.round(percentile(ms, 50) * 1000),
      'p95 µs': Math.round(percentile(ms, 95) * 1000),
      'more than the kernel wall, µs': what.startsWith('and')
        ? Math.round((percentile(ms, 50) - base) * 1000)
        : '',
    })),
  );
}

async function printRates(): Promise<void> {
  // Few waiting cells: a stock made before, or made up for in another's turn, would count for nothing.
  await using kernel = await open('kernel', LANES);
  await using strict = await open('strict', LANES);
  const { pythonPath } = await kernel.backend.status();
  const ways: Record<string, () => Promise<unknown>> = {
    'bare python3 -I -c pass in bwrap --unshare-all': () => startBare(pythonPath!),
    'runs, kernel wall': async () => resultOf(await kernel.run(CODE)),
    'runs, all walls': async () => resultOf(await strict.run(CODE)),
  };
  const rates = await ratesInTurn(ways);
  const [bare] = Object.values(rates);
  console.log(`\nPer second, ${LANES} at a time, in turn for ${ROUNDS} rounds of ${ROUND_MS} ms each`);
  console.table(
    Object.entries(rates).map(([what, rate]) => ({
      what,
      'per second': round(rate),
      'times bare': round(rate / bare!),
    })),
  );
  console.log('Promise: at least 5 times as many as bare');
}

async function startBare(pythonPath: string): Promise<void> {
  const room = ['--unshare-all', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'];
  const args = [...room, pythonPath, '-I', '-c', 'pass'];
  const [code] = await once(spawn('bwrap', args, { env: {}, stdio: 'ignore' }), 'exit');
  if (code !== 0) throw new Error(`Expected bubblewrap to end with 0, got ${code}`);
}

/** Each way's rate per second. In turn, because the machine's own speed changes within seconds. */
async function ratesInTurn(ways: Record<string, () => Promise<unknown>>): Promise<Record<string, number>> {
  const totals = Object.entries(ways).map(([what, work]) => ({ what, work, done: 0, ms: 0 }));
  for (const { work } of totals) await inLanes(work, ROUND_MS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const total of totals) {
      const { done, ms } = await inLanes(total.work, ROUND_MS);
      total.done += done;
      total.ms += ms;
    }
  }
  return Object.fromEntries(totals.map(({ what, done, ms }) => [what, (done / ms) * 1000]));
}

async function inLanes(work: () => Promise<unknown>, forMs: number): Promise<{ done: number; ms: number }> {
  const startedAt = performance.now();
  let done = 0;
  const lane = async () => {
    for (; performance.now() - startedAt < forMs; done += 1) await work();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { done, ms: performance.now() - startedAt };
}
