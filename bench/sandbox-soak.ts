/**
 * Claim: 2,000 runs, a tenth of them hostile, leave no process, descriptor, file or megabyte behind, and slow the rest
 * by no more than the CPU that the hostile ones take. Baseline: the same runs without the hostile tenth.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdingsAtRest, soak } from '../test/support/soak.ts';
import { openTestSandbox } from '../test/support/test-sandbox.ts';
import { printTimes } from './support/measure.ts';

const RUNS = Number(process.argv[2] ?? 2_000);
const IDLE_CELLS = 8;
const AT_REST = 3 + IDLE_CELLS;

await using sandbox = await openTestSandbox({
  idleCells: IDLE_CELLS,
  runFolder: mkdtempSync(join(tmpdir(), 'weft-soak-')),
});
await soak(sandbox, 100, 10);
const before = await holdingsAtRest(sandbox, AT_REST);
const quiet = await soak(sandbox, RUNS * 0.9);
const between = await holdingsAtRest(sandbox, AT_REST);
const startedAt = performance.now();
const hostile = await soak(sandbox, RUNS, 10);
const tookMs = performance.now() - startedAt;
const after = await holdingsAtRest(sandbox, AT_REST);

printTimes(
  `Benign runs, four at a time, of ${RUNS} runs (${Math.round(tookMs)} ms in all)`,
  { 'no run is hostile': quiet, 'a tenth of all runs is hostile': hostile },
  'nothing is left behind; at most twice as slow, because up to as many hostile runs as others share the CPU',
);
console.table({ before: before, 'after the quiet runs': between, 'after the hostile ones': after });
