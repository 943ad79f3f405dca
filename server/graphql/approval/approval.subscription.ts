import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import * as z from 'zod';
import type { GraphqlContext } from '../context.ts';
import { Approval } from './approval.type.ts';

const id = z.string().nullable().default(null);
const UpdatesArgs = z.object({ workflowId: id, executionId: id });

/** Apart from the query of the same name. */
@Resolver()
export class ApprovalSubscription {
  @Subscription(() => Approval, {
    description: 'Each approval that is opened, decided on or closed, from now on, as it then stands.',
    subscribe: ({ args, context }: { args: unknown; context: GraphqlContext }) =>
      context.weft.approvals.updates(UpdatesArgs.parse(args), context.acquire),
  })
  approvals(
    @Root() approval: Approval,
    @Arg('workflowId', () => ID, { nullable: true, description: 'Only of executions of this workflow.' })
    _workflowId?: string | null,
    @Arg('executionId', () => ID, { nullable: true, description: 'Only of this execution.' })
    _executionId?: string | null,
  ): Approval {
    return approval;
  }
}
