/**
 * Claims: the second run of a node with pandas gives its result at least 50 times as fast as `python3 -c 'import pandas'`
 * ends, and a warm node gives its result within 3 ms (p50) of dispatch, pandas loaded or not.
 * Baseline: the sandbox's own Python, started anew with the same packages, that imports pandas and ends.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openPypiSandbox } from '../test/support/pypi.ts';
import { resultOf } from '../test/support/test-sandbox.ts';
import { percentile, round, timesInTurn } from './support/measure.ts';

const ROUNDS = Number(process.argv[2] ?? 40);
const packages = ['pandas', 'numpy'];
const SUM = "frame = pd.DataFrame(input_data)\nresult = float(frame['b'].sum())";
const DESCRIBE = 'df = pd.DataFrame(input_data)\nresult = df.describe().to_dict()';
const input = { a: [1, 2, 3], b: [0.5, 1.5, 2.5] };

await using python = await openPypiSandbox(packages);
const { sandbox, sitePackages } = python;
const { pythonPath } = await sandbox.backend.status();

await printRuns();
await printCells();

async function printRuns(): Promise<void> {
  const importing = `import sys; sys.path.append(${JSON.stringify(sitePackages)}); import pandas`;
  const ways: Record<string, () => Promise<unknown>> = {
    "python3 -c 'import pandas'": () => promisify(execFile)(pythonPath!, ['-I', '-c', importing]),
    'node without packages: result = 1': async () => resultOf(await sandbox.run('result = 1')),
    'node with pandas: result = 1': async () => resultOf(await python.run('result = 1')),
    'node with pandas: a DataFrame and its sum': async () => resultOf(await python.run(SUM, { input })),
    'node with pandas: describe().to_dict()': async () => resultOf(await python.run(DESCRIBE, { input })),
  };
  const times = await timesInTurn(ways, ROUNDS, { warmUp: 5, pauseMs: 100 });
  const [base] = Object.values(times).map((ms) => percentile(ms, 50));
  console.log('\nFrom dispatch to result, a cell waiting');
  console.table(
    Object.entries(times).map(([what, ms]) => ({
      what,
      'p50 ms': round(percentile(ms, 50)),
      'p95 ms': round(percentile(ms, 95)),
      'times as fast as the import': round(base! / percentile(ms, 50)),
    })),
  );
  console.log('Promise: with pandas at least 50 times as fast; 3 ms at p50 for `result = 1` in both');
}

/** Runs without a rest find none waiting, after the first few: each pays for the making of its cell. */
async function printCells(): Promise<void> {
  const rows = [];
  for (const [what, run] of [
    ['without packages', () => sandbox.run('result = 1')],
    ['with pandas', () => python.run('result = 1')],
  ] as const) {
    const startedAt = performance.now();
    for (let n = 0; n < 60; n += 1) resultOf(await run());
    const ms = (performance.now() - startedAt) / 60;
    await delay(2_000); // the waiting cells are made up for
    rows.push({
      what,
      'ms a run in a row of 60': round(ms),
      'MiB of its own, a waiting cell': await privateMb(what === 'with pandas'),
    });
  }
  console.log('\nA cell made for each run, and what one that waits holds');
  console.table(rows);
}

/** The median of what cells alone hold: pages that they share with their fork-server are not counted. */
async function privateMb(hasPackages: boolean): Promise<number> {
  const all = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid));
  const mb = all.flatMap((pid) => {
    try {
      return isCell(pid, hasPackages) ? [privateMbOf(pid)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
  return round(percentile(mb, 50));
}

/** A process of one of our rooms whose parent is one of the same program: the fork-server. */
function isCell(pid: string, hasPackages: boolean): boolean {
  const own = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  if (own.startsWith('bwrap') || !own.includes('forkserver.py')) return false;
  const parent = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^PPid:\s+(\d+)/m)![1]!;
  const isChild = readFileSync(`/proc/${parent}/cmdline`, 'utf8') === own;
  return isChild && own.includes('"packages":{') === hasPackages;
}

function privateMbOf(pid: string): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kb = [...rollup.matchAll(/^Private_\w+:\s+(\d+)/gm)].map(([, value]) => Number(value));
  return kb.reduce((sum, value) => sum + value, 0) / 1024;
}
