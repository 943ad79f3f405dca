import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { fetchWorkflow } from '../workflow/workflow.resolver.ts';
import { Workflow } from '../workflow/workflow.type.ts';
import { Secret, SecretDeletePayload, SecretPayload } from './secret.type.ts';

@Resolver(() => Secret)
export class SecretResolver {
  @Query(() => [Secret], {
    description: 'All secrets of the project by name, without their values; at most 1,000.',
  })
  secrets(@Ctx() { weft }: GraphqlContext): Promise<Secret[]> {
    return weft.secrets.list();
  }

  @Mutation(() => SecretPayload, {
    description:
      'Makes a secret, or replaces its value, which is sealed and in no answer. What starts from then on uses it.',
  })
  async secretSet(
    @Arg('name', () => String, { description: 'Letters A to Z, digits and `_`, such as `API_KEY`.' })
    name: string,
    @Arg('value', () => String, { description: '4 characters to 64 KiB of text.' }) value: string,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<SecretPayload> {
    const outcome = await weft.secrets.set(name, value, caller.principal.id);
    return outcome.ok
      ? { secret: outcome.value, userErrors: [] }
      : { secret: null, userErrors: outcome.userErrors };
  }

  @Mutation(() => SecretDeletePayload, {
    description: 'Deletes a secret. Nodes that use it fail from then on with SECRET_NOT_FOUND.',
  })
  async secretDelete(
    @Arg('name', () => String, { description: 'The secret.' }) name: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<SecretDeletePayload> {
    const outcome = await weft.secrets.delete(name);
    return outcome.ok
      ? { deletedName: outcome.value.name, userErrors: [] }
      : { deletedName: null, userErrors: outcome.userErrors };
  }

  @FieldResolver(() => [Workflow], {
    description: 'The workflows whose latest version uses it, newest first.',
  })
  async usedBy(@Root() { name }: Secret, @Ctx() context: GraphqlContext): Promise<Workflow[]> {
    const ids = await context.loaders.secretUsers.load(name);
    const workflows = await Promise.all(ids.map((id) => fetchWorkflow(id, context)));
    return workflows.filter((workflow) => workflow !== null);
  }
}
