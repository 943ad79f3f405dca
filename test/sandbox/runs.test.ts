import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('the input arrives as input_data, and the variable `result` is the result', async () => {
  const code = "result = {'processed': input_data.get('value', 0) * 2, 'timestamp': '2025-11-12'}";
  const run = await sandbox.run(code, { input: { value: 21 } });
  expect(resultOf(run)).toEqual({ processed: 42, timestamp: '2025-11-12' });
});

test('an exception is reported with its type, message, traceback and line', async () => {
  const error = errorOf(
    await sandbox.run("x = 1\nprint('to stderr', file=__import__('sys').stderr)\nint('many')"),
  );
  expect(error).toMatchObject({
    code: 'PYTHON_EXECUTION_ERROR',
    type: 'ValueError',
    line: 3,
    retryable: false,
  });
  expect(error.message).toContain("'many'");
  expect(error.traceback).toContain('line 3');
  expect(error.stderr).toBe('to stderr\n');
});

test('a syntax error is reported with its line and column', async () => {
  const error = errorOf(await sandbox.run('x = 1\ny = (2,\nz = 3'));
  expect(error).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', type: 'SyntaxError' });
  expect(error.line).toBeGreaterThan(1);
  expect(error.column).toBeGreaterThan(0);
});

test('there is a user with a home folder, which the code may write to', async () => {
  const code = `
import getpass, pathlib
(pathlib.Path.home() / 'kept.txt').write_text('x')
result = [getpass.getuser(), str(pathlib.Path('~/kept.txt').expanduser()), pathlib.Path('kept.txt').exists()]`;
  expect(resultOf(await sandbox.run(code))).toEqual(['weft', '/tmp/kept.txt', true]);
});

test('no frame of the sandbox shows in a stack', async () => {
  const code = `
import traceback
result = [frame.filename for frame in traceback.extract_stack()]`;
  expect(resultOf(await sandbox.run(code))).toEqual(['<node>']);
});

test('a finaliser without an end does not keep the result back', async () => {
  const code = `
class Endless:
    def __del__(self):
        print('ending', flush=True)
        while True: pass
endless = Endless()
result = 1`;
  const run = await sandbox.run(code);
  expect(resultOf(run)).toBe(1);
  expect(run.stdout).toBe('ending\n');
  expect(run.outcome).toMatchObject({ notices: [{ code: 'END_CUT_SHORT' }] });
});

test('os._exit is reported with its exit code', async () => {
  const error = errorOf(await sandbox.run('import os\nos._exit(3)'));
  expect(error).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', exitCode: 3 });
});

test('a forked process ends at the end of the code, and the run is that of its parent', async () => {
  const code = `import os
if os.fork() == 0: print('child', flush=True)
elif os.fork() == 0: 1 / 0
else: result = sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2))`;
  const run = await sandbox.run(code);
  expect(resultOf(run)).toEqual([0, 1]);
  expect(run.stdout).toBe('child\n');
  expect(run.stderr).toContain('ZeroDivisionError');
});

test('a crash in native code is reported with its signal', async () => {
  const error = errorOf(await sandbox.run('import ctypes\nctypes.string_at(0)'));
  expect(error).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', exitCode: 139 });
  expect(error.message).toContain('SIGSEGV');
});

test('a result of several megabytes arrives whole', async () => {
  const result = resultOf(await sandbox.run("result = ['ü' * 1000] * 3000")) as string[];
  expect(result).toHaveLength(3000);
  expect(result[2999]).toBe('ü'.repeat(1000));
});

test('an input of ten megabytes arrives whole', async () => {
  const run = await sandbox.run('result = len(input_data)', { input: 'x'.repeat(10_000_000) });
  expect(resultOf(run)).toBe(10_000_000);
});

test('where more runs arrive than there are slots, all of them run', async () => {
  const runs = Array.from({ length: 40 }, (_, index) => sandbox.run(`result = ${index}`));
  const results = (await Promise.all(runs)).map(resultOf);
  expect(results).toEqual(Array.from({ length: 40 }, (_, index) => index));
});

test('the status names the interpreter and the walls', async () => {
  const status = await sandbox.backend.status();
  expect(status).toMatchObject({ available: true, problem: null });
  expect(status.pythonVersion).toMatch(/^3\./);
  expect(status.walls.map((wall) => wall.name)).toContain('namespaces');
});
