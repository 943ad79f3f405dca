import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import { makeExpressions } from '../../../server/nodes/expressions.ts';

const scope = {
  input: {
    lines: [
      { price: 2, quantity: 3 },
      { price: 1, quantity: 1 },
    ],
  },
  nodes: { 'my-node': { output: 5 } },
  execution: { id: 'exec_1', workflowId: null, input: null },
};
const evaluator = openEvaluator();
const expressions = makeExpressions(evaluator);
const evaluate = (expression: string) =>
  expressions.evaluate(expression, scope, new AbortController().signal);

afterAll(() => evaluator[Symbol.dispose]());

test('JSONata sees the input, other nodes’ outputs and the execution', async () => {
  expect(await evaluate('$sum(input.lines.(price * quantity))')).toBe(7);
  expect(await evaluate('nodes.`my-node`.output')).toBe(5);
  expect(await evaluate('execution.id')).toBe('exec_1');
});

test('each part of the scope is a variable too, also within a path', async () => {
  expect(
    await evaluate('[input.lines.{ "p": price, "of": $count($input.lines), "by": $execution.id }]'),
  ).toEqual([
    { p: 2, of: 2, by: 'exec_1' },
    { p: 1, of: 2, by: 'exec_1' },
  ]);
  expect(await evaluate('$nodes.`my-node`.output + ($input := 1; $input)')).toBe(6);
  expect(await evaluate('$map(input.lines, function($item, $index) { $item.price + $index })')).toEqual([
    2, 2,
  ]);
  const inItem = { ...scope, item: { price: 7 }, index: 3, nodeInput: { currency: 'NOK' } };
  const evaluateItem = (expression: string) =>
    expressions.evaluate(expression, inItem, new AbortController().signal);
  expect(await evaluateItem('item.price & nodeInput.currency & index')).toBe('7NOK3');
  expect(await evaluateItem('input.lines.($item.price * price)')).toEqual([14, 7]);
});

test('what a list has as a whole is copied only where it is named', async () => {
  const nodeInput = {
    get rows(): never {
      throw new Error('copied');
    },
  };
  const inItem = { ...scope, item: 1, index: 0, nodeInput };
  const signal = new AbortController().signal;
  expect(await expressions.evaluate('$count(input.lines) * 2', inItem, signal)).toBe(4);
});

test('of the other nodes, only those are copied that an expression names', async () => {
  const nodes = {
    'my-node': { output: 5 },
    a: { output: { b: 2 } },
    get large(): never {
      throw new Error('copied');
    },
  };
  const evaluateAmong = (expression: string) =>
    expressions.evaluate(expression, { ...scope, nodes }, new AbortController().signal);
  expect(await evaluateAmong('nodes.a.output.b + nodes.`my-node`.output')).toBe(7);
  expect(await evaluateAmong('[nodes.a.output]^(b) & $string($nodes.a.output.b)')).toBe('{"b":2}2');
  for (const meansAll of [
    '$keys(nodes)',
    'nodes.$count($)',
    '$lookup(nodes, "a").output',
    'nodes.(a.output)',
    'nodes . a.output + 1',
    'nodes.*.output',
    '$eval("nod" & "es.a") = nodes.a',
    '$count(nodes.a) & $.nodes.a.output',
  ])
    await expect(evaluateAmong(meansAll)).rejects.toThrow('copied');
});

test('lists come out as plain lists, functions as nothing', async () => {
  expect(await evaluate('input.lines[price > 1]')).toEqual({ price: 2, quantity: 3 });
  expect(await evaluate('[input.lines.price]')).toEqual([2, 1]);
  expect(await evaluate('function($x) { $x }')).toBeNull();
});

test('an error names the expression and what JSONata says', async () => {
  await expect(evaluate('$error("no such customer")')).rejects.toMatchObject({
    error: { code: 'EXPRESSION_ERROR', message: expect.stringContaining('no such customer') },
  });
});

test('expressions cannot reach the server’s objects', async () => {
  for (const attack of [
    'input.constructor',
    'input.__proto__',
    '$.constructor.constructor("return process")()',
  ]) {
    expect(await evaluate(attack).catch(() => null)).toBeNull();
  }
});

test('a syntax error has its position', async () => {
  const [open, braces, sound] = await evaluator.analyze([
    'input.(',
    '{{ input.rows }}',
    'input.a > nodes.b.output',
  ]);
  expect(open!.problem).toMatch(/character \d+/);
  expect(braces!.problem).toMatch(/leave out the \{\{ and \}\}/);
  expect(sound).toMatchObject({ problem: null, nodes: ['b'] });
});
