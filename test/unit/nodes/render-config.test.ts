import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import type { ExpressionScope } from '../../../server/nodes/definition.ts';
import { makeExpressions } from '../../../server/nodes/expressions.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';
import { renderConfig } from '../../../server/nodes/render-config.ts';
import type { EvaluateAll } from '../../../server/nodes/template.ts';

const evaluator = openEvaluator();
afterAll(() => evaluator[Symbol.dispose]());

const scope: ExpressionScope = {
  input: { seconds: 5, rows: [{ price: 1, quantity: 2 }] },
  nodes: {},
  execution: { id: 'exec_1', workflowId: 'wf_1', input: null },
};
const { signal } = new AbortController();
const evaluateAll: EvaluateAll = (all, within) => makeExpressions(evaluator).evaluateAll(all, within, signal);
const renderPython = (config: object) =>
  renderConfig(
    { key: 'p', definition: nodeRegistry.get('python')!, config },
    scope,
    evaluateAll,
    async () => {},
  );

test('a configuration has the values of its templates and the defaults of its schema', async () => {
  expect(await renderPython({ code: '{{ 1', memoryMb: '{{ input.seconds * 100 }}' })).toEqual({
    code: '{{ 1',
    packages: [],
    hosts: [],
    secrets: [],
    timeoutMs: 30_000,
    memoryMb: 500,
  });
});

test('a template whose value does not fit is an error of what was expected, where, and what came', async () => {
  await expect(
    renderPython({ code: '1', timeoutMs: '{{ input.seconds }}', packages: '{{ input.rows }}' }),
  ).rejects.toMatchObject({
    error: {
      code: 'INVALID_CONFIG',
      message:
        'The configuration of node `p` does not fit its schema once its templates are filled in. ' +
        '`config.packages.0`: Expected `0` to be of type string, got an object with the keys price, quantity. ' +
        '`config.timeoutMs`: Expected `timeoutMs` to be an integer from 1000 to 300000, got 5.',
    },
  });
});
