import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import type { ExpressionScope } from '../../../server/nodes/definition.ts';
import { makeExpressions } from '../../../server/nodes/expressions.ts';
import { type EvaluateAll, render } from '../../../server/nodes/template.ts';

const scope: ExpressionScope = {
  input: { name: 'Ada', list: [1, 2], nothing: null },
  nodes: { fetch: { output: { total: 3 } } },
  execution: { id: 'exec_1', workflowId: 'wf_1', input: {} },
};
const evaluator = openEvaluator();
const expressions = makeExpressions(evaluator);
const evaluateAll: EvaluateAll = (all, within) =>
  expressions.evaluateAll(all, within, new AbortController().signal);
const rendered = (value: unknown, except?: Set<string>) => render(value, scope, evaluateAll, { except });

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

test('all templates of a configuration are evaluated at once, whose scope may be large', async () => {
  const requests: (readonly string[])[] = [];
  const value = { a: '{{ 1 }}', b: ['{{ 2 }}, {{ 3 }}', { c: '{{ 4 }}' }] };
  const filled = await render(value, scope, async (all) => {
    requests.push(all);
    return all.map(Number);
  });
  expect(requests).toEqual([['1', '2', '3', '4']]);
  expect(filled).toEqual({ a: 1, b: ['2, 3', { c: 4 }] });
});

test('the error of a failed template names its expression and the position', async () => {
  await expect(rendered(['{{ input.name }}', '{{ input.name + 1 }}', '{{ 1 }}'])).rejects.toMatchObject({
    error: {
      message: expect.stringMatching(/^The expression `input.name \+ 1` failed: .*\(at character 12\)$/),
    },
  });
});

test('a text full of unclosed braces is read once', async () => {
  const braces = '{{'.repeat(1_000_000);
  expect(await rendered(`{{ input.name }}${braces}`)).toBe(`Ada${braces}`);
});

test('the value of a template is not read as a template again', async () => {
  const sly = { ...scope, input: { text: '{{ $error("no") }}' } };
  expect(await render('{{ input.text }}!', sly, evaluateAll)).toBe('{{ $error("no") }}!');
});

test('code is left alone', async () => {
  expect(await rendered({ code: 'f"{{x}}"', label: '{{ input.name }}' }, new Set(['code']))).toEqual({
    code: 'f"{{x}}"',
    label: 'Ada',
  });
});
