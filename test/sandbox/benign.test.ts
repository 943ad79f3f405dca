import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../server/shared/paths.ts';
import { openTestSandbox, resultOf } from '../support/test-sandbox.ts';

/** The programs of test/python/benign.py give the results of plain Python; test/packages has those with packages. */
interface Benign {
  input: unknown;
  programs: Program[];
}

interface Program {
  name: string;
  code: string;
  plain: { result: unknown };
}

const DUMP_ALL = `
import json, sys
sys.path.insert(0, sys.argv[1])
from concurrent.futures import ThreadPoolExecutor
import benign
from support import run_plainly
def with_plain_results(programs):
    def plain(name): return {'result': run_plainly(programs[name], benign.INPUT)}
    with ThreadPoolExecutor(2) as pool:
        return [{'name': n, 'code': programs[n], 'plain': p} for n, p in zip(programs, pool.map(plain, programs))]
newer = {n: code for n, (code, least) in benign.PROGRAMS_NEWER.items() if sys.version_info >= least}
print(json.dumps({
    'input': benign.INPUT,
    'programs': with_plain_results({**benign.PROGRAMS, **newer}),
}))`;

const sandbox = await openTestSandbox({ policy: 'strict' });
const { pythonPath } = await sandbox.backend.status();
const { input, programs } = dumpAll(pythonPath!);
afterAll(() => sandbox[Symbol.asyncDispose]());

test('there are at least sixty programs', () => {
  expect(programs.length).toBeGreaterThanOrEqual(60);
});

for (const program of programs) test(titleOf(program), () => expectSame(program));

function titleOf({ name }: Program): string {
  return `all walls let it through, and its result is that of plain Python: ${name}`;
}

async function expectSame({ code, plain }: Program): Promise<void> {
  const run = await sandbox.run(code, { input });
  expect(run.events.filter((event) => event.kind === 'violation')).toEqual([]);
  expect(resultOf(run)).toEqual(plain.result);
}

function dumpAll(python: string): Benign {
  const args = ['-c', DUMP_ALL, join(projectRoot, 'test/python')];
  return JSON.parse(execFileSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
}
