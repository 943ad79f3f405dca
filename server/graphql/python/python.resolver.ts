import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { PythonPolicy as PythonPolicyName } from '../../sandbox/backend.ts';
import { type GraphqlContext, startedBy } from '../context.ts';
import { toExecutionPayload } from '../execution/execution.mapper.ts';
import { PythonPolicy } from './python.enums.ts';
import { PythonCheck, PythonRunInput, PythonRunPayload } from './python.type.ts';

@Resolver()
export class PythonResolver {
  @Query(() => PythonCheck, {
    description:
      'Checks code as the sandbox does before it runs the code, and returns everything that the sandbox or Python would refuse. For editors.',
  })
  async pythonCheck(
    @Arg('code', () => String, { description: 'Python 3.' }) code: string,
    @Arg('packages', () => [String], { nullable: true, description: 'The requirements of the node.' })
    packages: string[] | null,
    @Arg('policy', () => PythonPolicy, {
      nullable: true,
      description: "By which to judge, as the `pythonPolicy` of its workflow; by default the server's.",
    })
    policy: PythonPolicyName | null,
    @Arg('hosts', () => [String], {
      nullable: true,
      description: 'The hosts of the node. One that the server does not open is a violation.',
    })
    hosts: string[] | null,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<PythonCheck> {
    const {
      findings,
      imports: _,
      ...found
    } = await weft.python.check(code, {
      packages: packages ?? [],
      policy,
      hosts: hosts ?? [],
    });
    return { ok: findings.length === 0, violations: findings, ...found };
  }

  @Mutation(() => PythonRunPayload, {
    description:
      'Runs one piece of Python; no workflow needed. Returns as soon as the execution is durably queued; follow the execution with `executionEvents`.',
  })
  async pythonRun(
    @Arg('input', () => PythonRunInput, { description: 'What to run, and with what.' }) input: PythonRunInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<PythonRunPayload> {
    return toExecutionPayload(
      await weft.executions.runPython({
        ...input,
        input: input.input ?? null,
        ...startedBy(caller),
      }),
    );
  }
}
