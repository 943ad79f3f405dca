import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../delivery/delivery.type.ts';
import { fetchExecution } from '../execution/execution.resolver.ts';
import { fetchWorkflow } from '../workflow/workflow.resolver.ts';
import { NodeInterface } from './node.type.ts';

@Resolver()
export class NodeResolver {
  @Query(() => NodeInterface, {
    nullable: true,
    description:
      'A workflow, an execution, an artifact, an approval, a schedule, a webhook, a webhook endpoint or a delivery by its id; null when there is none.',
  })
  async node(
    @Arg('id', () => ID, { description: 'An id as it stands in the `id` field of any object.' }) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<NodeInterface | null> {
    if (id.startsWith('art_')) return await context.weft.files.find(id);
    if (id.startsWith('appr_')) return await context.weft.approvals.get(id);
    if (id.startsWith('sch_')) return await context.weft.schedules.get(id);
    if (id.startsWith('wh_')) return await context.weft.webhooks.get(id);
    if (id.startsWith('whe_')) return (await context.weft.deliveries.endpoint(id)) as WebhookEndpoint | null;
    if (id.startsWith('dlv_')) return (await context.weft.deliveries.delivery(id)) as WebhookDelivery | null;
    return (await fetchWorkflow(id, context)) ?? (await fetchExecution(id, context));
  }
}

/** The GraphQL type of an object by its id. */
export function typeNameOfId(id: string): string {
  if (id.startsWith('art_')) return 'Artifact';
  if (id.startsWith('appr_')) return 'Approval';
  if (id.startsWith('sch_')) return 'Schedule';
  if (id.startsWith('wh_')) return 'Webhook';
  if (id.startsWith('whe_')) return 'WebhookEndpoint';
  if (id.startsWith('dlv_')) return 'WebhookDelivery';
  return id.startsWith('wf_') ? 'Workflow' : 'Execution';
}
