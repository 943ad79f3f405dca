import { z } from 'zod';
import { headerProblem, isBodyless } from '../../shared/http/answer-headers.ts';
import {
  type ConfigProblem,
  type FieldMeta,
  type NodeContext,
  type NodeDefinition,
  type NodeEmission,
  NodeFailure,
} from '../definition.ts';
import { hasTemplate } from '../template.ts';

const MAX_HEADERS = 50;

const config = z.strictObject({
  status: z
    .int()
    .min(200)
    .max(599)
    .default(200)
    .meta({
      title: 'Status',
      description: 'The status of the response, 200 to 599.',
      placeholder: '200',
      widget: 'number',
    } satisfies FieldMeta),
  headers: z
    .record(z.string(), z.string().max(8_000))
    .default({})
    .meta({
      title: 'Headers',
      description:
        'Such as `content-type`, which is JSON or plain text unless given. Those that act on the whole site, such as cookies, may not be set.',
      placeholder: '{ "content-type": "text/xml" }',
      widget: 'json',
    } satisfies FieldMeta),
  body: z
    .json()
    .optional()
    .meta({
      title: 'Body',
      description: 'Text is sent as it is, anything else as JSON. Without it, the input of the node is sent.',
      placeholder: '{ "received": "{{ input.id }}" }',
      widget: 'json',
    } satisfies FieldMeta),
});

type RespondConfig = z.infer<typeof config>;

/** What whoever called a webhook gets: the output of the node. */
export interface RespondOutput {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/**
 * The engine knows nothing of it: whoever holds the request open follows the journal, and answers with the output of the
 * first of these nodes that succeeds (use-cases/webhooks/answer.ts).
 */
export const respond: NodeDefinition<RespondConfig> = {
  type: 'respond',
  version: 1,
  label: 'Respond',
  description: 'Answers the request of the webhook that started the execution, which then goes on.',
  category: 'network',
  config,
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: () => [
    { id: 'output', label: 'Output', description: '{ status, headers, body }', isOptional: true },
  ],
  canFail: true,
  effects: 'none',
  validate: headerProblems,
  execute: async (context) => emission(context),
};

/** What templates make of headers is checked when the node runs. */
function headerProblems({ headers = {} }: Partial<RespondConfig>): ConfigProblem[] {
  const problems = Object.entries(headers).flatMap(([name, value]) => {
    const message = headerProblem(name, hasTemplate(value) ? '' : value);
    return message === null ? [] : [{ path: ['headers', name], code: 'INVALID_HEADER', message }];
  });
  if (Object.keys(headers).length <= MAX_HEADERS) return problems;
  const message = `Expected at most ${MAX_HEADERS} headers, got ${Object.keys(headers).length}.`;
  return [...problems, { path: ['headers'], code: 'INVALID', message }];
}

function emission({ config, input }: NodeContext<RespondConfig>): NodeEmission {
  const { status, headers } = config;
  for (const [name, value] of Object.entries(headers)) {
    const message = headerProblem(name, value);
    if (message !== null) throw new NodeFailure({ code: 'INVALID_HEADER', message });
  }
  const body = config.body === undefined ? input : config.body;
  const output: RespondOutput = { status, headers, body: isBodyless(status) ? null : body };
  return { handle: 'output', output };
}
