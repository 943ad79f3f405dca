import { ArgsType, Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { auditOutcomes } from '../../security/audit-log.ts';
import { enumOf } from '../enum-of.ts';
import { connectionOf } from '../relay/connection.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';

export const AuditOutcome = enumOf(auditOutcomes);
registerEnumType(AuditOutcome, {
  name: 'AuditOutcome',
  description: 'What became of an operation.',
  valuesConfig: {
    DONE: { description: 'It was done.' },
    REFUSED: { description: 'Its input was refused, and nothing was changed.' },
    FORBIDDEN: { description: 'Whoever asked may not do it.' },
    FAILED: { description: 'It ended with an error.' },
  },
});

@ObjectType({
  description: 'What somebody did, or tried to do: a line of the audit trail, which never changes.',
})
export class AuditedOperation {
  @Field(() => ID, { description: 'Its id.' })
  id!: string;

  @Field(() => DateTimeScalar, { description: 'When.' })
  occurredAt!: Date;

  @Field(() => String, {
    description: 'Who: the id of a token, `api-token` for WEFT_API_TOKEN, or `anonymous`.',
  })
  principal!: string;

  @Field(() => String, { description: 'The key of the project in which it acted.' })
  project!: string;

  @Field(() => String, { description: 'Its name at that time.' })
  principalName!: string;

  @Field(() => String, { description: 'What: the name of the mutation, or `POST /files`.' })
  operation!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The id of what it was done to, or of what it made; null for many at once, and for nothing.',
  })
  target!: string | null;

  @Field(() => AuditOutcome, { description: 'What became of it.' })
  outcome!: keyof typeof AuditOutcome;

  @Field(() => String, { nullable: true, description: 'The code of what was wrong; null where it was DONE.' })
  code!: string | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'What was sent: bounded, with code and definitions as hashes, without values and secrets.',
  })
  input!: unknown;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'What it was before, in short; null for what is new.',
  })
  before!: unknown;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'What it is since, in short; null where it is gone.',
  })
  after!: unknown;

  @Field(() => String, { nullable: true, description: 'The address that the request came from.' })
  address!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The `X-Forwarded-For` of the request, which is true where a proxy of yours writes it.',
  })
  forwardedFor!: string | null;
}

export const AuditedOperationConnection = connectionOf<AuditedOperation>(
  'AuditedOperation',
  () => AuditedOperation,
);
export type AuditedOperationConnection = InstanceType<typeof AuditedOperationConnection>;

@InputType({ description: 'Which operations to list. Each field narrows the list.' })
export class AuditFilter {
  @Field(() => String, { nullable: true, description: 'By this principal.' })
  principal?: string | null;

  @Field(() => String, { nullable: true, description: 'Of this name, such as `workflowUpdate`.' })
  operation?: string | null;

  @Field(() => String, { nullable: true, description: 'Done to what has this id.' })
  target?: string | null;

  @Field(() => AuditOutcome, { nullable: true, description: 'Of this outcome.' })
  outcome?: keyof typeof AuditOutcome | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'At this moment or later.' })
  occurredFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Before this moment.' })
  occurredBefore?: Date | null;
}

@ArgsType()
export class AuditLogArgs extends PageArgs {
  @Field(() => AuditFilter, { nullable: true, description: 'Which operations to list; by default all.' })
  filter?: AuditFilter | null;
}
