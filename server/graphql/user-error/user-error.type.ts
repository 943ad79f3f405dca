import { Field, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../enum-of.ts';

export const UserErrorLevel = enumOf(['ERROR', 'WARNING']);

registerEnumType(UserErrorLevel, {
  name: 'UserErrorLevel',
  description: 'How much a UserError matters.',
  valuesConfig: {
    ERROR: { description: 'The input is refused.' },
    WARNING: { description: 'The input is accepted, but is probably not what its author meant.' },
  },
});

@ObjectType({
  simpleResolvers: true,
  description:
    'What is wrong with the input of a mutation. The request itself succeeded: a form can show the fault beside its field, for the user to correct.',
})
export class UserError {
  /** By its resolver; ERROR where none is given. */
  level?: keyof typeof UserErrorLevel;

  @Field(() => String, { description: 'For programs, such as `UNKNOWN_TYPE`, `CYCLE` or `NOT_FOUND`.' })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The place in the input as a dotted path, such as `nodes.2.config.timeoutMs`; null where the whole is meant.',
  })
  field!: string | null;

  @Field(() => String, { description: 'For people: what was expected, what came, and what to do.' })
  message!: string;
}

@InterfaceType({ description: 'The payload of every mutation: its object, or the errors why there is none.' })
export abstract class Payload {
  @Field(() => [UserError], { description: 'Empty where the mutation succeeded.' })
  userErrors!: UserError[];
}
