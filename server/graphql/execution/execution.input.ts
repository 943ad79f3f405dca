import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import type { CancelMode } from '../../engine/cancel.ts';
import type { FailureAction as FailureActionName } from '../../engine/step.ts';
import type { ExecutionStatus as ExecutionStatusName } from '../../journal/event.ts';
import type { RetryStrategy, RetryVersion } from '../../use-cases/retry.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DateTimeScalar, JsonScalar, LabelsScalar } from '../scalars.ts';
import {
  ExecutionCancelMode,
  ExecutionRetryStrategy,
  ExecutionRetryVersion,
  ExecutionStatus,
  FailureAction,
} from './execution.enums.ts';

@InputType({ description: 'An output that stands in for a node, which does not run.' })
export class PinnedOutputInput {
  @Field(() => String, { description: "The node's `key`." })
  nodeKey!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      'Of a node with `forEach`: the index of the item that the output stands in for, from 0; the others run.',
  })
  item?: number | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'What it emits; a list for a node with `forEach`, unless it is that of one `item`.',
  })
  output?: unknown;

  @Field(() => String, {
    nullable: true,
    description: 'The output handle that it emits on; by default its first.',
  })
  handle?: string | null;
}

@InputType({ description: 'What to run, and with what.' })
export class ExecutionStartInput {
  @Field(() => ID, { nullable: true, description: 'The workflow to run; or name it by its `workflowKey`.' })
  workflowId?: string | null;

  @Field(() => String, { nullable: true, description: 'The key of the workflow to run.' })
  workflowKey?: string | null;

  @Field(() => Int, { nullable: true, description: 'The version to run; by default the latest.' })
  versionNumber?: number | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      "The value that the workflow's input node emits. Must fit the workflow's `inputSchema`. With `pinnedFrom`, by default the input of that execution.",
  })
  input?: unknown;

  @Field(() => String, {
    nullable: true,
    description:
      '1 to 200 characters. A second start of the same workflow with the same key returns the first execution and starts nothing; with another input it is refused with IDEMPOTENCY_CONFLICT.',
  })
  idempotencyKey?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Seconds that the key counts, 1 to 31536000; after them it starts another execution. By default it counts for as long as its execution is kept.',
  })
  idempotencyTtlSeconds?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "How long this execution may take, milliseconds; by default what its workflow's `timeoutMs` says.",
  })
  timeoutMs?: number | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'Keys of nodes to start at, for a part of the workflow: they run, and all that follows them. What they read of other nodes has to be pinned. By default the whole workflow runs.',
  })
  from?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "Keys of nodes to run to: they run, and all that leads to them, as far as it is not pinned; nothing behind them runs. Their output is the execution's. The same key here and in `from` runs one node alone.",
  })
  to?: string[] | null;

  @Field(() => [PinnedOutputInput], {
    nullable: true,
    description:
      'Outputs that stand in for nodes, or for items of lists, which do not run; at most 64 MiB together.',
  })
  pinned?: PinnedOutputInput[] | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'With `from`: an execution of the same workflow, whose outputs are pinned for what is read of nodes that do not run and are not in `pinned`.',
  })
  pinnedFrom?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "1 to 5: where several executions wait for a limit or a worker, 5 goes first; by default the workflow's `priority`.",
  })
  priority?: number | null;

  @Field(() => LabelsScalar, {
    nullable: true,
    description: 'What the execution is found by, over the labels that the workflow makes of the input.',
  })
  labels?: Record<string, string> | null;
}

@InputType({ description: 'Which executions to list.' })
export class ExecutionFilter {
  @Field(() => ID, { nullable: true, description: 'Those of this workflow.' })
  workflowId?: string | null;

  @Field(() => [ExecutionStatus], { nullable: true, description: 'Those in one of these statuses.' })
  statuses?: ExecutionStatusName[] | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Those requested at this moment or later.' })
  createdAfter?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Those requested before this moment.' })
  createdBefore?: Date | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Those of which a node has failed and waits for somebody (`onFailure: PARK`); false for all others.',
  })
  isParked?: boolean | null;

  @Field(() => LabelsScalar, { nullable: true, description: 'Those that have all of these labels.' })
  labels?: Record<string, string> | null;

  @Field(() => ID, { nullable: true, description: 'Those that this schedule started.' })
  triggerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Those that failed with this code.' })
  errorCode?: string | null;

  @Field(() => String, { nullable: true, description: 'Those that failed at the node of this key.' })
  errorNodeKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Those whose error has all of these words in its message; "a phrase" in quotes, `or` between words, and -word for what it must not have.',
  })
  errorText?: string | null;

  @Field(() => Float, { nullable: true, description: 'Those that took so many milliseconds or more.' })
  minDurationMs?: number | null;

  @Field(() => Float, { nullable: true, description: 'Those that took less than so many milliseconds.' })
  maxDurationMs?: number | null;
}

@ArgsType()
export class ExecutionsArgs extends PageArgs {
  @Field(() => ExecutionFilter, {
    nullable: true,
    description: 'Which executions to list; by default all.',
  })
  filter?: ExecutionFilter | null;
}

@ArgsType()
export class ExecutionCountArgs {
  @Field(() => ExecutionFilter, {
    nullable: true,
    description: 'Which executions to count; by default all.',
  })
  filter?: ExecutionFilter | null;
}

@ArgsType()
export class WorkflowExecutionsArgs extends PageArgs {
  @Field(() => [ExecutionStatus], { nullable: true, description: 'Those in one of these statuses.' })
  statuses?: ExecutionStatusName[] | null;
}

@ArgsType()
export class ExecutionCancelArgs {
  @Field(() => ID, { description: 'The execution to end.' })
  id!: string;

  @Field(() => ExecutionCancelMode, { defaultValue: 'GRACEFUL', description: 'How running nodes are ended.' })
  mode!: CancelMode;
}

@ArgsType()
export class ExecutionRetryArgs {
  @Field(() => ID, { description: 'The former execution, which must have ended.' })
  id!: string;

  @Field(() => ExecutionRetryStrategy, {
    defaultValue: 'FROM_FAILURE',
    description: 'Which nodes run again.',
  })
  strategy!: RetryStrategy;

  @Field(() => ExecutionRetryVersion, {
    defaultValue: 'SAME',
    description: 'Which version of the workflow it runs.',
  })
  version!: RetryVersion;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      "The input, where it is another one than that of the former execution; must fit the workflow's `inputSchema`. Every node depends on it, so nothing is reused then.",
  })
  input?: unknown;
}

@ArgsType()
class BulkArgs {
  @Field(() => ExecutionFilter, { description: 'Which executions, as `executions` lists them.' })
  filter!: ExecutionFilter;

  @Field(() => Int, {
    defaultValue: 100,
    description: 'At most so many in this request: 1 to 500. `endCursor` says where to go on.',
  })
  first!: number;

  @Field(() => ID, {
    nullable: true,
    description: 'The `endCursor` of a former request: goes on with those that are older.',
  })
  after?: string | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether to count only: `matched` says how many there are, and nothing is changed.',
  })
  dryRun!: boolean;
}

@ArgsType()
export class ExecutionsCancelArgs extends BulkArgs {
  @Field(() => ExecutionCancelMode, { defaultValue: 'GRACEFUL', description: 'How running nodes are ended.' })
  mode!: CancelMode;
}

@ArgsType()
export class ExecutionsRetryArgs extends BulkArgs {
  @Field(() => ExecutionRetryStrategy, {
    defaultValue: 'FROM_FAILURE',
    description: 'Which nodes run again.',
  })
  strategy!: RetryStrategy;

  @Field(() => ExecutionRetryVersion, {
    defaultValue: 'SAME',
    description: 'Which version of its workflow each runs.',
  })
  version!: RetryVersion;

  @Field(() => String, {
    nullable: true,
    description: '1 to 100 characters. The same request with the same key starts no retry twice.',
  })
  idempotencyKey?: string | null;
}

@ArgsType()
export class ExecutionResumeArgs {
  @Field(() => ID, { description: 'The execution, of which a node waits after its failure.' })
  id!: string;

  @Field(() => FailureAction, { defaultValue: 'RETRY', description: 'What becomes of the failed nodes.' })
  action!: FailureActionName;

  @Field(() => ExecutionRetryVersion, {
    defaultValue: 'SAME',
    description:
      'Which version of the workflow goes on. With LATEST, what has run already must be the same in it.',
  })
  version!: RetryVersion;
}

@ArgsType()
export class ExecutionUpdatesArgs {
  @Field(() => ID, { nullable: true, description: 'Only those of this workflow.' })
  workflowId?: string | null;

  @Field(() => [ExecutionStatus], {
    nullable: true,
    description: 'Only those that are now in one of these statuses.',
  })
  statuses?: ExecutionStatusName[] | null;
}
