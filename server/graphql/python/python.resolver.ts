import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { toExecutionPayload } from '../execution/execution.mapper.ts';
import { PythonCheck, PythonRunInput, PythonRunPayload } from './python.type.ts';

@Resolver()
export class PythonResolver {
  @Query(() => PythonCheck, {
    description:
      'Reads code as the sandbox would before running it, and finds all that it would refuse. For editors.',
  })
  async pythonCheck(
    @Arg('code', () => String, { description: 'Python 3.' }) code: string,
    @Arg('packages', () => [String], { nullable: true, description: 'The requirements of the node.' })
    packages: string[] | null,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<PythonCheck> {
    const violations = await weft.python.check(code, packages ?? []);
    return { ok: violations.length === 0, violations };
  }

  @Mutation(() => PythonRunPayload, {
    description:
      'Runs one piece of Python; no workflow needed. Answers when it is safely queued; follow it with `executionEvents`.',
  })
  async pythonRun(
    @Arg('input', () => PythonRunInput, { description: 'What to run, and with what.' }) input: PythonRunInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<PythonRunPayload> {
    return toExecutionPayload(await weft.executions.runPython({ ...input, input: input.input ?? null }));
  }
}
