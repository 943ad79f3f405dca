import { z } from 'zod';
import type { Children } from '../children.ts';
import type { FieldMeta, NodeDefinition, NodeWait } from '../definition.ts';
import { childOutput, inspectWorkflow, startChild, whichWorkflow } from './subworkflow/child.ts';

const config = z.strictObject({
  ...whichWorkflow,
  input: z
    .json()
    .optional()
    .meta({
      title: 'Input',
      description: 'What the workflow gets; its strings may be templates. Without it the input of the node.',
      widget: 'json',
      language: 'json',
    } satisfies FieldMeta),
  wait: z
    .boolean()
    .default(true)
    .meta({
      title: 'Wait for its end',
      description:
        'The output is then that of the workflow, and its failure fails the node. Else it is `{ executionId }`, at once.',
    } satisfies FieldMeta),
});

type Config = z.infer<typeof config>;

/** Starts another workflow; see child.ts. */
export function makeSubworkflow(children: Children): NodeDefinition<Config> {
  return {
    type: 'subworkflow',
    version: 1,
    label: 'Sub-workflow',
    description:
      'Runs another workflow and emits its output. Waiting for it holds nothing. With `forEach`, one for each item.',
    category: 'flow',
    config,
    inputs: [{ id: 'input', label: 'Input' }],
    outputs: () => [{ id: 'output', label: 'Output' }],
    canFail: true,
    effects: 'outside',
    startsExecutions: true,
    inspect: (config, { project }) => inspectWorkflow(children, config, project),
    async execute(context) {
      const { config, input } = context;
      const started = { input: config.input === undefined ? input : config.input, part: 1 };
      const executionId = await startChild(children, context, { ...started, isAwaited: config.wait });
      return config.wait ? untilEnd(executionId) : { handle: 'output', output: { executionId } };
    },
    async resume({ signal }, { data }) {
      const { executionId } = data as { executionId: string };
      const ended = await childOutput(children, executionId, signal);
      return ended === null ? untilEnd(executionId) : { handle: 'output', ...ended };
    },
  };
}

function untilEnd(executionId: string): NodeWait {
  return { wait: { reason: 'EXECUTION', until: null, data: { executionId } } };
}
