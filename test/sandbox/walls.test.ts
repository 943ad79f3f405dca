import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox({ policy: 'strict' });
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('all findings of the static wall are emitted, and nothing runs', async () => {
  const run = await sandbox.run("print('ran')\nimport os\neval('1')");
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_SECURITY_ERROR', line: 2 });
  expect(run.stdout).toBe('');
  const lines = run.events.map(
    (event) => event.kind === 'violation' && [event.violation.layer, event.violation.line],
  );
  expect(lines).toEqual([
    ['STATIC', 2],
    ['STATIC', 3],
  ]);
});

test('what only shows at run time is stopped by the runtime wall', async () => {
  const run = await sandbox.run(
    "import json\nname = 'codecs'\nresult = getattr(json, name).builtins.open('/tmp/../etc/x', 'w')",
  );
  expect(errorOf(run).code).toBe('PYTHON_SECURITY_ERROR');
});

test('check returns its findings without running anything', async () => {
  const { findings } = await sandbox.backend.check('import subprocess\nopen("x", "w")');
  expect(findings.map((finding) => finding.line)).toEqual([1, 2]);
  expect(await sandbox.backend.check("result = {'a': [1, 2]}")).toMatchObject({ findings: [] });
});

test('check answers at once for code that it has checked before', async () => {
  const code = `result = [${'1, '.repeat(50_000)}]`; // the first check takes a fifth of a second
  await sandbox.backend.check(code);
  const startedAt = performance.now();
  for (let i = 0; i < 100; i += 1) await sandbox.backend.check(code);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test('code that crashes the parser is a finding, and the next check works', async () => {
  const { findings } = await sandbox.backend.check(`x = ${'('.repeat(100_000)}`);
  expect(findings).toHaveLength(1);
  expect((await sandbox.backend.check('import os')).findings).toHaveLength(1);
});

test('a syntax error is an error of the code and not a violation', async () => {
  const run = await sandbox.run('result = (1,');
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', type: 'SyntaxError', line: 1 });
  expect(run.events).toEqual([]);
});

test.each([
  ['dataclasses', 'from dataclasses import dataclass\n@dataclass\nclass P:\n  x: int\nresult = P(1).x'],
  ['generators', 'result = next(i for i in range(1, 3))'],
  ['recursion', 'def f(n): return n if n < 2 else f(n - 1) + f(n - 2)\nresult = f(2)'],
  ['coroutines', 'import asyncio\nasync def main(): return 1\nresult = asyncio.run(main())'],
  ['random numbers', 'import random\nresult = 1 if 0 <= random.random() < 1 else 0'],
])('ordinary code goes through all walls: %s', async (_name, code) => {
  expect(resultOf(await sandbox.run(code))).toBe(1);
});

test('two runs do not share their random numbers', async () => {
  const code = 'import random\nresult = random.random()';
  const [first, second] = await Promise.all([sandbox.run(code), sandbox.run(code)]);
  expect(resultOf(first!)).not.toBe(resultOf(second!));
});
