import { Field, Float, InputType, Int } from 'type-graphql';
import { MAX_COST_PER_MINUTE, MAX_RUNNING } from '../../shared/allowance.ts';
import { MAX_STORED_BYTES, MIN_PROJECT_COST, MIN_STORED_BYTES } from '../../use-cases/projects.ts';

@InputType({ description: 'A new project.' })
export class ProjectCreateInput {
  @Field(() => String, {
    description: '1 to 64 lower-case letters, digits and `-`. It never changes.',
  })
  key!: string;

  @Field(() => String, {
    nullable: true,
    description: 'For people, 1 to 100 characters; by default the key.',
  })
  name?: string | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'The names of the packages that its Python nodes may ask for, of those that the server allows; null for all of these.',
  })
  allowedPackages?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: `What operations of all who act in it may cost a minute, ${MIN_PROJECT_COST} to ${MAX_COST_PER_MINUTE}; null for no limit.`,
  })
  costPerMinute?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: `Executions that all who act in it may have started and that have not ended, 1 to ${MAX_RUNNING}; null for no limit.`,
  })
  maxRunningExecutions?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: `Bytes that its files and executions may take, an integer from ${MIN_STORED_BYTES} to ${MAX_STORED_BYTES}; null for no limit.`,
  })
  maxStoredBytes?: number | null;
}

@InputType({ description: 'What to change of a project; what is not given stays as it is.' })
export class ProjectUpdateInput {
  @Field(() => String, { nullable: true, description: 'For people, 1 to 100 characters.' })
  name?: string | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'The names of the packages that its Python nodes may ask for, of those that the server allows; null for all of these.',
  })
  allowedPackages?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: `What operations of all who act in it may cost a minute, ${MIN_PROJECT_COST} to ${MAX_COST_PER_MINUTE}; null for no limit.`,
  })
  costPerMinute?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: `Executions that all who act in it may have started and that have not ended, 1 to ${MAX_RUNNING}; null for no limit.`,
  })
  maxRunningExecutions?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: `Bytes that its files and executions may take, an integer from ${MIN_STORED_BYTES} to ${MAX_STORED_BYTES}; null for no limit.`,
  })
  maxStoredBytes?: number | null;
}
