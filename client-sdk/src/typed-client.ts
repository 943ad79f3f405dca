import { makeClient, type WeftClient } from './client.ts';
import { type ClientContext, openContext } from './context.ts';
import { WeftError } from './errors.ts';
import { executionErrorOf } from './execution-error.ts';
import { makeExecutions } from './executions.ts';
import type { ClientOptions } from './options.ts';
import type { RequestOptions } from './request.ts';
import { makePendingRun, type RunMethods } from './run.ts';

/**
 * A workflow whose input, result and node outputs the compiler knows. `npx weft-client generate` writes the types from
 * the schemas of the workflows on a server.
 */
export interface TypedWorkflow<Input, Output, Nodes> {
  /** The workflow's key; of a module that an earlier version has generated, its id. */
  readonly key: string;
  /**
   * Starts the workflow. The run can be used before the server has answered:
   * `await weft.workflows.report.run({ rows }).result()`. Faults of the input are thrown by the run's methods.
   */
  run(...args: RunArguments<Input, Nodes>): WorkflowRun<Output, Nodes>;
}

type RunArguments<Input, Nodes> = unknown extends Input
  ? [input?: Input, options?: TypedRunOptions<Nodes>]
  :
      | [input: Input | undefined, options: TypedRunOptions<Nodes> & { pinnedFrom: string }]
      | [input: Input, options?: TypedRunOptions<Nodes>];

export interface TypedRunOptions<Nodes = Record<string, unknown>> extends RequestOptions {
  /**
   * A second start with the same key returns the first run, and with another input it throws IDEMPOTENCY_CONFLICT. The
   * client makes a key unless one is given.
   */
  idempotencyKey?: string;
  /** Seconds that the key counts; without it as long as its execution is kept. */
  idempotencyTtlSeconds?: number;
  /** For a part of the workflow: the nodes to start at. They run, and all that follows them. */
  from?: readonly (keyof Nodes & string)[];
  /** The nodes to run to: nothing behind them runs. Their output is the run's. */
  to?: readonly (keyof Nodes & string)[];
  /** Outputs that stand in for nodes, which do not run. */
  pinned?: readonly PinnedOutput<Nodes>[];
  /** With `from`: the execution whose outputs stand in for the other nodes that do not run, and whose input it has unless given. */
  pinnedFrom?: string;
}

/** `handle` is the first of the node unless given. */
export type PinnedOutput<Nodes> = {
  [Key in keyof Nodes & string]: { nodeKey: Key; output: Nodes[Key]; handle?: string };
}[keyof Nodes & string];

/** A run of a workflow. */
export interface WorkflowRun<Output, Nodes> extends RunMethods<Output> {
  /** Resolves to the id of the run's execution, once that is queued. */
  id(): Promise<string>;
  /**
   * The output of one node, as soon as the node has succeeded.
   * @throws WeftExecutionError when the run failed or was canceled before that
   * @throws WeftError NODE_HAS_NO_OUTPUT when the run ended and the node has no output, such as a skipped node
   */
  nodeOutput<Key extends keyof Nodes & string>(nodeKey: Key, options?: RequestOptions): Promise<Nodes[Key]>;
}

/** The workflow on the server that a generated property runs. */
export type WorkflowReference = (
  | { workflowKey: string; workflowId?: never }
  | { workflowId: string; workflowKey?: never }
) & {
  /** The latest version unless given. */
  versionNumber?: number;
};

/** Makes the client of a generated module. */
export function createTypedClient<Workflows>(
  options: ClientOptions,
  references: Record<keyof Workflows, WorkflowReference>,
): WeftClient & { workflows: Workflows } {
  const context = openContext(options);
  const client = makeClient(context);
  const typed = Object.entries<WorkflowReference>(references).map(([name, reference]) => [
    name,
    typedWorkflow(context, reference),
  ]);
  return { ...client, workflows: { ...client.workflows, ...(Object.fromEntries(typed) as Workflows) } };
}

function typedWorkflow(
  context: ClientContext,
  reference: WorkflowReference,
): TypedWorkflow<unknown, unknown, object> {
  const { start } = makeExecutions(context);
  return {
    key: reference.workflowKey ?? reference.workflowId,
    run(input, { idempotencyKey, idempotencyTtlSeconds, from, to, pinned, pinnedFrom, ...options } = {}) {
      const key = { idempotencyKey, idempotencyTtlSeconds };
      const part = { from: listOf(from), to: listOf(to), pinned: listOf(pinned), pinnedFrom };
      const started = start({ ...reference, input, ...key, ...part }, options).then(({ id }) => id);
      const run = makePendingRun<unknown>(context, started);
      return {
        ...run,
        nodeOutput: (nodeKey, requestOptions) => nodeOutput(run, nodeKey, requestOptions),
      };
    },
  };
}

function listOf<T>(list: readonly T[] | undefined): T[] | undefined {
  return list && [...list];
}

async function nodeOutput(
  { events, id }: Pick<WorkflowRun<unknown, object>, 'events' | 'id'>,
  nodeKey: string,
  { signal }: RequestOptions = {},
): Promise<never> {
  for await (const event of events({ types: nodeEndTypes, nodeKeys: [nodeKey], signal })) {
    if (event.type === 'ExecutionFailed' || event.type === 'ExecutionCanceled')
      throw executionErrorOf(await id(), event);
    if (event.type !== 'ExecutionSucceeded' && event.item === null) return event.output as never;
  }
  throw new WeftError(
    'NODE_HAS_NO_OUTPUT',
    `Expected an output of node \`${nodeKey}\`, but the execution ended without one: ` +
      'the node was skipped, or failed on its error handle.',
  );
}

const nodeEndTypes = [
  'NodeSucceeded',
  'NodeReused',
  'ExecutionSucceeded',
  'ExecutionFailed',
  'ExecutionCanceled',
] as const;
