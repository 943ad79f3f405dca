import { Field, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars.ts';
import { WaitReason } from './execution.enums.ts';

@ObjectType({ simpleResolvers: true, description: 'What is waited for.' })
export class Wait {
  @Field(() => WaitReason, { description: 'What is waited for.' })
  reason!: keyof typeof WaitReason;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the wait ends by itself; null where only something from outside ends it.',
  })
  until!: string | null;
}
