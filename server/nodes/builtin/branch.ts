import { z } from 'zod';
import type { FieldMeta, NodeDefinition } from '../definition.ts';

const config = z.strictObject({
  condition: z
    .string()
    .min(1)
    .meta({
      title: 'Condition',
      description: 'A JSONata expression over `input`, `nodes.<key>.output` and `execution`.',
      placeholder: 'input.total > 100',
      widget: 'expression',
      language: 'jsonata',
      templated: false,
    } satisfies FieldMeta),
});

export const branch: NodeDefinition<z.infer<typeof config>> = {
  type: 'branch',
  version: 1,
  label: 'Branch',
  description:
    'Sends its input on by `true` or by `false`. An empty string, list or object, 0, null and nothing count as false.',
  category: 'flow',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [
    { id: 'true', label: 'True', isOptional: true },
    { id: 'false', label: 'False', isOptional: true },
  ],
  canFail: true,
  effects: 'none',
  outputExpression: () => 'input',
  expressions: ({ condition = '' }) => [{ path: ['condition'], expression: condition }],
  async execute({ config, input, scope, evaluate }) {
    // JSONata's own idea of truth, so that a condition means here what it means inside an expression.
    const holds = await evaluate(`$boolean((${config.condition}))`, scope);
    return { handle: holds === true ? 'true' : 'false', output: input };
  },
};
