import { z } from 'zod';
import { LONGEST_WAIT_MS } from '../../shared/longest-wait.ts';
import type { ConfigProblem, FieldMeta, NodeDefinition } from '../definition.ts';
import { NodeFailure } from '../definition.ts';

const config = z.strictObject({
  durationMs: z
    .int()
    .min(0)
    .max(LONGEST_WAIT_MS)
    .optional()
    .meta({
      title: 'Duration',
      description: 'How long to wait, from when the node starts. Either this or a moment.',
      placeholder: '3600',
      widget: 'duration',
    } satisfies FieldMeta),
  until: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .meta({
      title: 'Moment',
      description:
        'When to go on: a date and time with its zone, often from a template. One that is past is no wait.',
      placeholder: '{{ input.remindAt }} or 2027-01-31T09:00:00Z',
      widget: 'text',
    } satisfies FieldMeta),
});

type Config = z.infer<typeof config>;

export const delay: NodeDefinition<Config> = {
  type: 'delay',
  version: 1,
  label: 'Delay',
  description: 'Waits for a time or until a moment, and then emits its input. The wait holds nothing.',
  category: 'flow',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [{ id: 'output', label: 'Output' }],
  canFail: true,
  effects: 'none',
  validate: oneOfBoth,
  async execute({ config, now }) {
    return { wait: { reason: 'DELAY', until: endOf(config, now()) } };
  },
  resume: async ({ input }) => ({ handle: 'output', output: input }),
};

function oneOfBoth({ durationMs, until }: Partial<Config>): ConfigProblem[] {
  if ((durationMs === undefined) !== (until === undefined)) return [];
  const got = until === undefined ? 'none' : 'both';
  return [
    {
      path: ['durationMs'],
      code: 'INVALID',
      message: `Expected either \`durationMs\` or \`until\`, got ${got}.`,
    },
  ];
}

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

function endOf({ durationMs, until }: Config, now: Date): Date {
  const end =
    until === undefined ? now.getTime() + durationMs! : MOMENT.test(until) ? Date.parse(until) : NaN;
  if (Number.isNaN(end)) {
    const message = `Expected \`until\` to be a moment such as 2027-01-31T09:00:00Z, got ${JSON.stringify(until!.slice(0, 100))}.`;
    throw new NodeFailure({ code: 'INVALID_CONFIG', message });
  }
  if (end - now.getTime() > LONGEST_WAIT_MS) {
    const message = `Expected \`until\` to be at most ten years ahead, got ${until!.slice(0, 100)}.`;
    throw new NodeFailure({ code: 'INVALID_CONFIG', message });
  }
  return new Date(end);
}
