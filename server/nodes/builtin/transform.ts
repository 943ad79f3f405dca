import { z } from 'zod';
import type { FieldMeta, NodeDefinition } from '../definition.ts';

const config = z.strictObject({
  expression: z
    .string()
    .min(1)
    .meta({
      title: 'Expression',
      description: 'JSONata over `input`, `nodes.<key>.output` and `execution`; its value is the output.',
      placeholder: '{ "total": $sum(input.lines.(price * quantity)) }',
      widget: 'expression',
      language: 'jsonata',
      templated: false,
    } satisfies FieldMeta),
});

export const transform: NodeDefinition<z.infer<typeof config>> = {
  type: 'transform',
  version: 1,
  label: 'Transform',
  description:
    'Shapes data with a JSONata expression. The output is null where the expression finds nothing.',
  category: 'data',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [{ id: 'output', label: 'Output' }],
  canFail: true,
  effects: 'none',
  outputExpression: ({ expression }) => expression,
  expressions: ({ expression = '' }) => [{ path: ['expression'], expression }],
  execute: async ({ config, scope, evaluate }) => ({
    handle: 'output',
    output: await evaluate(config.expression, scope),
  }),
};
