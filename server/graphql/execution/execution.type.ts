import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { ExecutionStatus as ExecutionStatusName, NodeStatus } from '../../journal/event.ts';
import type { ParentNode } from '../../nodes/children.ts';
import { DeadEdge } from '../execution-event/dead-edge.type.ts';
import { connectionOf } from '../relay/connection.ts';
import { NodeInterface } from '../relay/node.type.ts';
import { DateTimeScalar, JsonScalar, LabelsScalar } from '../scalars.ts';
import { Payload, UserError } from '../user-error/user-error.type.ts';
import { ExecutionStatus, NodeExecutionStatus, RetryAction, RetryReason } from './execution.enums.ts';
import { NodeError } from './node-error.type.ts';
import { PinnedFrom } from './pinned-from.type.ts';
import { Wait } from './wait.type.ts';

@ObjectType({ simpleResolvers: true, description: 'The part of a workflow that an execution runs.' })
export class PartialRun {
  @Field(() => [String], {
    description: 'The keys of the nodes that it starts at; empty where it starts at the beginning.',
  })
  from!: string[];

  @Field(() => [String], {
    description: 'The keys of the nodes that it runs to; empty where it runs to the end.',
  })
  to!: string[];

  @Field(() => ID, {
    nullable: true,
    description: 'The execution that pinned outputs are from; null where all were given.',
  })
  pinnedFrom!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description: 'One run of a version of a workflow, or of one Python node.',
})
export class Execution extends NodeInterface {
  @Field(() => String, { description: 'The key of its project.' })
  project!: string;

  @Field(() => ExecutionStatus, { description: 'Its status.' })
  status!: ExecutionStatusName;

  @Field(() => NodeError, { nullable: true, description: 'Why it FAILED; null in any other status.' })
  error!: NodeError | null;

  @Field(() => Wait, {
    nullable: true,
    description: 'While it is WAITING: the wait that ends first; null in any other status.',
  })
  wait!: Wait | null;

  @Field(() => PartialRun, {
    nullable: true,
    description: 'What it runs, where that is not the whole workflow; else null.',
  })
  partial!: PartialRun | null;

  @Field(() => Int, { description: 'Where several wait for a limit or a worker, 5 goes first and 1 last.' })
  priority!: number;

  @Field(() => LabelsScalar, {
    description: 'What it is found by: `labels` of its start, and of its workflow.',
  })
  labels!: Readonly<Record<string, string>>;

  @Field(() => DateTimeScalar, { description: 'When the execution was requested.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When a worker began it.' })
  startedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it reached a final status.' })
  finishedAt!: Date | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Milliseconds from `startedAt` to `finishedAt`; null until it has finished.',
  })
  durationMs!: number | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'The time of its `schedule` that it is for; null where no schedule started it.',
  })
  scheduledAt!: Date | null;

  /** For the relations; not part of the schema. */
  scheduleId!: string | null;
  webhookId!: string | null;
  workflowId!: string | null;
  versionNumber!: number | null;
  retryOfId!: string | null;
  parentNode!: ParentNode | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'The executions that were requested within a span of time.',
})
export class ExecutionStats {
  @Field(() => DateTimeScalar, { description: 'When the span begins.' })
  at!: Date;

  @Field(() => Int, { description: 'How many there are, of whatever status.' })
  count!: number;

  @Field(() => Int, { description: 'How many of them SUCCEEDED.' })
  succeeded!: number;

  @Field(() => Int, { description: 'How many of them FAILED.' })
  failed!: number;

  @Field(() => Int, { description: 'How many of them were CANCELED.' })
  canceled!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'The median of their durations, milliseconds; null where none has ended.',
  })
  medianDurationMs!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'What 95 of 100 took at most, milliseconds; null where none has ended.',
  })
  p95DurationMs!: number | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'One node in one execution; of a node that runs `forEach`, also each item.',
})
export class NodeExecution {
  @Field(() => String, { description: "The node's `key` in the workflow." })
  nodeKey!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'The index of the item, from 0; null for the node as a whole.',
  })
  item!: number | null;

  @Field(() => NodeExecutionStatus, { description: 'Its status.' })
  status!: NodeStatus;

  @Field(() => Int, { description: 'Attempts begun so far.' })
  attempt!: number;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'What the node emitted; null until it has SUCCEEDED.',
  })
  output!: unknown;

  @Field(() => String, {
    nullable: true,
    description: 'The output handle that the node emitted on; null until it has SUCCEEDED.',
  })
  handle!: string | null;

  @Field(() => NodeError, { nullable: true, description: 'Why its last attempt failed.' })
  error!: NodeError | null;

  @Field(() => [DeadEdge], {
    nullable: true,
    description: 'Why it was SKIPPED: the edges of the inputs that could not come; null in any other status.',
  })
  because!: readonly DeadEdge[] | null;

  @Field(() => PinnedFrom, {
    nullable: true,
    description: 'Where its output is from, where that was pinned; else null.',
  })
  pinned!: PinnedFrom | null;

  @Field(() => Boolean, {
    description: 'Whether it was SKIPPED because whoever started the execution left it out.',
  })
  isLeftOut!: boolean;

  @Field(() => Wait, {
    nullable: true,
    description: 'While it is WAITING: what it waits for; null in any other status.',
  })
  wait!: Wait | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When its first attempt began.' })
  startedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it reached a final status.' })
  finishedAt!: Date | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Milliseconds from `startedAt` to `finishedAt`; null until it has finished.',
  })
  durationMs!: number | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'The node, or the item of one, that started an execution.',
})
export class ExecutionParent {
  @Field(() => Execution, { description: 'The execution of the node.' })
  execution!: Execution;

  @Field(() => String, { description: "The node's `key` in its workflow." })
  nodeKey!: string;

  @Field(() => Int, { nullable: true, description: 'The index of the item, of a node that runs `forEach`.' })
  item!: number | null;
}

export const ExecutionConnection = connectionOf<Execution>('Execution', () => Execution);
export type ExecutionConnection = InstanceType<typeof ExecutionConnection>;

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `executionStart` answers.' })
export class ExecutionStartPayload extends Payload {
  @Field(() => Execution, {
    nullable: true,
    description: 'The execution, QUEUED or already further; null where there are userErrors.',
  })
  execution!: Execution | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `executionCancel` answers.' })
export class ExecutionCancelPayload extends Payload {
  @Field(() => Execution, {
    nullable: true,
    description: 'The execution, which ends within a second; null where there are userErrors.',
  })
  execution!: Execution | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `executionRetry` answers.' })
export class ExecutionRetryPayload extends Payload {
  @Field(() => Execution, {
    nullable: true,
    description: 'The new execution; null where there are userErrors.',
  })
  execution!: Execution | null;
}

@ObjectType({ simpleResolvers: true, description: 'Why executions were left as they are.' })
export class BulkRefusal {
  @Field(() => String, { description: 'The code of their userError.' })
  code!: string;

  @Field(() => Int, { description: 'How many it is.' })
  count!: number;

  @Field(() => String, { description: 'What is said of the first of them.' })
  message!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: Payload,
  description: 'What `executionsCancel` and `executionsRetry` answer.',
})
export class ExecutionsPayload extends Payload {
  @Field(() => Int, { description: 'How many there are, from `after` on, before anything was changed.' })
  matched!: number;

  @Field(() => Int, { description: 'How many were cancelled or retried by this request.' })
  changed!: number;

  @Field(() => Int, { description: 'How many were left as they are, such as those that ended meanwhile.' })
  refused!: number;

  @Field(() => [BulkRefusal], { description: 'Why, by code.' })
  refusals!: BulkRefusal[];

  @Field(() => ID, {
    nullable: true,
    description: 'Where the next request goes on (`after`); null where none is left.',
  })
  endCursor!: string | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `executionResume` answers.' })
export class ExecutionResumePayload extends Payload {
  @Field(() => Execution, {
    nullable: true,
    description: 'The execution, which goes on; null where there are userErrors.',
  })
  execution!: Execution | null;
}

@ObjectType({ simpleResolvers: true, description: 'What a retry does with one node.' })
export class RetryPlanNode {
  @Field(() => String, { description: "The node's `key`, in the version that the retry runs." })
  nodeKey!: string;

  @Field(() => RetryAction, { description: 'Whether it is reused or runs.' })
  action!: keyof typeof RetryAction;

  @Field(() => RetryReason, { nullable: true, description: 'Why it runs; null where it does not.' })
  reason!: keyof typeof RetryReason | null;

  @Field(() => [Int], {
    description: 'Of a node with `forEach` that runs: the indexes of the items whose output is reused.',
  })
  items!: number[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'What a retry would reuse and run.',
})
export class ExecutionRetryPlan {
  @Field(() => Int, {
    nullable: true,
    description: 'The version that it would run; null for a `pythonRun`, and where there are userErrors.',
  })
  versionNumber!: number | null;

  @Field(() => [RetryPlanNode], {
    description:
      'The nodes of that version, each after those that it follows; empty where there are userErrors.',
  })
  nodes!: RetryPlanNode[];

  @Field(() => [UserError], { description: 'Why it cannot be retried so; else empty.' })
  userErrors!: UserError[];
}
