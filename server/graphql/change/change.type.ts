import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { WaitReason as Reason, ExecutionStatus as Status } from '../../journal/event.ts';
import type { Severity } from '../../shared/severity.ts';
import type * as changes from '../../use-cases/changes/change.ts';
import { ApprovalDecisionKind } from '../approval/approval.enums.ts';
import { ExecutionStatus, WaitReason } from '../execution/execution.enums.ts';
import { ViolationSeverity } from '../execution-event/execution-event.enums.ts';
import { DateTimeScalar, LabelsScalar } from '../scalars.ts';
import { ChangeType } from './change.enums.ts';

@ObjectType({
  simpleResolvers: true,
  description:
    'Something that has happened to an execution. It has no input, output or code: read those from `execution`.',
})
export class Change {
  @Field(() => String, { description: 'A place in the feed, right after this change: for `after`.' })
  cursor!: string;

  @Field(() => ChangeType, { description: 'What has happened.' })
  type!: changes.ChangeType;

  @Field(() => DateTimeScalar, { description: 'When, by the clock of whichever server wrote it.' })
  occurredAt!: Date;

  @Field(() => ID, { description: 'To which execution.' })
  executionId!: string;

  @Field(() => Int, { description: 'The place of the event in the history of its execution, from 1.' })
  sequence!: number;

  @Field(() => ExecutionStatus, {
    nullable: true,
    description: 'What the execution had become by it; null for a change of another kind.',
  })
  status!: Status | null;

  @Field(() => ID, { nullable: true, description: 'Of which workflow; null for a `pythonRun`.' })
  workflowId!: string | null;

  @Field(() => String, { nullable: true, description: 'The key of that workflow, as it is now.' })
  workflowKey!: string | null;

  @Field(() => LabelsScalar, { nullable: true, description: 'The labels of the execution.' })
  labels!: changes.Change['labels'];

  @Field(() => String, { nullable: true, description: 'The node; null for a change of the whole execution.' })
  nodeKey!: string | null;

  @Field(() => Int, { nullable: true, description: 'The index of the item, of a node that runs `forEach`.' })
  item!: number | null;

  @Field(() => WaitReason, { nullable: true, description: 'What the execution waits for.' })
  waitReason!: Reason | null;

  @Field(() => String, { nullable: true, description: "The error's code, or the violation's rule." })
  code!: string | null;

  @Field(() => String, { nullable: true, description: 'The same for people, at most 1000 characters.' })
  message!: string | null;

  @Field(() => ViolationSeverity, { nullable: true, description: 'Of a violation.' })
  severity!: Severity | null;

  @Field(() => ApprovalDecisionKind, { nullable: true, description: 'What was decided on an approval.' })
  decision!: changes.Change['decision'];
}

@ObjectType({ simpleResolvers: true, description: 'Changes in their order, and where to go on.' })
export class ChangeBatch {
  @Field(() => [Change], { description: 'May be empty.' })
  changes!: Change[];

  @Field(() => String, {
    description:
      'For `after`: the next read begins there. Newer than the last change where others were filtered out.',
  })
  endCursor!: string;

  @Field(() => Boolean, { description: 'Whether the batch reached the end: what follows is live.' })
  caughtUp!: boolean;
}
