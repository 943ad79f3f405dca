/**
 * What an environment costs to build over what the bare installer costs, both cold: nothing downloaded, nothing
 * there. Neither compiles to bytecode: an environment's comes behind its first run, and so do two more rows. And what
 * twenty first runs of one set at once cost over one.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execa } from 'execa';
import { findInterpreter } from '../server/sandbox/local/interpreter.ts';
import { eventually } from '../test/support/eventually.ts';
import { installersOfHost, isCompiled, openTestEnvironments } from '../test/support/test-environments.ts';
import { openTestIndex } from '../test/support/test-index.ts';
import { findTestUv } from '../test/support/test-uv.ts';
import { printTimes, round } from './support/measure.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const PACKAGES = ['pandas'];
const quiet = () => ({ signal: new AbortController().signal, onEvent() {} });
const { executable: pythonPath } = await findInterpreter('python3');
const uvPath = await findTestUv();
if (uvPath === undefined) throw new Error('Expected uv: it is neither on the PATH nor can it be fetched');

const root = mkdtempSync(join(tmpdir(), 'weft-bench-'));
try {
  await benchColdBuilds(uvPath);
  await benchManyAtOnce(uvPath);
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function benchColdBuilds(uv: string): Promise<void> {
  const rows: Record<string, number[]> = {
    'baseline: uv venv and uv pip install': [],
    'the same with --compile-bytecode': [],
    'an environment: resolved, locked, installed, kept: READY': [],
    'an environment: and the end of `import pandas`, begun at READY': [],
    'an environment: and its bytecode, in the background': [],
  };
  const [bare, bareCompiled, ...environment] = Object.values(rows) as [number[], number[], ...number[][]];
  for (let n = 0; n < ROUNDS; n += 1) {
    bare.push(await timed((folder) => installBare(uv, folder, [])));
    const laps = await inFolder((folder) => buildEnvironment(uv, folder));
    for (const [index, ms] of laps.entries()) environment[index]!.push(ms);
    bareCompiled.push(await timed((folder) => installBare(uv, folder, ['--compile-bytecode'])));
  }
  printTimes(`${PACKAGES.join(', ')}, cold, ${ROUNDS} times each in turn`, rows, 'at most 1.2 times');
}

async function installBare(uv: string, folder: string, options: string[]): Promise<void> {
  const env = { UV_CACHE_DIR: join(folder, 'cache') };
  await execa(uv, ['venv', '--python', 'python3', join(folder, 'venv')], { env });
  await execa(uv, ['pip', 'install', '--python', join(folder, 'venv/bin/python'), ...options, ...PACKAGES], {
    env,
  });
}

/** Gives when it was ready, when the first import ended, and when its bytecode was there; milliseconds from the start. */
async function buildEnvironment(uv: string, folder: string): Promise<number[]> {
  const settings = { uvPath: uv, hostInstallers: installersOfHost() };
  const startedAt = performance.now();
  const soFar = () => performance.now() - startedAt;
  await using environments = await openTestEnvironments(folder, settings);
  using lease = await environments.ensure(PACKAGES, quiet());
  const { id, sitePackages } = lease.environment;
  const ready = soFar();
  const compiled = eventually('it is compiled', () => isCompiled(folder, id), 120_000).then(soFar);
  const importing = `import sys; sys.path.append(${JSON.stringify(sitePackages)}); import ${PACKAGES.join(', ')}`;
  const imported = promisify(execFile)(pythonPath, ['-I', '-B', '-c', importing]).then(soFar);
  return [ready, ...(await Promise.all([imported, compiled]))];
}

async function benchManyAtOnce(uv: string): Promise<void> {
  await using index = await openTestIndex(
    { name: 'tiny', version: '1.0', requires: ['tiny-base'] },
    { name: 'tiny-base', version: '1.0' },
  );
  const row = async (runs: number) => {
    index.requests.length = 0;
    const ms = await timed(async (folder) => {
      await using environments = await openTestEnvironments(folder, { uvPath: uv, indexUrl: index.url });
      const leases = await Promise.all(
        Array.from({ length: runs }, () => environments.ensure(['tiny'], quiet())),
      );
      for (const lease of leases) lease[Symbol.dispose]();
    });
    return { 'first runs at once': runs, ms: round(ms), 'requests to the index': index.requests.length };
  };
  console.log('\nFirst runs of one new set at once');
  console.table([await row(1), await row(20), await row(1), await row(20)]);
  console.log('Promise: built once, so that the index is asked no more often');
}

function timed(work: (folder: string) => Promise<void>): Promise<number> {
  return inFolder(async (folder) => {
    const startedAt = performance.now();
    await work(folder);
    return performance.now() - startedAt;
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(root, 'round-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
