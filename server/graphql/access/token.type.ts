import { Field, ID, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../relay/connection.ts';
import { DateTimeScalar, LabelsScalar } from '../scalars.ts';
import { UserError } from '../user-error/user-error.type.ts';
import { TokenKind, TokenScope } from './token.enums.ts';

@ObjectType({ description: 'A token, without its secret, of which the server keeps only a hash.' })
export class Token {
  @Field(() => ID, { description: 'Its id, by which executions and the audit trail name who did something.' })
  id!: string;

  @Field(() => TokenKind, { description: 'What it is for.' })
  kind!: keyof typeof TokenKind;

  @Field(() => String, { description: 'For people.' })
  name!: string;

  @Field(() => [TokenScope], { description: 'What it may do, as it was given.' })
  scopes!: (keyof typeof TokenScope)[];

  @Field(() => String, {
    nullable: true,
    description: 'The key of the project in which it acts; null for all, of which each request names one.',
  })
  project!: string | null;

  @Field(() => [String], {
    nullable: true,
    description: 'The keys of the workflows that it is limited to; null for all.',
  })
  workflowKeys!: string[] | null;

  @Field(() => LabelsScalar, {
    nullable: true,
    description: 'The labels that executions must have for it; null for any.',
  })
  labels!: Record<string, string> | null;

  @Field(() => ID, { nullable: true, description: 'The one execution that it watches; null for others.' })
  executionId!: string | null;

  @Field(() => String, {
    description: 'Who made it: the id of a token, `api-token` for WEFT_API_TOKEN, or `anonymous`.',
  })
  createdBy!: string;

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'From when on it is refused; null for never.' })
  expiresAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Its last use, to the minute; null for none.' })
  lastUsedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was revoked; null while it is not.' })
  revokedAt!: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: "What its operations may cost a minute; null for what the server's settings say.",
  })
  costPerMinute!: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Executions that it may have started and that have not ended; null for what the server's settings say.",
  })
  maxRunningExecutions!: number | null;
}

export const TokenConnection = connectionOf<Token>('Token', () => Token);
export type TokenConnection = InstanceType<typeof TokenConnection>;

@ObjectType({ description: 'A new token with its secret, which no other answer has.' })
export class TokenSecretPayload {
  @Field(() => Token, { nullable: true, description: 'The token; null if the input was refused.' })
  token!: Token | null;

  @Field(() => String, {
    nullable: true,
    description: 'What a client sends as `Authorization: Bearer <secret>`. It is shown this once.',
  })
  secret!: string | null;

  @Field(() => [UserError], { description: 'What is wrong with the input; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'The result of `tokenRevoke`.' })
export class TokenRevokePayload {
  @Field(() => Token, { nullable: true, description: 'The token; null where there is none.' })
  token!: Token | null;

  @Field(() => [UserError], { description: 'What is wrong with the input; empty on success.' })
  userErrors!: UserError[];
}
