/**
 * What an environment costs to build over what the bare installer costs, both cold: nothing downloaded, nothing
 * there. The baseline compiles to bytecode, as pip does by itself and an environment is. And what twenty first runs of one set at once cost over one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { openTestEnvironments, operatorOfHost } from '../test/support/test-environments.ts';
import { openTestIndex } from '../test/support/test-index.ts';
import { findTestUv } from '../test/support/test-uv.ts';
import { printTimes, round } from './support/measure.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const PACKAGES = ['pandas'];
const quiet = () => ({ signal: new AbortController().signal, onEvent() {} });
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
    'baseline: uv venv and uv pip install --compile-bytecode': [],
    'the same without bytecode': [],
    'an environment: resolved, locked, installed, compiled, kept': [],
  };
  const [compiled, bare, environment] = Object.values(rows) as [number[], number[], number[]];
  for (let n = 0; n < ROUNDS; n += 1) {
    compiled.push(await timed((folder) => installBare(uv, folder, ['--compile-bytecode'])));
    environment.push(await timed((folder) => buildEnvironment(uv, folder)));
    bare.push(await timed((folder) => installBare(uv, folder, [])));
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

async function buildEnvironment(uv: string, folder: string): Promise<void> {
  const settings = { uvPath: uv, operator: operatorOfHost() };
  await using environments = await openTestEnvironments(folder, settings);
  (await environments.ensure(PACKAGES, quiet()))[Symbol.dispose]();
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

async function timed(work: (folder: string) => Promise<void>): Promise<number> {
  const folder = mkdtempSync(join(root, 'round-'));
  const startedAt = performance.now();
  await work(folder);
  const ms = performance.now() - startedAt;
  rmSync(folder, { recursive: true, force: true });
  return ms;
}
