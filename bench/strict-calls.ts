/**
 * What the runtime wall adds to the two built-in functions that it replaces and that honest programs call often: `getattr`,
 * and the import that an `import` statement in a function makes each time.
 * Baseline: the same loops in the same Python outside a sandbox, in turn with those in a cell.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openTestSandbox, resultOf } from '../test/support/test-sandbox.ts';
import { round } from './support/measure.ts';

const ROUNDS = Number(process.argv[2] ?? 10);

/** The best of several loops, in nanoseconds a call with its turn of the loop. */
const MEASURE = `
import json, time, types
class Point:
    def __init__(self): self.x = 1
point, name = Point(), 'x'
pair = types.SimpleNamespace(first=point, name=name)
def read():
    for _ in turns: getattr(point, name)
def read_literal():
    for _ in turns: getattr(point, 'x')
def read_or_default():
    for _ in turns: getattr(point, 'y', None)
def read_name_or_default():
    for _ in turns: getattr(point, name, None)
def read_path_or_default():
    for _ in turns: getattr(pair.first, name, None)
def read_names_field_or_default():
    for _ in turns: getattr(point, pair.name, None)
def import_module():
    for _ in turns: import math
def import_function():
    for _ in turns: from math import sqrt
def import_submodule():
    for _ in turns: from json import decoder
def import_package():
    for _ in turns: import json.decoder
def import_functions():
    for _ in turns: from collections import Counter, OrderedDict, defaultdict
def import_stand_in():
    for _ in turns: import inspect
def best(loop):
    times = []
    for _ in range(7):
        start = time.perf_counter_ns()
        loop()
        times.append((time.perf_counter_ns() - start) / len(turns))
    return min(times)
turns = range(20_000)
loops = (read, read_literal, read_or_default, read_name_or_default, read_path_or_default, read_names_field_or_default,
         import_module, import_function, import_submodule, import_package, import_functions, import_stand_in)
result = {loop.__name__: best(loop) for loop in loops}
`;
const TITLES: Record<string, string> = {
  read: 'getattr(point, name)',
  read_literal: "getattr(point, 'x')",
  read_or_default: "getattr(point, 'y', None)",
  read_name_or_default: 'getattr(point, name, None)',
  read_path_or_default: 'getattr(pair.first, name, None)',
  read_names_field_or_default: 'getattr(point, pair.name, None)',
  import_module: 'import math',
  import_function: 'from math import sqrt',
  import_submodule: 'from json import decoder',
  import_package: 'import json.decoder',
  import_functions: 'from collections import Counter, OrderedDict, defaultdict',
  import_stand_in: 'import inspect',
};

await using sandbox = await openTestSandbox({ policy: 'strict' });
const { pythonPath } = await sandbox.backend.status();
const plain: Record<string, number>[] = [];
const strict: Record<string, number>[] = [];
for (let n = 0; n < ROUNDS; n += 1) {
  const { stdout } = await promisify(execFile)(pythonPath!, [
    '-I',
    '-c',
    `${MEASURE}\nprint(json.dumps(result))`,
  ]);
  plain.push(JSON.parse(stdout));
  strict.push(resultOf(await sandbox.run(MEASURE, { timeoutMs: 60_000 })) as Record<string, number>);
}
const least = (rounds: Record<string, number>[], name: string) =>
  Math.min(...rounds.map((times) => times[name]!));
console.log('\nWhat a call costs under the runtime wall, the best of all loops');
console.table(
  Object.entries(TITLES).map(([name, what]) => ({
    what,
    'plain Python, ns': round(least(plain, name)),
    'in a cell, ns': round(least(strict, name)),
    times: round(least(strict, name) / least(plain, name)),
  })),
);
console.log('Promise: at most twice');
