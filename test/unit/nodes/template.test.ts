import type { ExpressionScope } from '../../../server/nodes/definition.ts';
import { makeExpressions } from '../../../server/nodes/expressions.ts';
import { render } from '../../../server/nodes/template.ts';
import { openEvaluator } from '../../../server/shared/evaluator/evaluator.ts';

const scope: ExpressionScope = {
  input: { name: 'Ada', list: [1, 2], nothing: null },
  nodes: { fetch: { output: { total: 3 } } },
  execution: { id: 'exec_1', workflowId: 'wf_1', input: {} },
};
const evaluator = openEvaluator();
const expressions = makeExpressions(evaluator);
const rendered = (value: unknown, except?: Set<string>) =>
  render(
    value,
    scope,
    (expression, within) => expressions.evaluate(expression, within, new AbortController().signal),
    except,
  );

afterAll(() => evaluator[Symbol.dispose]());

test('a string that is one template becomes the value, of whatever type', async () => {
  expect(await rendered('{{ input.list }}')).toEqual([1, 2]);
  expect(await rendered(' {{nodes.fetch.output.total + 1}} ')).toBe(4);
  expect(await rendered('{{ input.missing }}')).toBeNull();
});

test('templates within a longer string become text', async () => {
  expect(await rendered('{{ input.name }} has {{ input.list }} and {{ input.nothing }}.')).toBe(
    'Ada has [1,2] and .',
  );
  expect(await rendered('{{ input.name }}{{ input.name }}')).toBe('AdaAda');
});

test('templates are found at any depth, and values that are no strings stay as they are', async () => {
  expect(await rendered({ a: [{ b: '{{ input.name }}' }], n: 1, t: true, z: null })).toEqual({
    a: [{ b: 'Ada' }],
    n: 1,
    t: true,
    z: null,
  });
});

test('a text full of braces that nothing closes is read once', async () => {
  const braces = '{{'.repeat(1_000_000);
  expect(await rendered(`{{ input.name }}${braces}`)).toBe(`Ada${braces}`);
});

test('a value that a template gives is not read as a template again', async () => {
  const sly = { ...scope, input: { text: '{{ $error("no") }}' } };
  const value = await render('{{ input.text }}!', sly, (expression, within) =>
    expressions.evaluate(expression, within, new AbortController().signal),
  );
  expect(value).toBe('{{ $error("no") }}!');
});

test('code is left alone', async () => {
  expect(await rendered({ code: 'f"{{x}}"', label: '{{ input.name }}' }, new Set(['code']))).toEqual({
    code: 'f"{{x}}"',
    label: 'Ada',
  });
});
