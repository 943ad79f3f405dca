export const webhookSignatures = ['NONE', 'GITHUB', 'STRIPE', 'STANDARD_WEBHOOKS'] as const;
/** How a sender shows that a request is its own. */
export type WebhookSignature = (typeof webhookSignatures)[number];

export const webhookResponds = ['IMMEDIATELY', 'OUTPUT', 'NODE'] as const;
/** When a request is answered, and with what. */
export type WebhookRespond = (typeof webhookResponds)[number];

export const webhookMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type WebhookMethod = (typeof webhookMethods)[number];

/** What clients say of a webhook, but for its signing secrets. */
export interface WebhookInput {
  name: string;
  versionNumber: number | null;
  methods: WebhookMethod[];
  isEnabled: boolean;
  signature: WebhookSignature;
  /** How far the signed time may be from now. */
  toleranceSeconds: number;
  /** Where the id of a delivery is in the request, where the scheme does not say it; null for the usual place. */
  deliveryIdHeader: string | null;
  respond: WebhookRespond;
  /** How long a request waits for the execution. */
  timeoutMs: number;
  /** Of each process. */
  maxPerMinute: number;
  /** Until then the headers and bodies of requests are kept; null or past: they are not. */
  recordUntil: Date | null;
}

/** A webhook as clients get it: what is secret of it is not in here. */
export interface Webhook extends WebhookInput {
  id: string;
  workflowId: string;
  /** How many signing secrets it has. */
  signingSecrets: number;
  principal: string;
  createdAt: Date;
  updatedAt: Date;
}

/** A webhook, and where requests to it go. The secret in the address is shown this once. */
export interface WebhookWithPath {
  webhook: Webhook;
  path: string;
}

/** As whoever receives a request needs it. */
export interface ReceivingWebhook extends Webhook {
  sealedSecrets: string[];
}

export const requestOutcomes = ['STARTED', 'REPEATED', 'REFUSED'] as const;
export type RequestOutcome = (typeof requestOutcomes)[number];

/** A request to a webhook, and what became of it. */
export interface WebhookRequest {
  id: string;
  webhookId: string;
  receivedAt: Date;
  method: string;
  /** Null where the sender went away before the answer. */
  status: number | null;
  outcome: RequestOutcome;
  /** Why it was refused, or failed. */
  code: string | null;
  reason: string | null;
  deliveryId: string | null;
  executionId: string | null;
  /** Null where they were not recorded. */
  query: string | null;
  headers: Record<string, string> | null;
  body: Buffer | null;
  /** Of the whole body, of which no more than the beginning may be kept. */
  bodyBytes: number | null;
}

const COLUMNS = `
  id, workflow_id AS "workflowId", version_number AS "versionNumber", name, methods, is_enabled AS "isEnabled", signature,
         cardinality(signing_secrets) AS "signingSecrets", tolerance_seconds AS "toleranceSeconds",
         delivery_id_header AS "deliveryIdHeader", respond, timeout_ms AS "timeoutMs",
         max_per_minute AS "maxPerMinute", record_until AS "recordUntil", principal, created_at AS "createdAt",
         updated_at AS "updatedAt"`;

export const SELECT_WEBHOOKS = `SELECT ${COLUMNS} FROM webhooks`;

export const SELECT_RECEIVING = `SELECT ${COLUMNS}, signing_secrets AS "sealedSecrets" FROM webhooks`;

/** Where a signing secret of a webhook is kept, as it is sealed. */
export function placeOf(webhookId: string): string {
  return `webhooks/${webhookId}`;
}
