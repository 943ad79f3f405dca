import { ArgsType, Field, ID, InputType } from 'type-graphql';
import { PageArgs } from '../relay/page.args.ts';
import { JsonScalar } from '../scalars.ts';
import { ApprovalDecisionKind, ApprovalStatus } from './approval.enums.ts';

@InputType({ description: 'Which approvals to list. Each field narrows the list.' })
export class ApprovalFilter {
  @Field(() => [ApprovalStatus], { nullable: true, description: 'Those that stand so.' })
  statuses?: (keyof typeof ApprovalStatus)[] | null;

  @Field(() => ID, { nullable: true, description: 'Those of executions of this workflow.' })
  workflowId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Those of this execution.' })
  executionId?: string | null;
}

@ArgsType()
export class ApprovalsArgs extends PageArgs {
  @Field(() => ApprovalFilter, { nullable: true, description: 'Which approvals to list; by default all.' })
  filter?: ApprovalFilter | null;
}

@InputType({ description: 'What one decides on an approval.' })
export class ApprovalResolveInput {
  @Field(() => ID, { description: 'The approval.' })
  id!: string;

  @Field(() => ApprovalDecisionKind, { description: 'Yes or no.' })
  decision!: keyof typeof ApprovalDecisionKind;

  @Field(() => JsonScalar, {
    nullable: true,
    description: "What was entered: must fit the approval's `form` where one approves.",
  })
  values?: unknown;

  @Field(() => String, { nullable: true, description: 'In their own words, at most 10000 characters.' })
  comment?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Who decides, for the record: 1 to 200 characters, as the client knows them. Needed where several must approve, each once.',
  })
  by?: string | null;
}
