import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Logger } from '../../shared/logger.ts';
import type { WebhookRequest } from './webhook.ts';

/** Of each webhook; also those that wait to be written. */
const KEPT = 50;
const MAX_BODY_BYTES = 64 * 1024;
/** How long requests gather: a flood of them becomes a few statements, of which each writes no more than are kept. */
const GATHER_MS = 100;

export interface RequestLog extends AsyncDisposable {
  /** Notes a request. Never throws: a request is answered whether or not it can be noted. */
  add(request: WebhookRequest): void;
}

/**
 * Writes the last requests of webhooks, a moment after they were answered. Those of the last moment are lost with the
 * process: they are for people who try a webhook, and no record of what was started, which the executions are.
 */
export function openRequestLog({ pool, logger }: { pool: Pool; logger: Logger }): RequestLog {
  let waiting = new Map<string, WebhookRequest[]>();
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (waiting.size > 0) {
      await delay(GATHER_MS);
      const requests = [...waiting.values()].flat();
      waiting = new Map();
      await insert(pool, requests).catch((error) =>
        logger.warn({ err: error }, 'requests to webhooks could not be noted'),
      );
    }
    writing = null;
  }

  return {
    add(request) {
      const own = waiting.get(request.webhookId) ?? [];
      own.push(request);
      if (own.length > KEPT) own.shift();
      waiting.set(request.webhookId, own);
      writing ??= write();
    },
    async [Symbol.asyncDispose]() {
      await writing;
    },
  };
}

/** Whoever reads the log must not be able to call by what stands there. */
const secretive = /auth|cookie|token|secret|signature|password|passwd|key|credential|session/;

/** Headers as the log may keep them. */
export function redacted(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      secretive.test(name) && name !== 'idempotency-key' ? '[redacted]' : value,
    ]),
  );
}

/** A query likewise: some senders have their secret in the address. */
export function redactedQuery(query: URLSearchParams): string {
  const named = [...query].map(([name, value]) => [
    name,
    secretive.test(name.toLowerCase()) ? '[redacted]' : value,
  ]);
  return new URLSearchParams(named as [string, string][]).toString();
}

/** The beginning of a body, as much as is kept. */
export function keptPart(body: Buffer): Buffer {
  return Buffer.from(body.subarray(0, MAX_BODY_BYTES));
}

async function insert(pool: Pool, requests: readonly WebhookRequest[]): Promise<void> {
  const column = <T>(of: (request: WebhookRequest) => T): T[] => requests.map(of);
  await pool.query(INSERT, [
    column(({ id }) => id),
    column(({ webhookId }) => webhookId),
    column(({ receivedAt }) => receivedAt),
    column(({ method }) => method),
    column(({ status }) => status),
    column(({ outcome }) => outcome),
    column(({ code }) => code),
    column(({ reason }) => reason?.slice(0, 1_000) ?? null),
    column(({ deliveryId }) => deliveryId),
    column(({ executionId }) => executionId),
    column(({ query }) => query),
    column(({ headers }) => (headers === null ? null : JSON.stringify(headers))),
    column(({ body }) => body?.toString('base64') ?? null),
    column(({ bodyBytes }) => bodyBytes),
  ]);
  await pool.query(DELETE_OLD, [[...new Set(column(({ webhookId }) => webhookId))], KEPT]);
}

/** Of one webhook, newest first. */
export async function lastRequests(
  pool: Pool,
  webhookId: string,
  withBodies: boolean,
): Promise<WebhookRequest[]> {
  return (await pool.query<WebhookRequest>(SELECT, [webhookId, withBodies, KEPT])).rows;
}

/** A webhook that was deleted meanwhile has no requests any more. */
const INSERT = `
  INSERT INTO webhook_requests (id, webhook_id, received_at, method, status, outcome, code, reason, delivery_id,
                                execution_id, query, headers, body, body_bytes)
  SELECT given.id, webhooks.id, received_at, method, status, outcome, code, reason, delivery_id, execution_id, query,
         headers::json, decode(body, 'base64'), body_bytes
  FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::int[])
       AS given (id, webhook_id, received_at, method, status, outcome, code, reason, delivery_id, execution_id, query,
                 headers, body, body_bytes)
  JOIN webhooks ON webhooks.id = given.webhook_id`;

const DELETE_OLD = `
  DELETE FROM webhook_requests USING (
    SELECT id, row_number() OVER (PARTITION BY webhook_id ORDER BY id DESC) AS place
    FROM webhook_requests WHERE webhook_id = ANY ($1)
  ) AS placed
  WHERE webhook_requests.id = placed.id AND placed.place > $2`;

const SELECT = `
  SELECT id, webhook_id AS "webhookId", received_at AS "receivedAt", method, status, outcome, code, reason,
         delivery_id AS "deliveryId", execution_id AS "executionId", query, headers,
         CASE WHEN $2 THEN body END AS body, body_bytes AS "bodyBytes"
  FROM webhook_requests WHERE webhook_id = $1 ORDER BY id DESC LIMIT $3`;
