import type { Outcome } from '../../use-cases/types.ts';
import type * as hooks from '../../use-cases/webhooks/webhook.ts';
import type { WebhookInput } from './webhook.input.ts';
import type { Webhook, WebhookRequest, WebhookSecretPayload } from './webhook.type.ts';

/** A new webhook's fields, each that is left out with its default. */
export function toWebhookInput(input: WebhookInput): hooks.WebhookInput {
  return {
    name: input.name ?? 'Webhook',
    versionNumber: input.versionNumber ?? null,
    methods: input.methods ?? ['POST'],
    isEnabled: input.isEnabled ?? true,
    signature: input.signature ?? 'NONE',
    toleranceSeconds: input.toleranceSeconds ?? 300,
    deliveryIdHeader: input.deliveryIdHeader ?? null,
    respond: input.respond ?? 'IMMEDIATELY',
    timeoutMs: input.timeoutMs ?? 30_000,
    maxPerMinute: input.maxPerMinute ?? 600,
    recordUntil: input.recordUntil ?? null,
  };
}

/** The fields that a change names, null included: null gives a field its default again. */
export function toWebhookChange(input: WebhookInput): Partial<hooks.WebhookInput> {
  return Object.fromEntries(
    Object.entries(toWebhookInput(input)).filter(
      ([field]) => input[field as keyof WebhookInput] !== undefined,
    ),
  );
}

export function toWebhookPayload(outcome: Outcome<hooks.Webhook>) {
  return outcome.ok
    ? { webhook: outcome.value as Webhook, userErrors: [] }
    : { webhook: null, userErrors: outcome.userErrors };
}

export function toSecretPayload(outcome: Outcome<hooks.WebhookWithPath>): WebhookSecretPayload {
  return outcome.ok
    ? { webhook: outcome.value.webhook, path: outcome.value.path, userErrors: [] }
    : { webhook: null, path: null, userErrors: outcome.userErrors };
}

export function toRequest({ body, ...request }: hooks.WebhookRequest): WebhookRequest {
  return { ...request, bytes: body };
}

/** Text where it is text that GraphQL can say, else base64. */
export function encodingOf(bytes: Buffer | null): 'base64' | null {
  if (bytes === null) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && !text.includes('\0') ? null : 'base64';
}
