import { Field, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars.ts';
import { ExecutionLimit } from './execution.enums.ts';

@ObjectType({
  simpleResolvers: true,
  description: 'Why an execution has not begun, and how many go before it.',
})
export class WaitingFor {
  @Field(() => ExecutionLimit, { description: 'What holds it back.' })
  limit!: keyof typeof ExecutionLimit;

  @Field(() => String, {
    nullable: true,
    description: 'What the limit counts it under, as text; null where it counts the whole workflow.',
  })
  key!: string | null;

  @Field(() => Int, { description: 'Its place among those that wait for the same, from 1.' })
  position!: number;

  @Field(() => DateTimeScalar, { description: 'Since when it has waited for this.' })
  since!: Date;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'When it goes on, where that is known by now: of a DEBOUNCE, and of the first that waits for a RATE.',
  })
  until!: Date | null;
}
