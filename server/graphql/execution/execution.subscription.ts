import { Args, Resolver, Root, Subscription } from 'type-graphql';
import * as z from 'zod';
import { executionStatuses } from '../../journal/event.ts';
import type * as workflows from '../../use-cases/types.ts';
import type { GraphqlContext } from '../context.ts';
import { ExecutionUpdatesArgs } from './execution.input.ts';
import { toExecution } from './execution.mapper.ts';
import { Execution } from './execution.type.ts';

const UpdatesArgs = z.object({
  workflowId: z.string().nullable().default(null),
  statuses: z.array(z.enum(executionStatuses)).nullable().default(null),
});

@Resolver()
export class ExecutionSubscription {
  @Subscription(() => Execution, {
    description:
      'Executions as they change status, from now on. Changes in quick succession may be merged: the latest state is always sent, each step may not be. For every step of one execution use `executionEvents`.',
    subscribe: ({ args, context }: { args: unknown; context: GraphqlContext }) =>
      context.weft.executions.updates(UpdatesArgs.parse(args), context.acquire),
  })
  executionUpdates(
    @Root() execution: workflows.Execution,
    @Args(() => ExecutionUpdatesArgs) _args: ExecutionUpdatesArgs,
  ): Execution {
    return toExecution(execution);
  }
}
