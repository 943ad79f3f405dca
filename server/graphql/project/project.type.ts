import { Field, Float, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../relay/connection.ts';
import { DateTimeScalar } from '../scalars.ts';
import { Payload } from '../user-error/user-error.type.ts';

@ObjectType({
  simpleResolvers: true,
  description: 'What a team has of a server: its workflows, and all that belongs to them.',
})
export class Project {
  @Field(() => String, {
    description: 'What requests name it by, in the header `Weft-Project`. It never changes.',
  })
  key!: string;

  @Field(() => String, { description: 'For people.' })
  name!: string;

  @Field(() => [String], {
    nullable: true,
    description:
      'The packages that its Python nodes may ask for, of those that the server allows; null for all of these.',
  })
  allowedPackages!: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: 'What operations of all who act in it may cost a minute; null for no limit.',
  })
  costPerMinute!: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Executions that all who act in it may have started and that have not ended; null for no limit.',
  })
  maxRunningExecutions!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Bytes that its files and executions may take; null for no limit.',
  })
  maxStoredBytes!: number | null;

  @Field(() => Float, {
    description:
      'Bytes that its files take, and its executions with their journals, as far as these have ended or wait.',
  })
  storedBytes!: number;

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt!: Date;
}

export const ProjectConnection = connectionOf<Project>('Project', () => Project);
export type ProjectConnection = InstanceType<typeof ProjectConnection>;

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `projectCreate`.' })
export class ProjectCreatePayload extends Payload {
  @Field(() => Project, { nullable: true, description: 'The project; null where there are userErrors.' })
  project!: Project | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `projectUpdate`.' })
export class ProjectUpdatePayload extends Payload {
  @Field(() => Project, {
    nullable: true,
    description: 'The project as it is now; null where there are userErrors.',
  })
  project!: Project | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'The payload of `projectDelete`.' })
export class ProjectDeletePayload extends Payload {
  @Field(() => String, {
    nullable: true,
    description: 'The key of the project that is gone; null where there are userErrors.',
  })
  deletedKey!: string | null;
}
