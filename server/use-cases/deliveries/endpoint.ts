import { checkedUrl } from '../../outbound/outbound.ts';
import { coerceError } from '../../shared/errors.ts';
import type { ChangeType } from '../changes/change.ts';
import { type Labels, labelErrors } from '../labels.ts';
import type { UserError } from '../types.ts';
import { keyErrors } from '../workflow-key.ts';

/** Where changes are sent to. */
export interface WebhookEndpoint extends EndpointInput {
  id: string;
  /** Whose changes it gets. */
  project: string;
  disabledAt: Date | null;
  /** Null where it is enabled, or somebody has disabled it. */
  disabledReason: string | null;
  /** Since when every attempt has failed; null where the last one did not. */
  failingSince: Date | null;
  /** Until when requests are signed with the former secret as well. */
  formerSecretUntil: Date | null;
  principal: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface EndpointInput {
  name: string;
  url: string;
  types: readonly ChangeType[];
  /** Changes of these workflows only; null for those of all. */
  workflowKeys: readonly string[] | null;
  /** Changes of executions that have all of these labels. */
  labels: Labels | null;
  isEnabled: boolean;
}

/** Null gives the default name again. */
export type EndpointChange = Partial<Omit<EndpointInput, 'name'>> & { name?: string | null };

/** The host of what can be sent to. */
export const defaultName = (url: string) => URL.parse(url)?.host || 'Endpoint';

export const deliveryStatuses = ['PENDING', 'SUCCEEDED', 'FAILED'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** One message to one endpoint, however often it is sent. */
export interface WebhookDelivery {
  id: string;
  project: string;
  endpointId: string;
  /** The header `webhook-id`: the same for each attempt, and at each endpoint. */
  messageId: string;
  /** As in the payload, such as `execution.failed`. */
  type: string;
  /** Null for a sample. */
  executionId: string | null;
  payload: string;
  status: DeliveryStatus;
  /** Null where none follows. */
  nextAttemptAt: Date | null;
  createdAt: Date;
  finishedAt: Date | null;
  attempts: DeliveryAttempt[];
}

export interface DeliveryAttempt {
  number: number;
  startedAt: Date;
  /** Null while it is on its way, and where the server was lost before its end. */
  durationMs: number | null;
  httpStatus: number | null;
  /** Why it counts as failed. */
  error: string | null;
  /** The first 4 KiB of the response. */
  response: string | null;
}

export const SELECT_ENDPOINTS = `
  SELECT id, project, name, url, types, workflow_keys AS "workflowKeys", labels, is_enabled AS "isEnabled",
         disabled_at AS "disabledAt", disabled_reason AS "disabledReason", failing_since AS "failingSince",
         CASE WHEN former_secret_until > now() THEN former_secret_until END AS "formerSecretUntil", principal,
         created_at AS "createdAt", updated_at AS "updatedAt"
  FROM webhook_endpoints`;

export const SELECT_DELIVERIES = `
  SELECT d.id, d.project, d.endpoint_id AS "endpointId", d.message_id AS "messageId", d.type, d.execution_id AS "executionId",
         d.payload, d.status, CASE WHEN d.claimed_until IS NULL THEN d.next_attempt_at END AS "nextAttemptAt",
         d.created_at AS "createdAt", d.finished_at AS "finishedAt"
  FROM webhook_deliveries d`;

/** Where the secrets of an endpoint are kept: see secrets/seal.ts. */
export const placeOfEndpoint = (id: string) => `webhook_endpoints/${id}`;

const MAX_NAMES = 100;

/** What is wrong with the fields of an endpoint, each at its field. */
export function endpointErrors({ name, url, types, workflowKeys, labels }: EndpointInput): UserError[] {
  const errors: UserError[] = [];
  const invalid = (field: string, message: string) => errors.push({ code: 'INVALID', field, message });
  if (name.trim() === '' || name.length > 200)
    invalid('name', `Expected a name of 1 to 200 characters, got ${name.length}.`);
  const problem = urlProblem(url);
  if (problem !== null) invalid('url', problem);
  if (types.length === 0) invalid('types', 'Expected at least one type of changes, got none.');
  if (workflowKeys !== null && (workflowKeys.length === 0 || workflowKeys.length > MAX_NAMES))
    invalid('workflowKeys', `Expected 1 to ${MAX_NAMES} keys, or null for all, got ${workflowKeys.length}.`);
  else errors.push(...(workflowKeys ?? []).flatMap((key) => keyErrors(key, 'workflowKeys')).slice(0, 1));
  return labels === null ? errors : [...errors, ...labelErrors(labels, 'labels')];
}

function urlProblem(url: string): string | null {
  if (url === '') return '`url` is needed: where requests go.';
  if (url.length > 2_000) return `Expected a URL of at most 2000 characters, got ${url.length}.`;
  try {
    checkedUrl(url);
    return null;
  } catch (error) {
    return coerceError(error).message;
  }
}
