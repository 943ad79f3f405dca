import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../server/shared/paths.ts';
import { openTestSandbox, resultOf } from '../support/test-sandbox.ts';

/** The programs of test/python/benign.py, each with what plain Python makes of it. */
interface Benign {
  input: unknown;
  programs: Program[];
  /** Of these the first word is the package that they need. */
  packaged: Program[];
}

interface Program {
  name: string;
  code: string;
  /** Null where plain Python lacks the package. */
  plain: { result: unknown } | null;
}

const TELL_ALL = `
import importlib.util, json, sys
sys.path.insert(0, sys.argv[1])
from concurrent.futures import ThreadPoolExecutor
import benign
from support import run_plainly
def told(programs, is_there):
    def plain(name): return {'result': run_plainly(programs[name], benign.INPUT)} if is_there(name) else None
    with ThreadPoolExecutor(2) as pool:
        return [{'name': n, 'code': programs[n], 'plain': p} for n, p in zip(programs, pool.map(plain, programs))]
newer = {n: code for n, (code, least) in benign.PROGRAMS_NEWER.items() if sys.version_info >= least}
print(json.dumps({
    'input': benign.INPUT,
    'programs': told({**benign.PROGRAMS, **newer}, lambda name: True),
    'packaged': told(benign.PACKAGED, lambda name: importlib.util.find_spec(name.split()[0])),
}))`;

const sandbox = await openTestSandbox({ policy: 'strict' });
const { pythonPath } = await sandbox.backend.status();
const { input, programs, packaged } = tellAll(pythonPath!);
afterAll(() => sandbox[Symbol.asyncDispose]());

test('there are at least sixty programs', () => {
  expect(programs.length).toBeGreaterThanOrEqual(60);
});

for (const program of programs) test(titleOf(program), () => expectSame(program));

for (const program of packaged) {
  const [packageName] = program.name.split(' ');
  const isThere = program.plain !== null && (await canImport(packageName!));
  if (isThere) test(titleOf(program), () => expectSame(program));
  else test.skip(`${titleOf(program)} (the sandbox's Python has no ${packageName})`, () => {});
}

function titleOf({ name }: Program): string {
  return `all walls let it through, and its result is that of plain Python: ${name}`;
}

async function expectSame({ code, plain }: Program): Promise<void> {
  const run = await sandbox.run(code, { input });
  expect(run.events.filter((event) => event.kind === 'violation')).toEqual([]);
  expect(resultOf(run)).toEqual(plain!.result);
}

async function canImport(name: string): Promise<boolean> {
  const run = await sandbox.run(`import ${name}`);
  return run.outcome.kind === 'succeeded';
}

function tellAll(python: string): Benign {
  const args = ['-c', TELL_ALL, join(projectRoot, 'test/python')];
  return JSON.parse(execFileSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
}
