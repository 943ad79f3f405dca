import type { ChangeType } from '../../use-cases/changes/change.ts';
import * as deliveries from '../../use-cases/deliveries/endpoint.ts';
import type { EndpointWithSecret } from '../../use-cases/deliveries/endpoints.ts';
import type { Outcome } from '../../use-cases/types.ts';
import type { WebhookEndpointInput } from './delivery.input.ts';
import type {
  WebhookDelivery,
  WebhookDeliveryPayload,
  WebhookEndpoint,
  WebhookEndpointPayload,
  WebhookEndpointSecretPayload,
} from './delivery.type.ts';

/** What most people want to be told of: ends, and what waits for somebody. */
const DEFAULT_TYPES: readonly ChangeType[] = [
  'EXECUTION_SUCCEEDED',
  'EXECUTION_FAILED',
  'EXECUTION_CANCELED',
  'NODE_PARKED',
  'APPROVAL_REQUESTED',
  'SECURITY_VIOLATION',
  'SECURITY_ALERT',
];

/** A new endpoint's fields, each that is left out with its default. */
export function toEndpointInput(input: WebhookEndpointInput): deliveries.EndpointInput {
  const url = input.url ?? '';
  return {
    name: input.name ?? deliveries.defaultName(url),
    url,
    types: input.types ?? DEFAULT_TYPES,
    workflowKeys: input.workflowKeys ?? null,
    labels: input.labels ?? null,
    isEnabled: input.isEnabled ?? true,
  };
}

/** The fields that a change names, null included: null gives a field its default again. */
export function toEndpointChange(input: WebhookEndpointInput): deliveries.EndpointChange {
  return Object.fromEntries(
    Object.entries({ ...toEndpointInput(input), name: input.name }).filter(
      ([field]) => input[field as keyof WebhookEndpointInput] !== undefined,
    ),
  );
}

export function toEndpointPayload(outcome: Outcome<deliveries.WebhookEndpoint>): WebhookEndpointPayload {
  return outcome.ok
    ? { webhookEndpoint: outcome.value as WebhookEndpoint, userErrors: [] }
    : { webhookEndpoint: null, userErrors: outcome.userErrors };
}

export function toEndpointSecretPayload(outcome: Outcome<EndpointWithSecret>): WebhookEndpointSecretPayload {
  return outcome.ok
    ? {
        webhookEndpoint: outcome.value.endpoint as WebhookEndpoint,
        secret: outcome.value.secret,
        userErrors: [],
      }
    : { webhookEndpoint: null, secret: null, userErrors: outcome.userErrors };
}

export function toDeliveryPayload(outcome: Outcome<deliveries.WebhookDelivery>): WebhookDeliveryPayload {
  return outcome.ok
    ? { delivery: outcome.value as WebhookDelivery, userErrors: [] }
    : { delivery: null, userErrors: outcome.userErrors };
}
