import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import { type GraphqlContext, startedBy } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { JsonScalar } from '../scalars.ts';
import {
  ExecutionCancelArgs,
  ExecutionResumeArgs,
  ExecutionRetryArgs,
  ExecutionStartInput,
  ExecutionsArgs,
} from './execution.input.ts';
import { toExecution, toExecutionPayload, toRetryPlan } from './execution.mapper.ts';
import {
  Execution,
  ExecutionCancelPayload,
  ExecutionConnection,
  ExecutionResumePayload,
  ExecutionRetryPayload,
  ExecutionRetryPlan,
  ExecutionStartPayload,
} from './execution.type.ts';
import { toExport } from './execution-export.ts';

@Resolver()
export class ExecutionResolver {
  @Query(() => Execution, {
    nullable: true,
    description: 'One execution; null when there is none with that id.',
  })
  execution(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<Execution | null> {
    return fetchExecution(id, context);
  }

  @Query(() => ExecutionConnection, { description: 'Executions, newest first.' })
  executions(
    @Args(() => ExecutionsArgs) args: ExecutionsArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<ExecutionConnection> {
    return listExecutions(args, context);
  }

  @Query(() => JsonScalar, {
    nullable: true,
    description:
      'One whole execution as one document: `{ format, formatVersion, exportedAt, execution, workflow, events }`, with every event under its `type`. The document can be replayed without a server. Null when there is no execution with that id. Error: `EXPORT_TOO_LARGE`, past 32 MiB of events.',
  })
  async executionExport(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
    @Info() { schema }: GraphQLResolveInfo,
  ): Promise<object | null> {
    return isId('exec', id) ? toExport(await weft.executions.export(id), schema) : null;
  }

  @Query(() => ExecutionRetryPlan, {
    description: 'What `executionRetry` with the same arguments would reuse and run, without starting it.',
  })
  async executionRetryPlan(
    @Args(() => ExecutionRetryArgs) { id, ...wanted }: ExecutionRetryArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionRetryPlan> {
    return toRetryPlan(await weft.executions.retryPlan(id, wanted));
  }

  @Mutation(() => ExecutionStartPayload, {
    description:
      'Runs a workflow. Returns as soon as the execution is durably queued; follow the execution with `executionEvents`.',
  })
  async executionStart(
    @Arg('input', () => ExecutionStartInput, { description: 'What to run, and with what.' })
    input: ExecutionStartInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<ExecutionStartPayload> {
    return toExecutionPayload(await weft.executions.start({ ...input, ...startedBy(caller) }));
  }

  @Mutation(() => ExecutionCancelPayload, {
    description: 'Cancels an execution: running nodes end within a second, and no further node begins.',
  })
  async executionCancel(
    @Args(() => ExecutionCancelArgs) { id, mode }: ExecutionCancelArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionCancelPayload> {
    return toExecutionPayload(await weft.executions.cancel(id, mode));
  }

  @Mutation(() => ExecutionResumePayload, {
    description:
      "Goes on with an execution whose nodes have failed and wait for somebody (a workflow's `onFailure: PARK`): after what made them fail was mended, or to give up.",
  })
  async executionResume(
    @Args(() => ExecutionResumeArgs) { id, ...wanted }: ExecutionResumeArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionResumePayload> {
    return toExecutionPayload(await weft.executions.resume(id, wanted));
  }

  @Mutation(() => ExecutionRetryPayload, {
    description:
      'Runs a former execution again, as a new execution: with the same version or the latest, and with the same input or another.',
  })
  async executionRetry(
    @Args(() => ExecutionRetryArgs) { id, ...wanted }: ExecutionRetryArgs,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<ExecutionRetryPayload> {
    return toExecutionPayload(await weft.executions.retry(id, { ...wanted, ...startedBy(caller) }));
  }
}

export async function fetchExecution(id: string, { loaders }: GraphqlContext): Promise<Execution | null> {
  const execution = isId('exec', id) ? await loaders.execution.load(id) : null;
  return execution && toExecution(execution);
}

export async function listExecutions(
  args: ExecutionsArgs,
  { weft }: GraphqlContext,
): Promise<ExecutionConnection> {
  const page = toPageRequest(args, (text) => isId('exec', text));
  return toConnection(await weft.executions.list(page, args.filter ?? {}), toExecution, ({ id }) => id);
}
