import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import { makeAttemptExpressions } from '../../../server/nodes/attempt-expressions.ts';
import type { ExpressionScope, WatchedEvent } from '../../../server/nodes/definition.ts';
import { makeExpressions } from '../../../server/nodes/expressions.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';

const evaluator = openEvaluator();
afterAll(() => evaluator[Symbol.dispose]());

const scope: ExpressionScope = {
  input: { customer: 'Ada', total: 3 },
  nodes: {},
  execution: { id: 'exec_1', workflowId: 'wf_1', input: null },
};

/** An attempt at a node, and the events that it emits. */
function attemptAt(type: string, config: object, execution: object = {}) {
  const events: WatchedEvent[] = [];
  const node = { key: 'a', definition: nodeRegistry.get(type)!, config };
  const expressions = makeAttemptExpressions({
    node,
    execution,
    expressions: makeExpressions(evaluator),
    signal: new AbortController().signal,
    emit: async (event) => void events.push(event),
  });
  const execute = async () => {
    const rendered = await expressions.renderConfig(scope);
    const evaluate = (text: string, within: ExpressionScope) => expressions.evaluate(rendered, text, within);
    await node.definition.execute({ config: rendered, input: scope.input, scope, evaluate } as never);
  };
  const messages = () => events.map((event) => ('message' in event ? event.message : event.type));
  return { events, messages, execute };
}

test('a template that is a path to nothing is a notice, with the field and what was probably meant', async () => {
  const attempt = attemptAt('output', { value: { url: 'https://x/{{ input.custmer }}/{{ input.totl }}' } });
  await attempt.execute();
  expect(attempt.events).toEqual([
    {
      type: 'NodeNotice',
      code: 'UNDEFINED_REFERENCE',
      message:
        'Node `a`, `config.value.url`: `{{ input.custmer }}` is undefined; `input` has: customer, total. Did you mean `input.customer`?',
    },
  ]);
});

test('an expression that is a path to nothing is a notice', async () => {
  const attempt = attemptAt('transform', { expression: 'nodes.gone.output' });
  await attempt.execute();
  expect(attempt.messages()).toEqual([
    'Node `a`, `config.expression`: `nodes.gone.output` is undefined; `nodes` is an empty object.',
  ]);
});

test.each([
  ['transform', { expression: '$exists(input.custmer)' }],
  ['transform', { expression: 'input.custmer ? 1' }],
  ['transform', { expression: '$lookup(input, "custmer")' }],
  ['transform', { expression: 'input.total[$ > 5]' }],
  ['branch', { condition: 'input.custmer' }],
  ['switch', { cases: [{ handle: 'x', when: 'input.custmer' }] }],
  ['output', { value: '{{ input.custmer & "!" }} {{ input.total }}' }],
])('an expression of a %s that is more than a path has no notice: %j', async (type, config) => {
  const attempt = attemptAt(type, config);
  await attempt.execute();
  expect(attempt.events).toEqual([]);
});

test('a notice comes before the failure that the missing value leads to', async () => {
  const attempt = attemptAt('python', { code: '1', timeoutMs: '{{ input.timeout }}' });
  await expect(attempt.execute()).rejects.toMatchObject({ error: { code: 'INVALID_CONFIG' } });
  expect(attempt.messages()).toEqual([
    'Node `a`, `config.timeoutMs`: `{{ input.timeout }}` is undefined; `input` has: customer, total.',
  ]);
});

test('a node has one notice a field and at most twenty, however many attempts and items it has', async () => {
  const execution = {};
  const value = Array.from({ length: 30 }, (_, n) => `{{ input.x${n} }}`);
  const attempts = [1, 2].map(() => attemptAt('output', { value }, execution));
  for (const attempt of attempts) await attempt.execute();
  expect(attempts.map(({ events }) => events.length)).toEqual([20, 0]);
});

test('a notice is short, however long the field and the expression are', async () => {
  const long = 'x'.repeat(100_000);
  const attempt = attemptAt('output', { value: { [long]: `{{ input.${long} }}` } });
  await attempt.execute();
  expect(attempt.messages()[0]!.length).toBeLessThan(600);
});
