import { Field, InputType } from 'type-graphql';

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
}
