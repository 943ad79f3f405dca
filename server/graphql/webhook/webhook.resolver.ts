import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, FieldResolver, ID, Info, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { GraphqlContext } from '../context.ts';
import { toExecutionPayload } from '../execution/execution.mapper.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { selects } from '../selects.ts';
import { fetchWorkflow } from '../workflow/workflow.resolver.ts';
import { Workflow } from '../workflow/workflow.type.ts';
import { WebhookCreateInput, WebhookInput, WebhooksArgs } from './webhook.input.ts';
import {
  toRequest,
  toSecretPayload,
  toWebhookChange,
  toWebhookInput,
  toWebhookPayload,
} from './webhook.mapper.ts';
import {
  Webhook,
  WebhookConnection,
  WebhookDeletePayload,
  WebhookPayload,
  WebhookReplayPayload,
  WebhookRequest,
  WebhookSecretPayload,
} from './webhook.type.ts';

@Resolver(() => Webhook)
export class WebhookResolver {
  @Query(() => WebhookConnection, { description: 'Webhooks, newest first.' })
  async webhooks(
    @Args(() => WebhooksArgs) args: WebhooksArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookConnection> {
    const page = toPageRequest(args, (text) => isId('wh', text));
    return toConnection(
      await weft.webhooks.list(page, args.filter ?? {}),
      (webhook) => webhook as Webhook,
      ({ id }) => id,
    );
  }

  @Query(() => Webhook, { nullable: true, description: 'A webhook by its id; null where there is none.' })
  webhook(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<Webhook | null> {
    return weft.webhooks.get(id);
  }

  @Mutation(() => WebhookSecretPayload, {
    description: 'Makes an address at which requests from outside start executions of a workflow.',
  })
  async webhookCreate(
    @Arg('input', () => WebhookCreateInput, { description: 'The webhook.' }) input: WebhookCreateInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<WebhookSecretPayload> {
    const { signingSecrets = null } = input;
    return toSecretPayload(
      await weft.webhooks.create(input, toWebhookInput(input), signingSecrets, caller.principal.id),
    );
  }

  @Mutation(() => WebhookPayload, {
    description: 'Changes the fields that are given, null to give one its default again.',
  })
  async webhookUpdate(
    @Arg('id', () => ID, { description: 'The webhook.' }) id: string,
    @Arg('input', () => WebhookInput, { description: 'What changes.' }) input: WebhookInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookPayload> {
    const { signingSecrets = null } = input;
    return toWebhookPayload(await weft.webhooks.update(id, toWebhookChange(input), signingSecrets));
  }

  @Mutation(() => WebhookDeletePayload, {
    description: 'Deletes a webhook and its address. Executions that it started stay, and go on.',
  })
  async webhookDelete(
    @Arg('id', () => ID, { description: 'The webhook.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookDeletePayload> {
    const outcome = await weft.webhooks.delete(id);
    return outcome.ok
      ? { deletedId: id, userErrors: [] }
      : { deletedId: null, userErrors: outcome.userErrors };
  }

  @Mutation(() => WebhookSecretPayload, {
    description: 'Gives a webhook a new address. The former one goes on for `graceSeconds`, and ends then.',
  })
  async webhookRotateSecret(
    @Arg('id', () => ID, { description: 'The webhook.' }) id: string,
    @Arg('graceSeconds', () => Int, {
      defaultValue: 0,
      description: 'How long the former address goes on, at most 604800, a week; by default it ends at once.',
    })
    graceSeconds: number,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookSecretPayload> {
    return toSecretPayload(await weft.webhooks.rotateSecret(id, graceSeconds));
  }

  @Mutation(() => WebhookReplayPayload, {
    description: 'Starts an execution with a request that was recorded whole, whatever became of it then.',
  })
  async webhookReplay(
    @Arg('id', () => ID, { description: 'The webhook.' }) id: string,
    @Arg('requestId', () => ID, { description: 'The request.' }) requestId: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookReplayPayload> {
    return toExecutionPayload(await weft.webhooks.replay(id, requestId));
  }

  @FieldResolver(() => Workflow, { nullable: true, description: 'The workflow; null where it was deleted.' })
  workflow(@Root() { workflowId }: Webhook, @Ctx() context: GraphqlContext): Promise<Workflow | null> {
    return fetchWorkflow(workflowId, context);
  }

  @FieldResolver(() => [WebhookRequest], {
    description: 'The last 50 requests, newest first; each is here a moment after its answer.',
  })
  async requests(
    @Root() { id }: Webhook,
    @Ctx() { weft, budget }: GraphqlContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<WebhookRequest[]> {
    const requests = await weft.webhooks.requests(id, selects(info, 'body') || selects(info, 'bodyEncoding'));
    budget.spend(requests.reduce((sum, { body }) => sum + (body?.length ?? 0), 0));
    return requests.map(toRequest);
  }
}
