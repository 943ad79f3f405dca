import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../server/shared/paths.ts';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

/** What a refusal says to write instead works where the refusal was. */
interface Suggestion {
  names: string[];
  /** Code; or `set`, the field of the node that does the same. */
  write?: string;
  set?: string;
  import?: string;
  /** The value of what is written, where it is an expression whose value is the point. */
  gives?: unknown;
}

const path = join(projectRoot, 'server/sandbox/python/instead.json');
const suggestions = JSON.parse(readFileSync(path, 'utf8')) as Suggestion[];

const INPUT = {
  API_KEY: 'key',
  user: 'ann',
  args: ['a', 'b'],
  lines: ['one', 'two'],
  response: { ok: true },
};

/** The names that suggestions speak of; in a function, so that no suggestion gets by with its imports. */
const SETUP = `
def prepare():
    import pathlib, time, zipfile
    with zipfile.ZipFile('in.zip', 'w') as archive: archive.writestr('a.csv', 'a,b\\n')
    with zipfile.ZipFile('in.zip') as archive: archive.extractall('data')
    pathlib.Path('empty').mkdir()
    return time.monotonic() + 60
def function(a: int):
    """Adds one."""
    return a + 1
deadline = prepare()
folder, name, path, text, data = 'data', 'a.csv', 'data/a.csv', 'some text', b'some data'
value, rows, stack = 3, [1, 2], [1]
`;

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox({ policy: 'strict' });
});
afterAll(() => sandbox[Symbol.asyncDispose]());

for (const { names, write, import: imported = '', gives } of suggestions) {
  if (write === undefined) continue;
  test(`instead of ${names[0]}: ${write}`, async () => {
    const code = `${SETUP}${imported}\n${gives === undefined ? `${write}\nresult = True` : `result = ${write}`}`;
    const run = await sandbox.run(code, { input: INPUT });
    const result = resultOf(run);
    if (gives !== undefined) expect(result).toEqual(gives);
    else expect(result).toBe(write === 'exit()' ? null : true);
  });
}

test('instead of sys.setrecursionlimit: the field recursionLimit', async () => {
  const fields = suggestions.flatMap(({ set }) => set ?? []);
  expect(fields).toEqual(['recursionLimit']);
  const code = 'def depth(n): return n and 1 + depth(n - 1)\nresult = depth(5000)';
  expect(resultOf(await sandbox.run(code, { recursionLimit: 6000 }))).toBe(5000);
});

test.each([
  ["input('How many?')", 'EOFError', 'Nobody can type here: read the value from `input_data`'],
  ["open('data.csv').read()", 'FileNotFoundError', 'pass the data in as `input_data`'],
  ['import zipfile\nzipfile.ZipFile("data.zip")', 'FileNotFoundError', 'pass the data in as `input_data`'],
  ['display(1)', 'NameError', 'print() it'],
])('an error for what is not there says where the data comes from: %s', async (code, type, hint) => {
  const error = errorOf(await sandbox.run(code));
  expect(error).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', type });
  expect(error.message).toContain(hint);
});
