/**
 * Claim: a list of 10,000 light Python items takes at most 5 s on two cores, each item durable and with events of its own.
 * Baseline: one plain Python process that runs the same code for each of them in a loop, and saves nothing.
 * `--curve` measures batches of several sizes, from which the default was chosen; `--serve` only one, for a profiler.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';

const ITEMS = 10_000;
const DEFAULT_BATCH = 100;
const CODE = "result = {'n': input_data, 'squares': sum(n * n for n in range(100))}";
const PLAIN = `
import json, sys
code = compile(sys.argv[1], "<node>", "exec")
results = []
for item in range(int(sys.argv[2])):
    namespace = {"input_data": item}
    exec(code, namespace)
    results.append(json.dumps(namespace["result"]))
`;
const curve = [1, 2, 5, 10, 20, 50, 100, 200, 1_000];
const isCurve = process.argv.includes('--curve');

await using stack = new AsyncDisposableStack();
const { weft, sql } = await openBenchServer(stack);
const rows: { what: string; 'ms a list': number; 'ms an item': number }[] = [];
const add = (what: string, ms: number, items: number) =>
  rows.push({ what, 'ms a list': Math.round(ms), 'ms an item': round(ms / items) });

const startedAt = performance.now();
await promisify(execFile)('python3', ['-I', '-c', PLAIN, CODE, String(ITEMS)]);
add(`baseline: ${ITEMS} items in one plain Python process`, performance.now() - startedAt, ITEMS);
await listMs(1_000, DEFAULT_BATCH);
if (isCurve)
  for (const batch of curve) add(`1,000 items, batch: ${batch}`, await listMs(1_000, batch), 1_000);
else {
  add(`${ITEMS} items, batch: ${DEFAULT_BATCH}, the default`, await listMs(ITEMS, DEFAULT_BATCH), ITEMS);
  add(`1,000 items, batch: 1, a sandbox for each item`, await listMs(1_000, 1), 1_000);
}
console.table(rows);
console.log('Promise: 10,000 items within 5,000 ms');

/** By the clock of the server. */
async function listMs(items: number, batch: number): Promise<number> {
  const id = await weft.run([
    { key: 'list', type: 'python', config: { code: CODE }, forEach: { items: `[1..${items}]`, batch } },
  ]);
  for (;;) {
    const { rows: found } = await sql.query(
      'SELECT status, extract(epoch FROM finished_at - started_at)::float8 * 1000 AS ms FROM executions WHERE id = $1',
      [id],
    );
    if (found[0].status === 'SUCCEEDED') return found[0].ms;
    if (found[0].status === 'FAILED') throw new Error('The execution failed');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
