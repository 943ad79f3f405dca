import { Arg, Args, Ctx, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { GraphqlContext } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DeliveriesArgs, WebhookEndpointInput } from './delivery.input.ts';
import {
  toDeliveryPayload,
  toEndpointChange,
  toEndpointInput,
  toEndpointPayload,
  toEndpointSecretPayload,
} from './delivery.mapper.ts';
import {
  WebhookDelivery,
  WebhookDeliveryConnection,
  WebhookDeliveryPayload,
  WebhookEndpoint,
  WebhookEndpointConnection,
  WebhookEndpointDeletePayload,
  WebhookEndpointPayload,
  WebhookEndpointSecretPayload,
} from './delivery.type.ts';

@Resolver()
export class DeliveryResolver {
  @Query(() => WebhookEndpointConnection, { description: 'Where changes are sent to, newest first.' })
  async webhookEndpoints(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookEndpointConnection> {
    const page = toPageRequest(args, (text) => isId('whe', text));
    return toConnection(
      await weft.deliveries.endpoints(page),
      (endpoint) => endpoint as WebhookEndpoint,
      ({ id }) => id,
    );
  }

  @Query(() => WebhookEndpoint, { nullable: true, description: 'One by its id; null where there is none.' })
  webhookEndpoint(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookEndpoint | null> {
    return weft.deliveries.endpoint(id);
  }

  @Query(() => WebhookDeliveryConnection, {
    description:
      'What is and was sent to webhook endpoints, newest first; it is kept for WEFT_DELIVERY_DAYS.',
  })
  async deliveries(
    @Args(() => DeliveriesArgs) args: DeliveriesArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookDeliveryConnection> {
    const page = toPageRequest(args, (text) => isId('dlv', text));
    return toConnection(
      await weft.deliveries.list(page, args.filter ?? {}),
      (delivery) => delivery as WebhookDelivery,
      ({ id }) => id,
    );
  }

  @Query(() => WebhookDelivery, { nullable: true, description: 'One by its id; null where there is none.' })
  delivery(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookDelivery | null> {
    return weft.deliveries.delivery(id);
  }

  @Mutation(() => WebhookEndpointSecretPayload, {
    description: 'From now on, sends changes to an address, signed as Standard Webhooks has it.',
  })
  async webhookEndpointCreate(
    @Arg('input', () => WebhookEndpointInput, { description: 'Where, and what.' })
    input: WebhookEndpointInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<WebhookEndpointSecretPayload> {
    return toEndpointSecretPayload(await weft.deliveries.create(toEndpointInput(input), caller.principal.id));
  }

  @Mutation(() => WebhookEndpointPayload, {
    description:
      'Changes the fields that are given, null to give one its default again. One that is enabled again gets what happens from then on, and what was still to be sent.',
  })
  async webhookEndpointUpdate(
    @Arg('id', () => ID, { description: 'The endpoint.' }) id: string,
    @Arg('input', () => WebhookEndpointInput, { description: 'What changes.' }) input: WebhookEndpointInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookEndpointPayload> {
    return toEndpointPayload(await weft.deliveries.update(id, toEndpointChange(input)));
  }

  @Mutation(() => WebhookEndpointDeletePayload, { description: 'Deletes an endpoint and its log.' })
  async webhookEndpointDelete(
    @Arg('id', () => ID, { description: 'The endpoint.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookEndpointDeletePayload> {
    const outcome = await weft.deliveries.delete(id);
    return outcome.ok
      ? { deletedId: outcome.value.id, userErrors: [] }
      : { deletedId: null, userErrors: outcome.userErrors };
  }

  @Mutation(() => WebhookEndpointSecretPayload, {
    description: 'Gives an endpoint a new secret. For a while requests are signed with both.',
  })
  async webhookEndpointRotateSecret(
    @Arg('id', () => ID, { description: 'The endpoint.' }) id: string,
    @Arg('graceSeconds', () => Int, {
      nullable: true,
      description: 'How long with both: 0 to 604800, by default 86400, a day.',
    })
    graceSeconds: number | null | undefined,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookEndpointSecretPayload> {
    return toEndpointSecretPayload(await weft.deliveries.rotateSecret(id, graceSeconds ?? 86_400));
  }

  @Mutation(() => WebhookDeliveryPayload, {
    description:
      'Sends a sample of the type `webhook.test` once, also where the endpoint is disabled, which it says nothing of. What comes of it is in the delivery a moment later.',
  })
  async webhookEndpointTest(
    @Arg('id', () => ID, { description: 'The endpoint.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookDeliveryPayload> {
    return toDeliveryPayload(await weft.deliveries.test(id));
  }

  @Mutation(() => WebhookDeliveryPayload, {
    description:
      'Sends a delivery again, with the same `webhook-id`, whatever became of it; retries begin anew. Refused while its endpoint is disabled (ENDPOINT_DISABLED).',
  })
  async deliveryRedeliver(
    @Arg('id', () => ID, { description: 'The delivery.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WebhookDeliveryPayload> {
    return toDeliveryPayload(await weft.deliveries.redeliver(id));
  }
}
