import { z } from 'zod';
import { LONGEST_WAIT_MS } from '../../shared/longest-wait.ts';
import type { Children } from '../children.ts';
import {
  type FieldMeta,
  type NodeContext,
  type NodeDefinition,
  NodeFailure,
  type NodeWait,
} from '../definition.ts';
import { childOutput, inspectWorkflow, startChild, whichWorkflow } from './subworkflow/child.ts';

const config = z.strictObject({
  ...whichWorkflow,
  until: z
    .string()
    .min(1)
    .meta({
      title: 'Until',
      description:
        'JSONata that is true when it is enough. It sees `output`, of the last run, and `count`, of the runs so far.',
      placeholder: 'output.next = null',
      widget: 'expression',
      language: 'jsonata',
      templated: false,
    } satisfies FieldMeta),
  input: z
    .string()
    .min(1)
    .optional()
    .meta({
      title: 'Input',
      description:
        'JSONata for the input of each run; it sees `output` and `count` too (null and 0 at first). Without it the first run gets the input of the node, and each further one the output of the one before.',
      placeholder: '{ "cursor": output.next }',
      widget: 'expression',
      language: 'jsonata',
      templated: false,
    } satisfies FieldMeta),
  maxRuns: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .meta({
      title: 'Runs at most',
      description: 'The node fails with REPEAT_LIMIT where so many were not enough.',
      widget: 'number',
    } satisfies FieldMeta),
  delayMs: z
    .int()
    .min(0)
    .max(LONGEST_WAIT_MS)
    .default(0)
    .meta({
      title: 'Pause',
      description: 'How long to wait between two runs.',
      widget: 'duration',
    } satisfies FieldMeta),
});

type Config = z.infer<typeof config>;

/** How far it is, in the journal with each wait. */
interface Progress {
  /** Runs that have ended. */
  count: number;
  /** Of the last of them. */
  output: unknown;
  /** The run that is waited for; null during the pause before the next. */
  executionId: string | null;
}

/** Runs another workflow again and again; see child.ts. */
export function makeRepeat(children: Children): NodeDefinition<Config> {
  return {
    type: 'repeat',
    version: 1,
    label: 'Repeat',
    description: 'Runs another workflow until a condition holds, and emits the output of its last run.',
    category: 'flow',
    config,
    inputs: [{ id: 'input', label: 'Input' }],
    outputs: () => [{ id: 'output', label: 'Output' }],
    canFail: true,
    effects: 'outside',
    startsExecutions: true,
    expressions: ({ until = '', input }) => [
      { path: ['until'], expression: until, sees: ['output', 'count'] },
      ...(input === undefined ? [] : [{ path: ['input'], expression: input, sees: ['output', 'count'] }]),
    ],
    inspect: (config, { project }) => inspectWorkflow(children, config, project),
    execute: (context) => runNext(children, context, { count: 0, output: null }),
    async resume(context, { data }) {
      const { executionId, ...done } = data as Progress;
      if (executionId === null) return runNext(children, context, done);
      const ended = await childOutput(children, executionId, context.signal);
      return ended === null
        ? untilEnd({ executionId, ...done })
        : judge(children, context, { count: done.count + 1, output: ended.output });
    },
  };
}

type Done = Omit<Progress, 'executionId'>;

async function runNext(children: Children, context: NodeContext<Config>, done: Done): Promise<NodeWait> {
  const { config, input, scope, evaluate } = context;
  const { count, output } = done;
  const next =
    config.input !== undefined
      ? await evaluate(config.input, { ...scope, ...done })
      : count === 0
        ? input
        : output;
  const executionId = await startChild(children, context, { input: next, part: count + 1, isAwaited: true });
  return untilEnd({ executionId, ...done });
}

async function judge(children: Children, context: NodeContext<Config>, done: Done) {
  const { config, scope, evaluate, emit, now } = context;
  const { count, output } = done;
  await emit({
    type: 'NodeProgress',
    current: count,
    total: null,
    unit: 'runs',
    message: null,
    source: 'progress',
  });
  const isEnough = await evaluate(config.until, { ...scope, ...done });
  if (isEnough === true) return { handle: 'output', output };
  if (count >= config.maxRuns) {
    const message = `\`until\` was not true after ${count} runs (\`maxRuns\`). Raise it, or change the condition.`;
    throw new NodeFailure({ code: 'REPEAT_LIMIT', message });
  }
  if (config.delayMs === 0) return runNext(children, context, done);
  const until = new Date(now().getTime() + config.delayMs);
  return {
    wait: { reason: 'DELAY' as const, until, data: { executionId: null, ...done } satisfies Progress },
  };
}

function untilEnd(progress: Progress): NodeWait {
  return { wait: { reason: 'EXECUTION', until: null, data: progress } };
}
