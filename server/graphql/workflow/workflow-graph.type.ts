import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { Join as JoinName, OnItemError as OnItemErrorName } from '../../nodes/draft.ts';
import { JsonScalar } from '../scalars.ts';
import { Join, OnItemError } from './workflow.enums.ts';

@ObjectType({ simpleResolvers: true, description: 'Where an editor draws a node.' })
export class Position {
  @Field(() => Float, { description: 'To the right.' })
  x!: number;

  @Field(() => Float, { description: 'Downwards.' })
  y!: number;
}

@ObjectType({ simpleResolvers: true, description: 'How often a node is attempted before it has failed.' })
export class RetryPolicy {
  @Field(() => Int, { description: 'Attempts in all, the first included.' })
  maxAttempts!: number;

  @Field(() => Int, { description: 'Milliseconds before the second attempt.' })
  initialDelayMs!: number;

  @Field(() => Float, { description: 'Each further wait is this many times the one before.' })
  backoffFactor!: number;

  @Field(() => Int, { description: 'The longest wait, milliseconds.' })
  maxDelayMs!: number;

  @Field(() => [String], {
    description:
      "The error codes worth another attempt, such as PYTHON_TIMEOUT or PYTHON_SERVICE_ERROR: those of `NodeError`, not names of Python's exceptions. Where empty, every error that is `retryable`; PYTHON_EXECUTION_ERROR is.",
  })
  retryOn!: string[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'Runs a node once for each item of a list; its output is the list of the results, in order.',
})
export class ForEach {
  @Field(() => String, { description: 'A JSONata expression whose value is the list.' })
  items!: string;

  @Field(() => Int, { description: 'How many items run at once.' })
  concurrency!: number;

  @Field(() => Int, {
    description: 'How many items of a Python node may run in one sandbox, one after another.',
  })
  batch!: number;

  @Field(() => OnItemError, {
    description: 'What an item that has failed, after its retries, means for the list.',
  })
  onItemError!: OnItemErrorName;
}

@ObjectType({ simpleResolvers: true, description: 'A node of a workflow.' })
export class WorkflowNode {
  @Field(() => String, {
    description: 'Unique in the workflow; edges, events and `{{ nodes.<key>.output }}` name it.',
  })
  key!: string;

  @Field(() => String, { description: 'The `type` of a node definition.' })
  type!: string;

  @Field(() => String, { nullable: true, description: 'For people.' })
  name!: string | null;

  @Field(() => JsonScalar, { nullable: true, description: "Fits the definition's `configSchema`." })
  config!: unknown;

  @Field(() => Position, { nullable: true, description: 'Where an editor draws the node.' })
  position!: Position | null;

  @Field(() => Join, {
    description:
      'What the node waits for where several edges end. ANY in versions that were saved before nodes had a join.',
  })
  join!: JoinName;

  @Field(() => RetryPolicy, {
    nullable: true,
    description: 'How often the node is attempted; null for once.',
  })
  retry!: RetryPolicy | null;

  @Field(() => ForEach, {
    nullable: true,
    description: 'Set where the node runs once for each item of a list.',
  })
  forEach!: ForEach | null;
}

@ObjectType({ simpleResolvers: true, description: 'Carries the output of one node to another.' })
export class WorkflowEdge {
  @Field(() => String, { description: 'The key of the node where the edge begins.' })
  source!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The output handle where the edge begins; by default the first of the node.',
  })
  sourceHandle!: string | null;

  @Field(() => String, { description: 'The key of the node where the edge ends.' })
  target!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The input that the edge leads to, which names its value where several edges end. Edges with the same name are alternatives for one input; without a name an edge is an input of its own, by the key of its source.',
  })
  targetHandle!: string | null;
}
