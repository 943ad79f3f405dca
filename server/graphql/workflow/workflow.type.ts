import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { OnFailure as OnFailureName } from '../../nodes/draft.ts';
import type { PythonPolicy as PythonPolicyName } from '../../sandbox/backend.ts';
import { enumOf } from '../enum-of.ts';
import { PythonPolicy } from '../python/python.enums.ts';
import { connectionOf } from '../relay/connection.ts';
import { NodeInterface } from '../relay/node.type.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';
import { Payload, UserError } from '../user-error/user-error.type.ts';
import { Concurrency, Debounce, Rate } from './limits.type.ts';
import { Retention } from './retention.type.ts';
import { OnFailure } from './workflow.enums.ts';
import { WorkflowEdge, WorkflowNode } from './workflow-graph.type.ts';

@ObjectType({
  simpleResolvers: true,
  description:
    'A workflow as it was saved at one time. A version never changes: an execution runs one version to its end.',
})
export class WorkflowVersion {
  @Field(() => Int, { description: 'Counts 1, 2, 3 … within the workflow.' })
  number!: number;

  @Field(() => String, { description: 'The name of the workflow in this version.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'The description of the workflow in this version.' })
  description!: string | null;

  @Field(() => [WorkflowNode], { description: 'Its nodes.' })
  nodes!: WorkflowNode[];

  @Field(() => [WorkflowEdge], { description: 'The edges between them.' })
  edges!: WorkflowEdge[];

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'The JSON Schema that the input of an execution must fit; null where any input is accepted.',
  })
  inputSchema!: unknown;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      'The JSON Schema that the output of an execution must fit, or the execution fails with OUTPUT_INVALID; null where any output is accepted.',
  })
  outputSchema!: unknown;

  @Field(() => Float, {
    nullable: true,
    description:
      'How long an execution may take from its start, milliseconds, before it fails with EXECUTION_TIMEOUT; null for as long as it does.',
  })
  timeoutMs!: number | null;

  @Field(() => OnFailure, {
    description: 'What the failure of a node means where no edge leads from its `error` handle.',
  })
  onFailure!: OnFailureName;

  @Field(() => PythonPolicy, {
    nullable: true,
    description:
      "What its author lets the code of its Python nodes do, at most; where PYTHON_POLICY of the server is stricter, that holds. Null for the server's.",
  })
  pythonPolicy!: PythonPolicyName | null;

  @Field(() => Concurrency, {
    nullable: true,
    description: 'How many executions are under way at once; null for as many as workers take.',
  })
  concurrency!: Concurrency | null;

  @Field(() => Rate, {
    nullable: true,
    description: 'How many executions are admitted within a time; null for as many as are started.',
  })
  rate!: Rate | null;

  @Field(() => Debounce, {
    nullable: true,
    description: 'Which starts become one execution; null where each is one.',
  })
  debounce!: Debounce | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The priority of executions, 1 to 5, of which 5 goes first; null for the default.',
  })
  priority!: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'JSONata over `input` whose value has the labels of executions; null for none.',
  })
  labels!: string | null;

  @Field(() => Retention, {
    nullable: true,
    description:
      "How long executions are kept once they have ended; null for what the server's settings say.",
  })
  retention!: Retention | null;

  @Field(() => DateTimeScalar, { description: 'When the version was saved.' })
  createdAt!: Date;

  /** For the relation; not part of the schema. */
  workflowId!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description: 'A graph of nodes that can be run.',
})
export class Workflow extends NodeInterface {
  @Field(() => String, { description: 'The key of its project.' })
  project!: string;

  @Field(() => String, {
    description:
      'A readable name that no other workflow of its project has. It stays when the workflow is renamed for people, so that programs can name the workflow by it.',
  })
  key!: string;

  @Field(() => String, { description: 'The name of its latest version.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'The description of its latest version.' })
  description!: string | null;

  @Field(() => WorkflowVersion, { description: 'The latest version.' })
  latestVersion!: WorkflowVersion;

  @Field(() => DateTimeScalar, { description: 'When its first version was saved.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When its latest version was saved.' })
  updatedAt!: Date;
}

export const WorkflowConnection = connectionOf<Workflow>('Workflow', () => Workflow);
export type WorkflowConnection = InstanceType<typeof WorkflowConnection>;

export const WorkflowVersionConnection = connectionOf<WorkflowVersion>(
  'WorkflowVersion',
  () => WorkflowVersion,
);
export type WorkflowVersionConnection = InstanceType<typeof WorkflowVersionConnection>;

const WARNINGS =
  'What the author should know, though the workflow can be saved and run: a path to a field that is known to be missing.';

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `workflowCreate`.' })
export class WorkflowCreatePayload extends Payload {
  @Field(() => [UserError], { description: WARNINGS })
  warnings!: UserError[];

  @Field(() => Workflow, {
    nullable: true,
    description: 'The new workflow; null where there are userErrors.',
  })
  workflow!: Workflow | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `workflowUpdate`.' })
export class WorkflowUpdatePayload extends Payload {
  @Field(() => [UserError], { description: WARNINGS })
  warnings!: UserError[];

  @Field(() => Workflow, {
    nullable: true,
    description: 'The workflow with its new version; null where there are userErrors.',
  })
  workflow!: Workflow | null;
}

export const WorkflowChange = enumOf(['CREATED', 'UPDATED', 'UNCHANGED']);

registerEnumType(WorkflowChange, {
  name: 'WorkflowChange',
  description: 'What `workflowUpsert` did.',
  valuesConfig: {
    CREATED: { description: 'There was no workflow of this key.' },
    UPDATED: { description: 'The workflow has a new version.' },
    UNCHANGED: { description: 'The latest version says the same already.' },
  },
});

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `workflowUpsert`.' })
export class WorkflowUpsertPayload extends Payload {
  @Field(() => [UserError], { description: WARNINGS })
  warnings!: UserError[];

  @Field(() => Workflow, {
    nullable: true,
    description: 'The workflow as it is now; null where there are userErrors.',
  })
  workflow!: Workflow | null;

  @Field(() => WorkflowChange, {
    nullable: true,
    description: 'What was done; null where there are userErrors.',
  })
  change!: keyof typeof WorkflowChange | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: Payload,
  description: 'What `workflowUpsert` would do with the same arguments.',
})
export class WorkflowUpsertPlan extends Payload {
  @Field(() => [UserError], { description: WARNINGS })
  warnings!: UserError[];

  @Field(() => Workflow, {
    nullable: true,
    description: 'The workflow of this key as it is; null where there is none.',
  })
  workflow!: Workflow | null;

  @Field(() => WorkflowChange, {
    nullable: true,
    description: 'What would be done; null where there are userErrors.',
  })
  change!: keyof typeof WorkflowChange | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `workflowRename`.' })
export class WorkflowRenamePayload extends Payload {
  @Field(() => Workflow, {
    nullable: true,
    description: 'The workflow with its new key; null where there are userErrors.',
  })
  workflow!: Workflow | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `workflowDelete`.' })
export class WorkflowDeletePayload extends Payload {
  @Field(() => ID, {
    nullable: true,
    description: 'The id of the deleted workflow; null where there are userErrors.',
  })
  deletedWorkflowId!: string | null;
}
