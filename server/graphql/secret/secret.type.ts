import { Field, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars.ts';
import { UserError } from '../user-error/user-error.type.ts';

@ObjectType({ description: 'A secret, without its value, which no answer has.' })
export class Secret {
  @Field(() => String, {
    description: 'By which nodes use it: letters A to Z, digits and `_`, such as `API_KEY`.',
  })
  name!: string;

  @Field(() => DateTimeScalar, { description: 'When it was set first.' })
  createdAt!: Date;

  @Field(() => String, {
    description: 'Who set it first: the id of a token, `api-token` for WEFT_API_TOKEN, or `anonymous`.',
  })
  createdBy!: string;

  @Field(() => DateTimeScalar, { description: 'When it was set last.' })
  updatedAt!: Date;

  @Field(() => String, { description: 'Who set it last.' })
  updatedBy!: string;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Its last use, to the minute; null for none.' })
  lastUsedAt!: Date | null;
}

@ObjectType({ description: 'The result of `secretSet`.' })
export class SecretPayload {
  @Field(() => Secret, { nullable: true, description: 'The secret; null if the input was refused.' })
  secret!: Secret | null;

  @Field(() => [UserError], { description: 'What is wrong with the input; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'The result of `secretDelete`.' })
export class SecretDeletePayload {
  @Field(() => String, { nullable: true, description: 'The name of the secret; null where there is none.' })
  deletedName!: string | null;

  @Field(() => [UserError], { description: 'What is wrong with the input; empty on success.' })
  userErrors!: UserError[];
}
