import { expressionProblem, makeExpressions } from '../../../server/nodes/expressions.ts';

const scope = {
  input: {
    lines: [
      { price: 2, quantity: 3 },
      { price: 1, quantity: 1 },
    ],
    text: `${'a'.repeat(40)}!`,
  },
  nodes: { 'my-node': { output: 5 } },
  execution: { id: 'exec_1', workflowId: null, input: null },
};
const expressions = makeExpressions();
const evaluate = (expression: string) => expressions.evaluate(expression, scope);

afterAll(() => expressions[Symbol.asyncDispose]());

test('JSONata sees the input, other nodes’ outputs and the execution', async () => {
  expect(await evaluate('$sum(input.lines.(price * quantity))')).toBe(7);
  expect(await evaluate('nodes.`my-node`.output')).toBe(5);
  expect(await evaluate('execution.id')).toBe('exec_1');
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

test('endless recursion is an error, and the next expression works', async () => {
  await expect(evaluate('($f := function($n) { 1 + $f($n) }; $f(1))')).rejects.toMatchObject({
    error: { code: 'EXPRESSION_ERROR' },
  });
  expect(await evaluate('1 + 1')).toBe(2);
});

test('a regular expression that backtracks for ever is ended with its thread, and the next one works', async () => {
  const next = evaluate('input.text').catch(() => {});
  await expect(evaluate('$match(input.text, /^(a+)+$/)')).rejects.toMatchObject({
    error: { message: expect.stringContaining('took too long') },
  });
  expect(await next).toBe(scope.input.text);
  expect(await evaluate('1 + 1')).toBe(2);
}, 20_000);

test('expressions cannot reach the server’s objects', async () => {
  for (const attack of [
    'input.constructor',
    'input.__proto__',
    '$.constructor.constructor("return process")()',
  ]) {
    expect(await evaluate(attack).catch(() => null)).toBeNull();
  }
});

test('the place of a syntax error is told', () => {
  expect(expressionProblem('input.(')).toMatch(/character \d+/);
  expect(expressionProblem('{{ input.rows }}')).toMatch(/leave out the \{\{ and \}\}/);
  expect(expressionProblem('input.a > 1')).toBeNull();
});
