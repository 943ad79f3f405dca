import { z } from 'zod';
import type { FieldMeta, NodeDefinition } from '../definition.ts';

const config = z.strictObject({
  emit: z
    .enum(['first', 'object', 'list'])
    .default('first')
    .meta({
      title: 'Emits',
      description:
        '`first`: the value of the first edge that came, in the order of the edges. `object`: what came, by the name of each. `list`: what came, in the order of the edges.',
      widget: 'select',
      choices: {
        first: 'The first value that came',
        object: 'An object with what came',
        list: 'A list of what came',
      },
      templated: false,
    } satisfies FieldMeta),
});

export const merge: NodeDefinition<z.infer<typeof config>> = {
  type: 'merge',
  version: 1,
  label: 'Merge',
  description: 'Waits until all of its edges are settled, and emits what came of them: its join is ANY.',
  category: 'flow',
  config,
  join: 'ANY',
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [{ id: 'output', label: 'Output' }],
  canFail: false,
  effects: 'none',
  async execute({ config, input, arrivals }) {
    switch (config.emit) {
      case 'first':
        return { handle: 'output', output: arrivals.length === 0 ? input : arrivals[0]!.value };
      case 'object':
        return {
          handle: 'output',
          output: Object.fromEntries(arrivals.map(({ name, value }) => [name, value])),
        };
      case 'list':
        return { handle: 'output', output: arrivals.map(({ value }) => value) };
    }
  },
};
