import { Field, ID, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars.ts';

@ObjectType({
  description:
    'There were so many violations in a short time that an operator was alerted. One for each subject and window.',
})
export class RaisedSecurityAlert {
  @Field(() => ID, { description: 'Of the alert.' })
  id!: string;

  @Field(() => DateTimeScalar, { description: 'When it was raised.' })
  raisedAt!: Date;

  @Field(() => Int, { description: 'How many violations were counted.' })
  violations!: number;

  @Field(() => Int, { description: 'Within how many seconds.' })
  windowSeconds!: number;

  /** A workflow's id, or `python:` and who ran Python without one. */
  subject!: string;

  executionId!: string;
}
