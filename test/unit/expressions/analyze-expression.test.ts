import { analyzeExpression } from '../../../server/expressions/analyze-expression.ts';

const referencesOf = (expression: string) =>
  analyzeExpression(expression).references.map((path) => path.join('.'));
const shapeOf = (expression: string) => analyzeExpression(expression).shape;

test.each([
  ['input.customer.name', ['input.customer.name']],
  ['input.`my key` & "x"', ['input.my key']],
  ['$sum(input.lines.(price * quantity))', ['input.lines', 'input.lines.price', 'input.lines.quantity']],
  [
    'input.lines[price > $$.input.limit].quantity',
    ['input.lines.price', 'input.limit', 'input.lines.quantity'],
  ],
  ['input.lines{name: $sum(price)}', ['input.lines', 'input.lines.name', 'input.lines.price']],
  ['input.lines^(price)[0].name', ['input.lines', 'input.lines.price', 'input.lines.name']],
  [
    '$map(input.lines, function($line) { $line.price + execution.input.fee })',
    ['input.lines', 'execution.input.fee'],
  ],
  ['($x := input.a; $x.b)', ['input.a']],
  ['input.*.b', ['input']],
  ['input.lines@$l.books', ['input.lines']],
  ['input ~> |lines|{"total": price}|', ['input']],
  ['$.input.a', ['input.a']],
  ['input.rows.{ "c": $input.currency, "n": $index }', ['input.rows', 'input.currency', 'index']],
  [
    '$nodes.load.output.rows[price > $item.limit]',
    ['nodes.load.output.rows', 'nodes.load.output.rows.price', 'item.limit'],
  ],
  ['$map(input.rows, function($item, $index) { $item.price * $index })', ['input.rows']],
  ['($input := execution.input; $input.rows)', ['execution.input']],
  ['input.rows#$index.{ "n": $index }', ['input.rows']],
  ['input.rows@$item.{ "n": $item.n }', ['input.rows']],
])('%s reads %j', (expression, references) => {
  expect(referencesOf(expression).toSorted()).toEqual(references.toSorted());
});

test('an expression that is nested too deep says so', () => {
  expect(analyzeExpression('('.repeat(20_000)).problem).toBe('It is nested too deep.');
});

test.each([
  'input.a ? input.a.b : 0',
  '$exists(input.a) and input.a.b > 1',
  'input.a ?? "none"',
  'input.a ?: "none"',
  '$exists($input.a) ? $input.a.b : 0',
])('%s tests what it reads, so it has no reference to report', (expression) => {
  expect(referencesOf(expression)).toEqual([]);
});

test('the shape of an expression is that of its literals and paths', () => {
  expect(shapeOf('{ "a": input.x, "b": [{ "c": "text" }], "d": $sum(input.y) }')).toEqual({
    kind: 'object',
    fields: {
      a: { kind: 'reference', path: ['input', 'x'] },
      b: { kind: 'object', fields: { c: { kind: 'scalar', type: 'string' } } },
      d: null,
    },
  });
  expect(shapeOf('input.rows.{ "total": price }')).toEqual({
    kind: 'object',
    fields: { total: { kind: 'reference', path: ['input', 'rows', 'price'] } },
  });
  expect(shapeOf('($x := 1; { "x": $x })')).toEqual({ kind: 'object', fields: { x: null } });
  for (const computed of [
    '{ input.name: 1 }',
    'input.rows{name: 1}',
    '$merge([input, {}])',
    'input.a ? {} : 1',
  ])
    expect(shapeOf(computed)).toBeNull();
});

test.each([
  ['input.a == 1', 'write `=` for `==`'],
  ['input.a === 1', 'write `=` for `==`'],
  ['input.a !== 1', 'Write `!=` for `!==`'],
  ['input.a && input.b', 'Write `and` for `&&`'],
  ['input.a || input.b', 'Write `or` for `||`'],
  ['!input.a', 'Write `$not(…)` for `!`'],
  ['$map(input, $x => $x)', 'written `function($x) { … }`'],
])('%s does not parse, and its error has the hint: %s', (expression, hint) => {
  expect(analyzeExpression(expression).problem).toMatch(/\(at character \d+\)\. /);
  expect(analyzeExpression(expression).problem).toContain(hint);
});

test('an error far from such an operator has no hint', () => {
  expect(analyzeExpression('"a == b && c" & input.(').problem).toMatch(/\(at character \d+\)$/);
});

test('of a path of many names the first 32 are a reference', () => {
  expect(referencesOf(`input${'.a'.repeat(500)}`)).toEqual([`input${'.a'.repeat(31)}`]);
});
