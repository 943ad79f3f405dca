import { join } from 'node:path';
import { execa } from 'execa';
import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import { projectRoot } from '../../../server/shared/paths.ts';

const evaluator = openEvaluator();
afterAll(() => evaluator[Symbol.dispose]());

const patient = new AbortController().signal;
const evaluateAll = (expressions: string[], owner = 'exec_1') =>
  evaluator
    .evaluate(expressions, {}, { owner, signal: patient })
    .then((evaluations) => evaluations.map(({ value }) => value));
const evaluate = async (expression: string, scope: object = {}, signal = patient) =>
  (await evaluator.evaluate([expression], scope, { owner: 'exec_1', signal }))[0]!.value;

const endless = '($f := function() { $f() }; $f())';
const backtracking = { text: `${'a'.repeat(40)}!`, pattern: '^(a+)+$' };

test('where the host has no descriptor left to start a process with, an expression is an error and nothing more', async () => {
  const script = `
    import { closeSync, openSync } from 'node:fs';
    const { openEvaluator } = await import('${join(projectRoot, 'dist/server/expressions/evaluator.js')}');
    using evaluator = openEvaluator();
    const evaluate = () => evaluator
      .evaluate(['1 + 1'], {}, { owner: 'exec_1', signal: AbortSignal.timeout(10_000) })
      .then(([{ value }]) => value, ({ message }) => message);
    const descriptors = [];
    try { for (;;) descriptors.push(openSync('/dev/null')); } catch {}
    const without = await evaluate();
    descriptors.forEach((descriptor) => closeSync(descriptor));
    const alive = setInterval(() => {}, 100);
    console.log(JSON.stringify([without, await evaluate()]));
    clearInterval(alive);`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stdout } = await execa('/bin/sh', ['-c', 'ulimit -n 200; exec "$@"', 'sh', ...node]);
  expect(JSON.parse(stdout)).toEqual([expect.stringContaining('EMFILE'), 2]);
});

test('endless recursion is an error, and the next expression works', async () => {
  await expect(evaluate('($f := function($n) { 1 + $f($n) }; $f(1))')).rejects.toThrow('Stack overflow');
  expect(await evaluate('1 + 1')).toBe(2);
});

test('an expression that needs all memory is an error, and the next one works', async () => {
  const greedy = evaluate('$count($map([1..30], function($x) { [1..9999999] }))');
  await expect(greedy).rejects.toThrow(/more than 256 MiB of memory|took longer than 5 seconds/);
  expect(await evaluate('1 + 1')).toBe(2);
});

test('a regular expression that backtracks for ever is ended, and its error names the limit', async () => {
  const match = `$match("${backtracking.text}", /${backtracking.pattern}/)`;
  const outcomes = await Promise.allSettled([evaluateAll([match]), evaluateAll(['1', match, '1'])]);
  expect(outcomes).toMatchObject([
    { reason: { message: 'it took longer than 5 seconds. Use a python node for longer work' } },
    { reason: { message: expect.stringMatching(/^it, with the 1 before it, took longer/), index: 1 } },
  ]);
});

test('quick requests do not wait for slow ones, however many there are, and an aborted slow request ends', async () => {
  const leaving = new AbortController();
  let ended = 0;
  const slow = Array.from({ length: 6 }, () => evaluate(endless, {}, leaving.signal).finally(() => ended++));
  const outcomes = Promise.allSettled(slow);
  expect(await evaluate('1 + 1')).toBe(2);
  expect(ended).toBeLessThan(slow.length);
  leaving.abort(new Error('not wanted'));
  const reasons = ((await outcomes) as PromiseRejectedResult[]).map(({ reason }) => reason.message);
  expect(reasons).toContain('not wanted');
});

test('an owner with one request does not wait for all requests of another', async () => {
  let ended = 0;
  const busy = Array.from({ length: 40 }, () => evaluateAll(['1 + 1'], 'busy').finally(() => ended++));
  await evaluateAll(['1 + 1'], 'other');
  expect(ended).toBeLessThan(20);
  await Promise.all(busy);
});

test('nor where all of those are slow', async () => {
  const leaving = Array.from({ length: 10 }, () => new AbortController());
  let ended = 0;
  const busy = leaving.map(({ signal }) =>
    evaluator
      .evaluate([endless], {}, { owner: 'busy', signal })
      .catch(() => {})
      .finally(() => ended++),
  );
  await evaluateAll(['1 + 1'], 'busy'); // Four are slow ones now, and six wait for a place.
  const other = evaluateAll(['$sum($map([1..40000], function($v) { $v * 2 }))'], 'other');
  await evaluateAll(['1 + 1'], 'other');
  for (const controller of leaving.slice(0, 4)) controller.abort();
  await other;
  expect(ended).toBeLessThan(7);
  for (const controller of leaving) controller.abort();
  await Promise.all(busy);
});

test('expressions of one request share the limits of one, and the error names the one that reached a limit', async () => {
  const lists = '[1..200000].[[]]';
  await expect(evaluateAll(['1', lists, lists])).rejects.toMatchObject({
    message: 'its result, with the 2 before it, has more than 500000 lists and objects',
    index: 2,
  });
  const text = '$pad("", 9000000)';
  await expect(evaluateAll([text, text])).rejects.toMatchObject({
    message: 'its result, with the 1 before it, is larger than 16 MiB',
    index: 1,
  });
  expect(await evaluateAll(['1', '"a"', '[]'])).toEqual([1, 'a', []]);
});

test.each(['_jsonata_lambda', '_jsonata_function'])('data with the key %s is data', async (key) => {
  const marked = { [key]: true, implementation: 1, x: { y: [1, { [key]: true }] } };
  const scope = { input: marked, list: [marked, { [key]: 'text' }] };
  expect(await evaluate('input', scope)).toEqual(marked);
  expect(await evaluate('list', scope)).toEqual(scope.list);
  expect(await evaluate('input.x.y[1]', scope)).toEqual({ [key]: true });
  expect(await evaluate('$type(input)', scope)).toBe('object');
  expect(await evaluate('$keys(input)', scope)).toEqual(Object.keys(marked));
  expect(JSON.parse((await evaluate('$string(input)', scope)) as string)).toEqual(marked);
  expect(await evaluate('$map(list, function($v) { $v.x.y[0] })', scope)).toBe(1);
});

test('a function as a result is null', async () => {
  expect(await evaluate('function($x) { $x }')).toBeNull();
  expect(await evaluate('{ "f": $sum, "g": [$sum] }')).toEqual({ f: null, g: [null] });
});

test('a result of more lists than a server can parse is an error', async () => {
  await expect(evaluate('[1..500001].[[]]')).rejects.toThrow('more than 500000 lists and objects');
});

test('a message that an expression raises itself is cut', async () => {
  await expect(evaluate('$error($pad("", 100000, "x"))')).rejects.toThrow(/^x{4000}$/);
});

test('a schema that backtracks for ever, or goes round in circles, is a schema error', async () => {
  const schemaErrors = await Promise.all([
    evaluator.findSchemaErrors({ type: 'string', pattern: backtracking.pattern }, backtracking.text),
    evaluator.findSchemaErrors({ anyOf: [{ type: 'object' }, { $ref: '#' }] }, 1),
  ]);
  expect(schemaErrors).toEqual([
    [{ path: [], message: expect.stringMatching(/^it cannot be checked by this schema: it took longer/) }],
    [
      {
        path: [],
        message: expect.stringMatching(/^it cannot be checked by this schema: Maximum call stack/),
      },
    ],
  ]);
});

test('values that a schema allows, or does not allow, are named where another one came', async () => {
  const colour = { enum: ['red', 'blue'] };
  const messages = async (schema: object, value: unknown) =>
    (await evaluator.findSchemaErrors({ ...schema, additionalProperties: false }, value)).map(
      ({ message }) => message,
    );
  expect(
    await messages({ properties: { colour, 'a/b': { const: 1 } } }, { colour: 'green', 'a/b': 2 }),
  ).toEqual(['`colour` must be one of "red", "blue", got the string "green"', '`a/b` must be 1, got 2']);
  expect(await messages({ properties: { total: {} } }, { total: 1, totl: 2 })).toEqual([
    'it must not have the property "totl", got an object with the keys total, totl',
  ]);
});

test('a value that does not fit a schema has an error at its place', async () => {
  const schema = { type: 'object', properties: { rows: { type: 'array' } }, required: ['rows'] };
  expect(await evaluator.findSchemaErrors(schema, { rows: [] })).toEqual([]);
  expect(await evaluator.findSchemaErrors(schema, { rows: 3 })).toEqual([
    { path: ['rows'], message: '`rows` must be array, got 3' },
  ]);
  expect(await evaluator.findSchemaErrors(schema, { row: [], total: 1 })).toEqual([
    {
      path: [],
      message: "it must have required property 'rows', got an object with the keys row, total",
    },
  ]);
  expect(await evaluator.schemaProblem({ type: 'nonsense' })).toMatch(/^This is not a JSON Schema/);
  expect(await evaluator.schemaProblem(schema)).toBeNull();
});
