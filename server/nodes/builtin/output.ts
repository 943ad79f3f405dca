import { z } from 'zod';
import type { FieldMeta, NodeDefinition } from '../definition.ts';
import { onlyExpressionIn } from '../template.ts';

const config = z.strictObject({
  value: z
    .json()
    .optional()
    .meta({
      title: 'Value',
      description: "What to give out; a template may be used. Without it, the node's input is given out.",
      placeholder: '{{ input.total }}',
      widget: 'json',
    } satisfies FieldMeta),
});

export const output: NodeDefinition<z.infer<typeof config>> = {
  type: 'output',
  version: 1,
  label: 'Output',
  description:
    "Gives a value out as the execution's output. With several output nodes, the output is an object by node key.",
  category: 'flow',
  role: 'output',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [{ id: 'output', label: 'Output', description: 'The value that was given out.' }],
  canFail: true,
  outputExpression: ({ value }) => (value === undefined ? 'input' : onlyExpressionIn(value)),
  effects: 'none',
  execute: async ({ config, input }) => ({
    handle: 'output',
    output: config.value === undefined ? input : config.value,
  }),
};
