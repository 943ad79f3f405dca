import { z } from 'zod';
import type { FieldMeta, NodeDefinition } from '../definition.ts';
import { onlyExpressionIn } from '../template.ts';

const config = z.strictObject({
  value: z
    .json()
    .optional()
    .meta({
      title: 'Value',
      description: 'What to emit; it may hold templates. Without it, the node emits its input.',
      placeholder: '{{ input.total }}',
      widget: 'json',
    } satisfies FieldMeta),
});

export const output: NodeDefinition<z.infer<typeof config>> = {
  type: 'output',
  version: 1,
  label: 'Output',
  description:
    "Its value is the execution's output. With several output nodes, the output is an object by node key.",
  category: 'flow',
  role: 'output',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [{ id: 'output', label: 'Output', description: 'The value of the node.' }],
  canFail: true,
  outputExpression: ({ value }) => (value === undefined ? 'input' : onlyExpressionIn(value)),
  effects: 'none',
  execute: async ({ config, input }) => ({
    handle: 'output',
    output: config.value === undefined ? input : config.value,
  }),
};
