import { Field, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../relay/connection.ts';
import { NodeInterface } from '../relay/node.type.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';
import { Payload } from '../user-error/user-error.type.ts';
import { ApprovalDecisionKind, ApprovalStatus } from './approval.enums.ts';

@ObjectType({ simpleResolvers: true, description: 'What one of those who were asked has decided.' })
export class ApprovalDecision {
  @Field(() => ApprovalDecisionKind, { description: 'What was decided.' })
  decision!: keyof typeof ApprovalDecisionKind;

  @Field(() => String, {
    nullable: true,
    description: 'Who decided, as the client that sent the decision names them; null where it names nobody.',
  })
  by!: string | null;

  @Field(() => String, { description: 'Who sent the decision to the API.' })
  principal!: string;

  @Field(() => JsonScalar, { nullable: true, description: 'What was entered in the form.' })
  values!: unknown;

  @Field(() => String, { nullable: true, description: 'In their own words.' })
  comment!: string | null;

  @Field(() => DateTimeScalar, { description: 'When it was decided.' })
  at!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description: 'What a node of the type `approval` asks people; its execution waits for what they decide.',
})
export class Approval extends NodeInterface {
  @Field(() => ApprovalStatus, { description: 'How it stands.' })
  status!: keyof typeof ApprovalStatus;

  @Field(() => String, { description: 'What is asked, in a line.' })
  title!: string;

  @Field(() => String, { nullable: true, description: 'What one has to know to decide.' })
  text!: string | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'A JSON Schema of what one enters who approves; null where there is nothing to enter.',
  })
  form!: unknown;

  @Field(() => Int, { description: 'How many must approve.' })
  required!: number;

  @Field(() => [ApprovalDecision], { description: 'What was decided so far, in order.' })
  decisions!: ApprovalDecision[];

  @Field(() => String, { description: 'The `key` of the node that asks, in its workflow.' })
  nodeKey!: string;

  @Field(() => Int, { nullable: true, description: 'The index of the item, of a node that runs `forEach`.' })
  item!: number | null;

  @Field(() => DateTimeScalar, { description: 'When it was opened.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Until when one can decide; null where there is no limit.',
  })
  expiresAt!: Date | null;

  /** For the relation; not part of the schema. */
  executionId!: string;
}

export const ApprovalConnection = connectionOf<Approval>('Approval', () => Approval);
export type ApprovalConnection = InstanceType<typeof ApprovalConnection>;

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `approvalResolve` answers.' })
export class ApprovalResolvePayload extends Payload {
  @Field(() => Approval, {
    nullable: true,
    description: 'The approval with the decision; null where there are userErrors.',
  })
  approval!: Approval | null;
}
