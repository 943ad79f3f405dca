import { Arg, Ctx, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import * as z from 'zod';
import type { EnvironmentProgress } from '../../use-cases/python.ts';
import type { GraphqlContext } from '../context.ts';
import {
  PythonEnvironment,
  PythonEnvironmentDeletePayload,
  PythonEnvironmentPreparePayload,
  PythonEnvironmentProgress,
} from './python-environment.type.ts';

const ProgressArgs = z.object({ packages: z.array(z.string()) });

@Resolver()
export class PythonEnvironmentResolver {
  @Query(() => [PythonEnvironment], {
    description:
      'The environments of the host that answers: those being built first, then the most recently used, then those that failed.',
  })
  pythonEnvironments(@Ctx() { weft }: GraphqlContext): Promise<PythonEnvironment[]> {
    return weft.python.environments();
  }

  @Mutation(() => PythonEnvironmentPreparePayload, {
    description:
      'Builds an environment ahead of the first run that needs it, and answers when it is READY. A client that stops waiting does not stop the build.',
  })
  async pythonEnvironmentPrepare(
    @Arg('packages', () => [String], { description: 'Requirements, as of a `python` node.' })
    packages: string[],
    @Ctx() { weft }: GraphqlContext,
  ): Promise<PythonEnvironmentPreparePayload> {
    const outcome = await weft.python.prepareEnvironment(packages);
    return outcome.ok
      ? { pythonEnvironment: outcome.value, userErrors: [] }
      : { pythonEnvironment: null, userErrors: outcome.userErrors };
  }

  @Mutation(() => PythonEnvironmentDeletePayload, {
    description:
      'Removes an environment that no run uses. The next run that needs its packages resolves and installs them again, with newer versions if there are any.',
  })
  async pythonEnvironmentDelete(
    @Arg('id', () => ID, { description: 'The environment to remove.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<PythonEnvironmentDeletePayload> {
    const outcome = await weft.python.deleteEnvironment(id);
    return outcome.ok
      ? { deletedPythonEnvironmentId: outcome.value.id, userErrors: [] }
      : { deletedPythonEnvironmentId: null, userErrors: outcome.userErrors };
  }

  @Subscription(() => PythonEnvironmentProgress, {
    description:
      'Builds an environment as `pythonEnvironmentPrepare` does, or joins its build, and emits each stage; then the subscription completes.',
    subscribe: ({ args, context }: { args: unknown; context: GraphqlContext }) =>
      context.weft.python.environmentProgress(ProgressArgs.parse(args).packages),
  })
  pythonEnvironmentProgress(
    @Root() progress: EnvironmentProgress,
    @Arg('packages', () => [String], { description: 'Requirements, as of a `python` node.' })
    _packages: string[],
  ): PythonEnvironmentProgress {
    return progress;
  }
}
