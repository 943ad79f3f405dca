import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import * as z from 'zod';
import { type ExecutionStatus as ExecutionStatusName, executionStatuses } from '../../journal/event.ts';
import type * as workflows from '../../workflows/types.ts';
import type { GraphqlContext } from '../context.ts';
import { ExecutionStatus } from './execution.enums.ts';
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
      'Executions as they change status, from now on. Changes in quick succession may be told as one: the latest state is always told, each step need not be. For every step of one execution use `executionEvents`.',
    subscribe: ({ args, context }: { args: unknown; context: GraphqlContext }) =>
      context.weft.executions.updates(UpdatesArgs.parse(args)),
  })
  executionUpdates(
    @Root() execution: workflows.Execution,
    @Arg('workflowId', () => ID, { nullable: true, description: 'Only those of this workflow.' })
    _workflowId?: string | null,
    @Arg('statuses', () => [ExecutionStatus], {
      nullable: true,
      description: 'Only those that are now in one of these statuses.',
    })
    _statuses?: ExecutionStatusName[] | null,
  ): Execution {
    return toExecution(execution);
  }
}
