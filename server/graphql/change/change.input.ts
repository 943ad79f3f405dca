import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import type { ChangeType as Type } from '../../use-cases/changes/change.ts';
import { LabelsScalar } from '../scalars.ts';
import { ChangeType } from './change.enums.ts';

@InputType({ description: 'Which changes are wanted. Each field narrows them.' })
export class ChangeFilter {
  @Field(() => [ChangeType], { nullable: true, description: 'Those of these types.' })
  types?: Type[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Those of executions of the workflows with these keys.',
  })
  workflowKeys?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'Those of this execution.' })
  executionId?: string | null;

  @Field(() => LabelsScalar, {
    nullable: true,
    description: 'Those of executions that have all of these labels.',
  })
  labels?: Record<string, string> | null;
}

@ArgsType()
export class ChangesArgs {
  @Field(() => String, {
    nullable: true,
    description:
      'A `cursor` or `endCursor`: what follows it comes first. Or `oldest`, for all that is kept, or `newest`, for what happens from now on.',
  })
  after?: string | null;

  @Field(() => ChangeFilter, { nullable: true, description: 'Which changes; by default all.' })
  filter?: ChangeFilter | null;
}

@ArgsType()
export class ChangeListArgs extends ChangesArgs {
  @Field(() => Int, { nullable: true, description: 'How many at most: 1 to 100, by default 100.' })
  first?: number | null;
}
