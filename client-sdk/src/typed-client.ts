import { makeClient, openLive, type WeftClient } from './client.ts';
import { WeftError } from './errors.ts';
import { executionErrorOf } from './execution-error.ts';
import { makeExecutions } from './executions.ts';
import type { Live } from './live.ts';
import type { ClientOptions } from './options.ts';
import type { RequestOptions } from './request.ts';
import { makeStartedRun, type RunMethods } from './run.ts';

/**
 * A workflow whose input, result and node outputs the compiler knows. `npx weft-client generate` writes the types from
 * the schemas of the workflows on a server.
 */
export interface TypedWorkflow<Input, Output, Nodes> {
  /** Of the workflow. */
  readonly id: string;
  /**
   * Starts it at once, and what this returns can be used at once: `await weft.workflows.report.run({ rows }).result()`.
   * What is wrong with the input is thrown by whatever is called on it.
   */
  run(...args: RunArguments<Input>): WorkflowRun<Output, Nodes>;
}

type RunArguments<Input> = unknown extends Input
  ? [input?: Input, options?: TypedRunOptions]
  : [input: Input, options?: TypedRunOptions];

export interface TypedRunOptions extends RequestOptions {
  /** A second start with the same key gives the first run. One is made where none is given. */
  idempotencyKey?: string;
}

/** A run of a workflow. */
export interface WorkflowRun<Output, Nodes> extends RunMethods<Output> {
  /** The id of its execution, once that is queued. */
  id(): Promise<string>;
  /**
   * What a node gave, as soon as it has.
   * @throws WeftExecutionError when the run failed or was canceled before
   * @throws WeftError NODE_HAS_NO_OUTPUT when it ended and the node was skipped
   */
  nodeOutput<Key extends keyof Nodes & string>(nodeKey: Key, options?: RequestOptions): Promise<Nodes[Key]>;
}

/** Where a workflow of a generated module is on the server. */
export interface WorkflowReference {
  workflowId: string;
  /** The latest where none is given. */
  versionNumber?: number;
}

/** What generated modules make their client with. */
export function createTypedClient<Workflows>(
  options: ClientOptions,
  references: Record<keyof Workflows, WorkflowReference>,
): WeftClient & { workflows: Workflows } {
  const live = openLive(options);
  const client = makeClient(live);
  const typed = Object.entries<WorkflowReference>(references).map(([name, reference]) => [
    name,
    typedWorkflow(live, reference),
  ]);
  return { ...client, workflows: { ...client.workflows, ...(Object.fromEntries(typed) as Workflows) } };
}

function typedWorkflow(live: Live, reference: WorkflowReference): TypedWorkflow<unknown, unknown, object> {
  const { start } = makeExecutions(live);
  return {
    id: reference.workflowId,
    run(input, { idempotencyKey, ...options } = {}) {
      const started = start({ ...reference, input, idempotencyKey }, options).then(({ id }) => id);
      const run = makeStartedRun<unknown>(live, started);
      return {
        ...run,
        nodeOutput: (nodeKey, requestOptions) => nodeOutput(run, nodeKey, requestOptions),
      };
    },
  };
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
    `Expected an output of node \`${nodeKey}\`, but the execution ended without one: the node was skipped, or failed on ` +
      'its error handle.',
  );
}

const nodeEndTypes = [
  'NodeSucceeded',
  'NodeReused',
  'ExecutionSucceeded',
  'ExecutionFailed',
  'ExecutionCanceled',
] as const;
