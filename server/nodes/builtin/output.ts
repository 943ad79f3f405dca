import { z } from 'zod';
import type { FieldMeta, NodeDefinition } from '../definition.ts';
import { onlyExpressionIn } from '../template.ts';

/** Any JSON. z.json() would refer to itself in the JSON Schema, which forms then draw without end. */
const json = z.union([
  z.string().meta({ title: 'Text' }),
  z.number().meta({ title: 'Number' }),
  z.boolean().meta({ title: 'True or false' }),
  z.null().meta({ title: 'Nothing' }),
  z.array(z.unknown()).meta({ title: 'List' }),
  z.record(z.string(), z.unknown()).meta({ title: 'Object' }),
]);

const config = z.strictObject({
  value: json.optional().meta({
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
