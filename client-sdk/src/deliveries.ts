import {
  DeliveriesDocument,
  DeliveryDocument,
  DeliveryRedeliverDocument,
  type WebhookDeliveryFilter,
  type WebhookDeliveryPartsFragment,
  WebhookEndpointCreateDocument,
  WebhookEndpointDeleteDocument,
  WebhookEndpointDocument,
  type WebhookEndpointInput,
  type WebhookEndpointPartsFragment,
  WebhookEndpointRotateSecretDocument,
  type WebhookEndpointSecretPayloadPartsFragment,
  WebhookEndpointsDocument,
  WebhookEndpointTestDocument,
  WebhookEndpointUpdateDocument,
} from './_generated_operations.ts';
import { makeList } from './collections.ts';
import type { Listing, ListOptions } from './listing.ts';
import type { Settings } from './options.ts';
import { type RequestOptions, request } from './request.ts';
import { unwrapPayload } from './user-errors.ts';

/** Where changes are sent to, as signed requests. */
export type WebhookEndpoint = WebhookEndpointPartsFragment;
/** With the secret, which is shown this once: receivers verify requests with it. */
export type WebhookEndpointWithSecret = WebhookEndpoint & { secret: string };
/** A change that is or was sent to an endpoint. */
export type WebhookDelivery = WebhookDeliveryPartsFragment;

/** Each change throws WeftNotFoundError where there is no such endpoint, and WeftInputError for what is wrong with it. */
export interface WebhookEndpoints {
  /** Newest first. */
  list(options?: ListOptions): Listing<WebhookEndpoint>;
  /** Null where there is none with this id. */
  get(id: string, options?: RequestOptions): Promise<WebhookEndpoint | null>;
  /** @throws WeftInputError SECRETS_KEY_MISSING where the server has no key to keep the secret with */
  create(
    input: WebhookEndpointInput & { url: string },
    options?: RequestOptions,
  ): Promise<WebhookEndpointWithSecret>;
  /** Changes the fields that are given; null gives one its default again. */
  update(id: string, input: WebhookEndpointInput, options?: RequestOptions): Promise<WebhookEndpoint>;
  /** With its log. */
  delete(id: string, options?: RequestOptions): Promise<void>;
  /** Gives it a new secret. For `graceSeconds`, by default a day, requests are signed with both. */
  rotateSecret(
    id: string,
    options?: RequestOptions & { graceSeconds?: number },
  ): Promise<WebhookEndpointWithSecret>;
  /** Sends a sample; what comes of it is in the delivery a moment later. */
  test(id: string, options?: RequestOptions): Promise<WebhookDelivery>;
}

export interface Deliveries {
  /** Newest first. */
  list(options?: ListOptions & { filter?: WebhookDeliveryFilter }): Listing<WebhookDelivery>;
  /** Null where there is none with this id. */
  get(id: string, options?: RequestOptions): Promise<WebhookDelivery | null>;
  /** Sends it again, with the same `webhook-id`. @throws WeftInputError IN_PROGRESS while it is being sent */
  redeliver(id: string, options?: RequestOptions): Promise<WebhookDelivery>;
}

export function makeWebhookEndpoints(settings: Settings): WebhookEndpoints {
  const withSecret = (payload: WebhookEndpointSecretPayloadPartsFragment): WebhookEndpointWithSecret => ({
    ...unwrapPayload(payload, 'webhookEndpoint'),
    secret: payload.secret!,
  });
  return {
    list: makeList(settings, WebhookEndpointsDocument, 'webhookEndpoints'),
    async get(id, options) {
      return (await request(settings, WebhookEndpointDocument, { id }, options)).webhookEndpoint;
    },
    async create(input, options) {
      const data = await request(settings, WebhookEndpointCreateDocument, { input }, options);
      return withSecret(data.webhookEndpointCreate);
    },
    async update(id, input, options) {
      const data = await request(settings, WebhookEndpointUpdateDocument, { id, input }, options);
      return unwrapPayload(data.webhookEndpointUpdate, 'webhookEndpoint');
    },
    async delete(id, options) {
      const data = await request(settings, WebhookEndpointDeleteDocument, { id }, options);
      unwrapPayload(data.webhookEndpointDelete, 'deletedId');
    },
    async rotateSecret(id, { graceSeconds, ...options } = {}) {
      const variables = { id, graceSeconds };
      const data = await request(settings, WebhookEndpointRotateSecretDocument, variables, options);
      return withSecret(data.webhookEndpointRotateSecret);
    },
    async test(id, options) {
      const data = await request(settings, WebhookEndpointTestDocument, { id }, options);
      return unwrapPayload(data.webhookEndpointTest, 'delivery');
    },
  };
}

export function makeDeliveries(settings: Settings): Deliveries {
  return {
    list: makeList(settings, DeliveriesDocument, 'deliveries'),
    async get(id, options) {
      return (await request(settings, DeliveryDocument, { id }, options)).delivery;
    },
    async redeliver(id, options) {
      const data = await request(settings, DeliveryRedeliverDocument, { id }, options);
      return unwrapPayload(data.deliveryRedeliver, 'delivery');
    },
  };
}
