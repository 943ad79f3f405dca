import {
  WebhookCreateDocument,
  type WebhookCreateInput,
  WebhookDeleteDocument,
  WebhookDocument,
  type WebhookFilter,
  type WebhookInput,
  type WebhookPartsFragment,
  WebhookReplayDocument,
  WebhookRequestsDocument,
  type WebhookRequestsQuery,
  WebhookRotateSecretDocument,
  type WebhookSecretPayloadPartsFragment,
  WebhooksDocument,
  WebhookUpdateDocument,
} from './_generated_operations.ts';
import { makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import { WeftNotFoundError } from './errors.ts';
import type { Listing, ListOptions } from './listing.ts';
import { type RequestOptions, request } from './request.ts';
import { makeRun, type Run } from './run.ts';
import { unwrapPayload } from './user-errors.ts';

/** An address at which requests from outside start executions of a workflow. */
export type Webhook = WebhookPartsFragment;
/** With the address, which is shown this once: whoever knows it may call the webhook. */
export type WebhookWithUrl = Webhook & { url: string };
/** A request to a webhook, and what became of it. */
export type WebhookRequest = NonNullable<WebhookRequestsQuery['webhook']>['requests'][number];

/** Each change throws WeftNotFoundError where there is no such webhook, and WeftInputError for what is wrong with it. */
export interface Webhooks {
  /** Newest first. */
  list(options?: ListOptions & { filter?: WebhookFilter }): Listing<Webhook>;
  /** Null where there is none with this id. */
  get(id: string, options?: RequestOptions): Promise<Webhook | null>;
  /** The last 50, newest first; each is here a moment after its answer. */
  requests(id: string, options?: RequestOptions): Promise<WebhookRequest[]>;
  /** @throws WeftInputError SECRETS_KEY_MISSING where the server has no key to keep signing secrets with */
  create(input: WebhookCreateInput, options?: RequestOptions): Promise<WebhookWithUrl>;
  /** Changes the fields that are given; null gives one its default again. */
  update(id: string, input: WebhookInput, options?: RequestOptions): Promise<Webhook>;
  delete(id: string, options?: RequestOptions): Promise<void>;
  /** Gives it a new address. The former one goes on for `graceSeconds`, by default not at all. */
  rotateSecret(id: string, options?: RequestOptions & { graceSeconds?: number }): Promise<WebhookWithUrl>;
  /** Starts an execution with a request that was recorded whole. */
  replay<Output = unknown>(id: string, requestId: string, options?: RequestOptions): Promise<Run<Output>>;
}

export function makeWebhooks(context: ClientContext): Webhooks {
  const { settings } = context;
  const withUrl = (payload: WebhookSecretPayloadPartsFragment): WebhookWithUrl => ({
    ...unwrapPayload(payload, 'webhook'),
    url: new URL(payload.path!, settings.url).href,
  });
  return {
    list: makeList(settings, WebhooksDocument, 'webhooks'),
    async get(id, options) {
      return (await request(settings, WebhookDocument, { id }, options)).webhook;
    },
    async requests(id, options) {
      const { webhook } = await request(settings, WebhookRequestsDocument, { id }, options);
      if (webhook === null) throw new WeftNotFoundError('NOT_FOUND', `There is no webhook ${id}.`);
      return webhook.requests;
    },
    async create(input, options) {
      return withUrl((await request(settings, WebhookCreateDocument, { input }, options)).webhookCreate);
    },
    async update(id, input, options) {
      const { webhookUpdate } = await request(settings, WebhookUpdateDocument, { id, input }, options);
      return unwrapPayload(webhookUpdate, 'webhook');
    },
    async delete(id, options) {
      unwrapPayload(
        (await request(settings, WebhookDeleteDocument, { id }, options)).webhookDelete,
        'deletedId',
      );
    },
    async rotateSecret(id, { graceSeconds, ...options } = {}) {
      const variables = { id, graceSeconds };
      return withUrl(
        (await request(settings, WebhookRotateSecretDocument, variables, options)).webhookRotateSecret,
      );
    },
    async replay(id, requestId, options) {
      const { webhookReplay } = await request(settings, WebhookReplayDocument, { id, requestId }, options);
      return makeRun(context, unwrapPayload(webhookReplay, 'execution').id);
    },
  };
}
