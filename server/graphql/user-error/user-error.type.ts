import { Field, InterfaceType, ObjectType } from 'type-graphql';

@ObjectType({
  simpleResolvers: true,
  description:
    'What is wrong with the input of a mutation. The operation itself went well: the fault can be put right and shown beside a form field.',
})
export class UserError {
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

@InterfaceType({ description: 'What every mutation answers: its object, or the errors why there is none.' })
export abstract class Payload {
  @Field(() => [UserError], { description: 'Empty when the mutation did what was asked.' })
  userErrors!: UserError[];
}
