import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import type {
  Join as JoinName,
  OnFailure as OnFailureName,
  OnItemError as OnItemErrorName,
} from '../../nodes/draft.ts';
import type { PythonPolicy as PythonPolicyName } from '../../sandbox/backend.ts';
import { PythonPolicy } from '../python/python.enums.ts';
import { PageArgs } from '../relay/page.args.ts';
import { JsonScalar } from '../scalars.ts';
import { ConcurrencyInput, DebounceInput, RateInput } from './limits.input.ts';
import { RetentionInput } from './retention.input.ts';
import { Join, OnFailure, OnItemError } from './workflow.enums.ts';

@InputType({ description: 'Where an editor draws a node.' })
export class PositionInput {
  @Field(() => Float, { description: 'To the right.' })
  x!: number;

  @Field(() => Float, { description: 'Downwards.' })
  y!: number;
}

@InputType({ description: 'How often a node is attempted before it has failed.' })
export class RetryPolicyInput {
  @Field(() => Int, { defaultValue: 3, description: 'Attempts in all, the first included: 1 to 20.' })
  maxAttempts!: number;

  @Field(() => Int, {
    defaultValue: 1_000,
    description: 'Milliseconds before the second attempt: 0 to 3600000.',
  })
  initialDelayMs!: number;

  @Field(() => Float, {
    defaultValue: 2,
    description: 'Each further wait is this many times the one before: 1 to 10.',
  })
  backoffFactor!: number;

  @Field(() => Int, { defaultValue: 60_000, description: 'The longest wait, milliseconds: 0 to 3600000.' })
  maxDelayMs!: number;

  @Field(() => [String], {
    defaultValue: [],
    description:
      "The error codes worth another attempt, such as PYTHON_TIMEOUT or PYTHON_SERVICE_ERROR: those of `NodeError`, not names of Python's exceptions. Where empty, every error that is `retryable`; PYTHON_EXECUTION_ERROR is.",
  })
  retryOn!: string[];
}

@InputType({
  description: 'Runs a node once for each item of a list; its output is the list of the results, in order.',
})
export class ForEachInput {
  @Field(() => String, {
    description:
      'A JSONata expression whose value is the list, such as `input.rows`. Expressions of the node then read `item`, `index` and `nodeInput`, the input of the node as a whole.',
  })
  items!: string;

  @Field(() => Int, { defaultValue: 10, description: 'How many items run at once: 1 to 100.' })
  concurrency!: number;

  @Field(() => Int, {
    defaultValue: 100,
    description:
      'How many items of a Python node may run in one sandbox, one after another: 1 to 1000. Each has a namespace, output, error and time limit of its own; what modules keep stays for the items after it. With 1, each item has a sandbox of its own.',
  })
  batch!: number;

  @Field(() => OnItemError, {
    defaultValue: 'FAIL',
    description: 'What an item that has failed, after its retries, means for the list.',
  })
  onItemError!: OnItemErrorName;
}

@InputType({ description: 'A node of a workflow.' })
export class WorkflowNodeInput {
  @Field(() => String, { description: 'Unique in the workflow: 1 to 64 letters, digits, _ and -.' })
  key!: string;

  @Field(() => String, { description: 'The `type` of a node definition, such as `python`.' })
  type!: string;

  @Field(() => String, { nullable: true, description: 'For people.' })
  name?: string | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      "Fits the definition's `configSchema`. Strings in it may hold `{{ … }}`: a JSONata expression over `input`, `nodes.<key>.output` and `execution`.",
  })
  config?: unknown;

  @Field(() => PositionInput, { nullable: true, description: 'Where an editor draws the node.' })
  position?: PositionInput | null;

  @Field(() => Join, {
    defaultValue: 'ALL',
    description:
      'What the node waits for where several edges end; of no effect where the type of the node decides it (`merge`).',
  })
  join!: JoinName;

  @Field(() => RetryPolicyInput, {
    nullable: true,
    description: 'How often the node is attempted, with `forEach` each item separately; by default once.',
  })
  retry?: RetryPolicyInput | null;

  @Field(() => ForEachInput, { nullable: true, description: 'Runs the node once for each item of a list.' })
  forEach?: ForEachInput | null;
}

@InputType({ description: 'Carries the output of one node to another.' })
export class WorkflowEdgeInput {
  @Field(() => String, { description: 'The key of the node where the edge begins.' })
  source!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The output handle where the edge begins, such as `true` or `error`; by default the first of the node.',
  })
  sourceHandle?: string | null;

  @Field(() => String, { description: 'The key of the node where the edge ends.' })
  target!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The input that the edge leads to, which names its value where several edges end. Edges with the same name are alternatives for one input; without a name an edge is an input of its own, by the key of its source.',
  })
  targetHandle?: string | null;
}

@InputType({ description: 'A workflow as its author writes it.' })
export class WorkflowInput {
  @Field(() => String, { description: 'Of 1 to 200 characters.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'For people.' })
  description?: string | null;

  @Field(() => [WorkflowNodeInput], { description: 'Its nodes: 1 to 1000.' })
  nodes!: WorkflowNodeInput[];

  @Field(() => [WorkflowEdgeInput], {
    defaultValue: [],
    description: 'The edges between them: at most 5000, without a circle.',
  })
  edges!: WorkflowEdgeInput[];

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'A JSON Schema (2020-12) that the input of an execution must fit.',
  })
  inputSchema?: unknown;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      'A JSON Schema (2020-12) that the output of an execution must fit; where it does not, the execution fails with OUTPUT_INVALID.',
  })
  outputSchema?: unknown;

  @Field(() => Float, {
    nullable: true,
    description:
      'How long an execution may take from its start, waits included, milliseconds: 1000 to 315360000000 (ten years). Then it fails with EXECUTION_TIMEOUT. By default it may take as long as it does.',
  })
  timeoutMs?: number | null;

  @Field(() => OnFailure, {
    defaultValue: 'FAIL',
    description: 'What the failure of a node means where no edge leads from its `error` handle.',
  })
  onFailure!: OnFailureName;

  @Field(() => PythonPolicy, {
    nullable: true,
    description:
      "What the code of its Python nodes may do, never more than the server's PYTHON_POLICY, which it is by default.",
  })
  pythonPolicy?: PythonPolicyName | null;

  @Field(() => ConcurrencyInput, {
    nullable: true,
    description: 'How many of its executions are under way at once; by default as many as workers take.',
  })
  concurrency?: ConcurrencyInput | null;

  @Field(() => RateInput, {
    nullable: true,
    description: 'How many of its executions are admitted within a time; by default as many as are started.',
  })
  rate?: RateInput | null;

  @Field(() => DebounceInput, {
    nullable: true,
    description: 'Lets starts that follow each other closely become one execution.',
  })
  debounce?: DebounceInput | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Of its executions, 1 to 5: where several wait for a limit or a worker, 5 goes first. By default 3, and of an execution that a node starts that of its starter.',
  })
  priority?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'JSONata over `input` whose value is an object with the labels of each execution, such as `{ "customer": input.customer.id }`; what is missing is left out.',
  })
  labels?: string | null;

  @Field(() => RetentionInput, {
    nullable: true,
    description:
      "How long its executions are kept once they have ended; by default as the server's settings say.",
  })
  retention?: RetentionInput | null;
}

@InputType({ description: 'Which workflows to list.' })
export class WorkflowFilter {
  @Field(() => String, { nullable: true, description: 'Those whose name or key contains this text.' })
  search?: string | null;
}

@ArgsType()
export class WorkflowsArgs extends PageArgs {
  @Field(() => WorkflowFilter, {
    nullable: true,
    description: 'Which workflows to list; by default all.',
  })
  filter?: WorkflowFilter | null;
}

@ArgsType()
export class WorkflowArgs {
  @Field(() => ID, { nullable: true, description: 'Its id; or its `key`.' })
  id?: string | null;

  @Field(() => String, { nullable: true, description: 'Its key; or its `id`.' })
  key?: string | null;
}

const KEY = '1 to 64 lower-case letters, digits and `-`, such as `monthly-report`';

@ArgsType()
export class WorkflowCreateArgs {
  @Field(() => WorkflowInput, { description: 'The workflow as a whole.' })
  input!: WorkflowInput;

  @Field(() => String, {
    nullable: true,
    description: `Its key: ${KEY}. By default one is made of its name.`,
  })
  key?: string | null;
}

@ArgsType()
export class WorkflowUpsertArgs {
  @Field(() => String, { description: `The key of the workflow: ${KEY}.` })
  key!: string;

  @Field(() => WorkflowInput, { description: 'The workflow as a whole.' })
  input!: WorkflowInput;

  @Field(() => Int, {
    nullable: true,
    description:
      'The number of the version that the author has seen last, 0 where there was no workflow of this key: where that is no longer so, nothing is saved and the userError is CONFLICT.',
  })
  expectedVersion?: number | null;
}

@ArgsType()
export class WorkflowRenameArgs {
  @Field(() => ID, { description: 'The workflow to give another key.' })
  id!: string;

  @Field(() => String, { description: `Its new key: ${KEY}.` })
  key!: string;
}

@ArgsType()
export class WorkflowUpdateArgs {
  @Field(() => ID, { description: 'The workflow to change.' })
  id!: string;

  @Field(() => WorkflowInput, { description: 'The workflow as a whole, as its next version.' })
  input!: WorkflowInput;

  @Field(() => Int, {
    nullable: true,
    description:
      'The number of the version that the author changed: where the workflow has a later one, nothing is saved and the userError is CONFLICT.',
  })
  expectedVersion?: number | null;
}
