import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Project as ProjectRow } from '../../use-cases/projects.ts';
import type { Outcome } from '../../use-cases/types.ts';
import { keyErrors } from '../../use-cases/workflow-key.ts';
import type { GraphqlContext } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { PageArgs } from '../relay/page.args.ts';
import { ProjectCreateInput, ProjectUpdateInput } from './project.input.ts';
import {
  Project,
  ProjectConnection,
  ProjectCreatePayload,
  ProjectDeletePayload,
  ProjectUpdatePayload,
} from './project.type.ts';

@Resolver()
export class ProjectResolver {
  @Query(() => ProjectConnection, { description: 'The projects that one may act in, by key.' })
  async projects(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ProjectConnection> {
    const page = toPageRequest(args, (text) => keyErrors(text).length === 0);
    return toConnection(
      await weft.projects.list(page, {}),
      (project) => project,
      ({ key }) => key,
    );
  }

  @Query(() => Project, {
    nullable: true,
    description: 'A project that one may act in; null where there is none.',
  })
  async project(
    @Arg('key', () => String, { description: 'Its key.' }) key: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<Project | null> {
    return weft.projects.get(key);
  }

  @Mutation(() => ProjectCreatePayload, { description: 'Makes a project, with nothing in it.' })
  async projectCreate(
    @Arg('input', () => ProjectCreateInput, { description: 'The project.' }) input: ProjectCreateInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ProjectCreatePayload> {
    return toPayload(await weft.projects.create(input));
  }

  @Mutation(() => ProjectUpdatePayload, { description: 'Changes a project.' })
  async projectUpdate(
    @Arg('key', () => String, { description: 'Its key.' }) key: string,
    @Arg('input', () => ProjectUpdateInput, { description: 'What to change.' }) input: ProjectUpdateInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ProjectUpdatePayload> {
    return toPayload(await weft.projects.update(key, input));
  }

  @Mutation(() => ProjectDeletePayload, {
    description: 'Deletes a project that has no workflows, executions and tokens any more.',
  })
  async projectDelete(
    @Arg('key', () => String, { description: 'Its key.' }) key: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ProjectDeletePayload> {
    const outcome = await weft.projects.delete(key);
    return outcome.ok
      ? { deletedKey: outcome.value.key, userErrors: [] }
      : { deletedKey: null, userErrors: outcome.userErrors };
  }
}

function toPayload(outcome: Outcome<ProjectRow>): ProjectCreatePayload {
  return outcome.ok
    ? { project: outcome.value, userErrors: [] }
    : { project: null, userErrors: outcome.userErrors };
}
