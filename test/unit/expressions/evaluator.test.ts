import { join } from 'node:path';
import { execa } from 'execa';
import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import { projectRoot } from '../../../server/shared/paths.ts';

/** So that what is endless ends soon. */
const cpuMs = 500;
const evaluator = openEvaluator({ cpuMs });
afterAll(() => evaluator[Symbol.dispose]());

const patient = new AbortController().signal;
const evaluateAll = (expressions: string[], owner = 'exec_1', scope = {}) =>
  evaluator
    .evaluate(expressions, scope, { owner, signal: patient })
    .then((evaluations) => evaluations.map(({ value }) => value));
const evaluate = async (expression: string, scope: object = {}, signal = patient) =>
  (await evaluator.evaluate([expression], scope, { owner: 'exec_1', signal }))[0]!.value;

const by = { owner: 'wf_1', isBounded: true };

const endless = '($f := function() { $f() }; $f())';
const backtracking = { text: `${'a'.repeat(40)}!`, pattern: '^(a+)+$' };

/** Runs it in a process of its own that can open no file until `descriptors` are closed; resolves to what it prints. */
async function withoutDescriptors(work: string): Promise<unknown> {
  const script = `
    import { closeSync, openSync } from 'node:fs';
    const { openEvaluator } = await import('${join(projectRoot, 'dist/server/expressions/evaluator.js')}');
    using evaluator = openEvaluator({ cpuMs: ${cpuMs} });
    const evaluate = (expression) => evaluator
      .evaluate([expression], {}, { owner: 'exec_1', signal: AbortSignal.timeout(20_000) })
      .then(([{ value }]) => value, ({ message }) => message);
    const descriptors = [];
    const use = () => { try { for (;;) descriptors.push(openSync('/dev/null')); } catch {} };
    const release = () => descriptors.splice(0).forEach((descriptor) => closeSync(descriptor));
    const alive = setInterval(() => {}, 100);
    ${work}
    clearInterval(alive);`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stdout } = await execa('/bin/sh', ['-c', 'ulimit -n 200; exec "$@"', 'sh', ...node]);
  return JSON.parse(stdout);
}

test('where the host has no descriptor left to start a process with, an expression is an error and nothing more', async () => {
  const outcomes = await withoutDescriptors(`
    use();
    const without = await evaluate('1 + 1');
    release();
    console.log(JSON.stringify([without, await evaluate('1 + 1')]));`);
  expect(outcomes).toEqual([expect.stringContaining('EMFILE'), 2]);
});

test('nor is it more where the expression is known to be slow, and every slot is free again afterwards', async () => {
  const outcomes = await withoutDescriptors(`
    const slow = '${endless}';
    const before = await evaluate(slow);
    use();
    const without = await Promise.all(Array.from({ length: 10 }, () => evaluate(slow)));
    release();
    console.log(JSON.stringify([before, [...new Set(without)], await evaluate(slow)]));`);
  const tookLong = expect.stringMatching(/took longer than 0.5 seconds/);
  expect(outcomes).toEqual([tookLong, [expect.stringContaining('EMFILE')], tookLong]);
});

test('endless recursion is an error, and the next expression works', async () => {
  await expect(evaluate('($f := function($n) { 1 + $f($n) }; $f(1))')).rejects.toThrow('Stack overflow');
  expect(await evaluate('1 + 1')).toBe(2);
});

test('an expression that needs all memory is an error, and the next one works', async () => {
  const greedy = evaluate('$count($map([1..30], function($x) { [1..9999999] }))');
  await expect(greedy).rejects.toThrow(/more than 256 MiB of memory|took longer than 0.5 seconds/);
  expect(await evaluate('1 + 1')).toBe(2);
});

test('a regular expression that backtracks for ever is ended, and its error names the limit', async () => {
  const match = `$match("${backtracking.text}", /${backtracking.pattern}/)`;
  const outcomes = await Promise.allSettled([evaluateAll([match]), evaluateAll(['1', match, '1'])]);
  expect(outcomes).toMatchObject([
    { reason: { message: 'it took longer than 0.5 seconds. Use a python node for longer work' } },
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
  const scope = { lists: Array.from({ length: 260_000 }, () => []) };
  await expect(evaluateAll(['1', 'lists', 'lists'], 'exec_1', scope)).rejects.toMatchObject({
    message: 'its result, with the 2 before it, has more than 500000 lists and objects',
    index: 2,
  });
  const text = 'x'.repeat(9_000_000);
  await expect(evaluateAll(['text', 'text'], 'exec_1', { text })).rejects.toMatchObject({
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
  const lists = Array.from({ length: 500_001 }, () => []);
  await expect(evaluate('lists', { lists })).rejects.toThrow('more than 500000 lists and objects');
});

test('a message that an expression raises itself is cut', async () => {
  await expect(evaluate('$error($pad("", 100000, "x"))')).rejects.toThrow(/^x{4000}$/);
});

test.each(['$substrin("a", 1)', '[1].$substrin(1)', '$map([1], $substrin(1))'])(
  'a function that there is none of is named: %s',
  async (expression) => {
    await expect(evaluate(expression)).rejects.toThrow('there is no function $substrin');
  },
);

/** Of a value that nests `a`, each level is checked twice; no value with 40 levels is checked in anyone's lifetime. */
const inner = { properties: { a: { $ref: '#' } } };
const exponential = { anyOf: [{ ...inner, required: ['b'] }, inner] };
const nested = () => {
  let value: object = {};
  for (let depth = 0; depth < 40; depth++) value = { a: value };
  return value;
};

test('a schema that is checked for ever, or goes round in circles, is a schema error', async () => {
  const schemaErrors = await Promise.all([
    evaluator.findSchemaErrors(exponential, nested(), by),
    evaluator.findSchemaErrors({ anyOf: [{ type: 'object' }, { $ref: '#' }] }, 1, by),
  ]);
  expect(schemaErrors).toMatchObject([
    [{ path: [], problem: expect.stringMatching(/^cannot be checked by this schema: it took longer/) }],
    [
      {
        path: [],
        problem: expect.stringMatching(/^cannot be checked by this schema: Maximum call stack/),
      },
    ],
  ]);
});

test('a pattern takes time linear in the text', async () => {
  const schema = {
    properties: { text: { pattern: backtracking.pattern } },
    patternProperties: { [backtracking.pattern]: {} },
    propertyNames: { pattern: '^(\\w+\\s?)*$' },
  };
  const text = `${'a'.repeat(1_000_000)}!`;
  expect(await evaluator.findSchemaErrors(schema, { text, [`${'a'.repeat(50_000)}!`]: 1 }, by)).toMatchObject(
    [
      { problem: expect.stringMatching(/^must not have the property "a+…", whose name does not fit/) },
      {
        path: ['text'],
        problem: expect.stringMatching(/^must match the pattern "\^\(a\+\)\+\$", got the string/),
      },
    ],
  );
});

test.each([
  ['(?=x)y', 'looks ahead or behind'],
  ['(a)\\1', 'refers back to a group'],
  ['^.{1,5000}$', 'repeats something more than 1000 times'],
])(
  'the pattern %s cannot be saved, and one that was saved earlier is still checked',
  async (pattern, why) => {
    const schema = { properties: { name: { pattern } } };
    expect(await evaluator.schemaProblem(schema)).toMatch(
      /^Expected patterns that match in linear time, got ".*": it .*\. Write the pattern without that/,
    );
    expect(await evaluator.schemaProblem(schema)).toContain(why);
    expect(await evaluator.findSchemaErrors(schema, { name: '' }, by)).toHaveLength(1);
  },
);

describe('beside a flood of checks that take for ever', () => {
  const honest = { type: 'object', required: ['rows'] };

  /** Fewer than have ended when all of the flood has been in a quick slot once. */
  const FEW = 10;

  test('neither a schema that was quick before nor a new one waits', async () => {
    using flooded = openEvaluator({ cpuMs });
    const check = (owner: string, schema: object) =>
      flooded.findSchemaErrors(schema, {}, { owner, isBounded: true });
    await check('honest', honest);
    let ended = 0;
    const flood = Array.from({ length: 300 }, (_, n) =>
      flooded
        .findSchemaErrors(exponential, nested(), { owner: `flood ${n % 3}`, isBounded: true })
        .finally(() => ended++),
    );
    expect(await check('honest', honest)).toHaveLength(1);
    expect(await check('new', honest)).toHaveLength(1);
    expect(await flooded.schemaProblem(honest)).toBeNull();
    expect(ended).toBeLessThan(FEW);
    flooded[Symbol.dispose]();
    await Promise.all(flood);
  });

  test('nor do those of many owners, each with a schema of its own, delay what was quick before', async () => {
    using flooded = openEvaluator({ cpuMs });
    const byHonest = { owner: 'honest', isBounded: true };
    await flooded.findSchemaErrors(honest, {}, byHonest);
    let ended = 0;
    const flood = Array.from({ length: 300 }, (_, n) =>
      flooded
        .findSchemaErrors({ ...exponential, title: `${n}` }, nested(), { owner: `${n}`, isBounded: true })
        .finally(() => ended++),
    );
    for (let n = 0; n < 10; n++) expect(await flooded.findSchemaErrors(honest, {}, byHonest)).toHaveLength(1);
    expect(ended).toBeLessThan(FEW);
    flooded[Symbol.dispose]();
    await Promise.all(flood);
  });

  test('of one owner only so many wait, and the next is refused', async () => {
    using flooded = openEvaluator({ cpuMs });
    const check = () => flooded.findSchemaErrors(exponential, nested(), { owner: 'flood', isBounded: true });
    await check(); // It is known to be slow from here on.
    const flood = Array.from({ length: 200 }, check);
    const refused = (await Promise.allSettled(flood.slice(150))) as PromiseRejectedResult[];
    expect(refused.map(({ reason }) => reason.code)).toEqual(Array(50).fill('TOO_BUSY'));
    expect(await flooded.findSchemaErrors(honest, {}, by)).toHaveLength(1);
    flooded[Symbol.dispose]();
    await Promise.allSettled(flood);
  });
});

test('a value that does not fit a schema has an error at its place', async () => {
  const schema = { type: 'object', properties: { rows: { type: 'array' } }, required: ['rows'] };
  expect(await evaluator.findSchemaErrors(schema, { rows: [] }, by)).toEqual([]);
  expect(await evaluator.findSchemaErrors(schema, { rows: 3 }, by)).toEqual([
    { path: ['rows'], title: null, problem: 'must be an array, got 3' },
  ]);
  expect(await evaluator.findSchemaErrors(schema, { row: [], total: 1 }, by)).toEqual([
    { path: ['rows'], title: null, problem: 'is needed; there is `row`' },
  ]);
  expect(await evaluator.schemaProblem({ type: 'nonsense' })).toMatch(/^This is not a JSON Schema/);
  expect(await evaluator.schemaProblem({ ...schema, $async: true })).toMatch(/`\$async` has no meaning/);
  expect(await evaluator.schemaProblem(schema)).toBeNull();
});
