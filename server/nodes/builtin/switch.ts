import { z } from 'zod';
import { ERROR_HANDLE_ID, type FieldMeta, type NodeDefinition } from '../definition.ts';

const DEFAULT_HANDLE = 'default';

const config = z.strictObject({
  cases: z
    .array(
      z.strictObject({
        handle: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'Expected a letter and then letters, digits, _ or -')
          .refine((handle) => handle !== DEFAULT_HANDLE && handle !== ERROR_HANDLE_ID, {
            message: '`default` and `error` are handles that every switch has already',
          }),
        when: z.string().min(1),
      }),
    )
    .min(1)
    .max(50)
    .refine((cases) => new Set(cases.map(({ handle }) => handle)).size === cases.length, {
      message: 'Each case needs a handle of its own',
    })
    .meta({
      title: 'Cases',
      description:
        'Tried in order; the first whose `when` (JSONata) is true sends the input on by its `handle`, and when none is, it leaves by `default`.',
      placeholder: 'input.country = "NO"',
      widget: 'cases',
      language: 'jsonata',
      templated: false,
    } satisfies FieldMeta),
});

export const switchNode: NodeDefinition<z.infer<typeof config>> = {
  type: 'switch',
  version: 1,
  label: 'Switch',
  description: 'Sends its input on by the handle of the first case that holds, else by `default`.',
  category: 'flow',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: ({ cases = [] }) => [
    ...cases.map(({ handle }) => ({ id: handle, label: handle })),
    { id: DEFAULT_HANDLE, label: 'Default', isOptional: true },
  ],
  canFail: true,
  effects: 'none',
  outputExpression: () => 'input',
  expressions: ({ cases = [] }) =>
    cases.map(({ when }, index) => ({ path: ['cases', index, 'when'], expression: when })),
  async execute({ config, input, scope, evaluate }) {
    for (const { handle, when } of config.cases) {
      if ((await evaluate(`$boolean((${when}))`, scope)) === true) return { handle, output: input };
    }
    return { handle: DEFAULT_HANDLE, output: input };
  },
};
