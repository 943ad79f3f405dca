import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { CancelMode } from '../../workflows/executions.ts';
import type { RetryStrategy } from '../../workflows/start.ts';
import type { GraphqlContext } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { ExecutionCancelMode, ExecutionRetryStrategy } from './execution.enums.ts';
import { ExecutionStartInput, ExecutionsArgs } from './execution.input.ts';
import { toExecution, toExecutionPayload } from './execution.mapper.ts';
import {
  Execution,
  ExecutionCancelPayload,
  ExecutionConnection,
  ExecutionRetryPayload,
  ExecutionStartPayload,
} from './execution.type.ts';

@Resolver()
export class ExecutionResolver {
  @Query(() => Execution, {
    nullable: true,
    description: 'One execution; null when there is none of that id.',
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

  @Mutation(() => ExecutionStartPayload, {
    description:
      'Runs a workflow. Answers when the execution is safely queued; follow it with `executionEvents`.',
  })
  async executionStart(
    @Arg('input', () => ExecutionStartInput, { description: 'What to run, and with what.' })
    input: ExecutionStartInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionStartPayload> {
    return toExecutionPayload(await weft.executions.start({ ...input, input: input.input ?? null }));
  }

  @Mutation(() => ExecutionCancelPayload, {
    description:
      'Ends an execution before its time: running nodes within a second, nodes to come never begin.',
  })
  async executionCancel(
    @Arg('id', () => ID, { description: 'The execution to end.' }) id: string,
    @Arg('mode', () => ExecutionCancelMode, {
      defaultValue: 'GRACEFUL',
      description: 'How running nodes are ended.',
    })
    mode: CancelMode,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionCancelPayload> {
    return toExecutionPayload(await weft.executions.cancel(id, mode));
  }

  @Mutation(() => ExecutionRetryPayload, {
    description: 'Runs what a former execution ran, with the same version and input, as a new execution.',
  })
  async executionRetry(
    @Arg('id', () => ID, { description: 'The former execution, which must have ended.' }) id: string,
    @Arg('strategy', () => ExecutionRetryStrategy, {
      defaultValue: 'FROM_FAILURE',
      description: 'What of it is run again.',
    })
    strategy: RetryStrategy,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionRetryPayload> {
    return toExecutionPayload(await weft.executions.retry(id, strategy));
  }
}

export async function fetchExecution(id: string, { loaders }: GraphqlContext): Promise<Execution | null> {
  const execution = isId('exec', id) ? await loaders.execution.load(id) : null;
  return execution && toExecution(execution);
}

export async function listExecutions(
  { first, after, filter }: ExecutionsArgs,
  { weft }: GraphqlContext,
): Promise<ExecutionConnection> {
  const page = toPageRequest(first, after, (text) => isId('exec', text));
  const { items, hasNextPage } = await weft.executions.list({ ...page, filter: filter ?? {} });
  return toConnection({ items: items.map(toExecution), hasNextPage }, page, ({ id }) => id);
}
