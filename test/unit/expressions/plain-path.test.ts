import fc from 'fast-check';
import { analyzeExpression } from '../../../server/expressions/analyze-expression.ts';
import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import { analyzePlainPath, readPlainPaths } from '../../../server/expressions/plain-path.ts';

const name = fc.constantFrom('a', 'b', 'true', 'and', '__proto__', '_jsonata_function');
const { value: data } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 'text', ''),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}));
const path = fc.array(name, { maxLength: 3 }).map((names) => ['input', ...names].join('.'));

test('what is read as a plain path is what JSONata gives', async () => {
  using evaluator = openEvaluator();
  const by = { owner: 'test', signal: new AbortController().signal };
  let read = 0;
  await fc.assert(
    fc.asyncProperty(data, path, async (input, expression) => {
      const values = readPlainPaths([expression], { input });
      if (values === null) return;
      read += 1;
      const [evaluation] = await evaluator.evaluate([expression], { input }, by);
      expect({ value: values[0], missing: null }).toEqual(evaluation);
    }),
    { numRuns: 500 },
  );
  expect(read).toBeGreaterThan(50);
});

test('what is known of a plain path is what the analysis finds', () => {
  const known = fc.constantFrom('input', 'nodes', 'execution', 'item', 'index', 'nodeInput', 'a');
  const names = fc.array(fc.oneof({ weight: 20, arbitrary: known }, name), { minLength: 1, maxLength: 40 });
  const end = fc.oneof({ weight: 5, arbitrary: fc.constant('') }, fc.constantFrom('.', ' ', '[0]', ' + 1'));
  let count = 0;
  fc.assert(
    fc.property(names, end, (path, rest) => {
      const expression = path.join('.') + rest;
      const analysis = analyzePlainPath(expression);
      if (analysis === null) return;
      count += 1;
      expect(analysis).toEqual(analyzeExpression(expression));
    }),
    { numRuns: 500 },
  );
  expect(count).toBeGreaterThan(50);
});

test.each([
  ['a list on the way', 'input.rows.name', { rows: [{ name: 1 }] }],
  ['a value that is not there', 'input.name', {}],
  ['a large value', 'input', 'x'.repeat(30_000)],
  ['a value with many parts', 'input', Array.from({ length: 30_000 }, () => 0)],
  ['more than a path', 'input.a + 1', { a: 1 }],
  ['a word of the language', 'input.true', { true: 1 }],
])('%s is left to JSONata', (_, expression, input) => {
  expect(readPlainPaths([expression], { input })).toBeNull();
});

test('expressions that are evaluated together are all read, or none', () => {
  const scope = { input: { a: [1, { b: 2 }] }, index: 3 };
  expect(readPlainPaths(['input.a', 'index'], scope)).toEqual([[1, { b: 2 }], 3]);
  expect(readPlainPaths(['index', 'input.a.b'], scope)).toBeNull();
});
