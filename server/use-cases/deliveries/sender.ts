import type { Pool } from 'pg';
import type { Database, Tx } from '../../db/database.ts';
import type { Hub } from '../../journal/hub.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Seals } from '../../secrets/seal.ts';
import { channels } from '../../shared/channels.ts';
import { type Clock, setRepeatingTimer } from '../../shared/clock.ts';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { signStandardWebhook } from '../../shared/webhook-signatures/standard-webhooks.ts';
import type { makeAuditUseCases } from '../audit.ts';
import { dispatchChanges } from './dispatcher.ts';
import { placeOfEndpoint } from './endpoint.ts';

export interface SenderDeps {
  database: Database;
  hub: Hub;
  outbound: Pick<Outbound, 'request'>;
  seals: Seals;
  audit: ReturnType<typeof makeAuditUseCases>;
  settings: DeliverySettings;
  clock: Clock;
  logger: Logger;
}

export interface DeliverySettings {
  /** How long after each failed attempt the next one follows, milliseconds. */
  retryMs: readonly number[];
  /** An endpoint of which every attempt has failed for so long is disabled, days. */
  disableAfterDays: number;
  /** How long deliveries are kept that are over, days. */
  keepDays: number;
}

const POLL_INTERVAL_MS = 1_000;
/** Without an endpoint nothing is due: whoever makes one wakes the workers, and this is for a wake-up that is lost. */
const ASLEEP_INTERVAL_MS = 30_000;
/** Requests of this process at once, and of all processes to one endpoint: one that is slow occupies no more. */
const MAX_AT_ONCE = 24;
const MAX_PER_ENDPOINT = 4;
/** Of all of a request, milliseconds; within it the claim must not lapse. */
const TIMEOUT_MS = 15_000;
const CLAIM_SECONDS = 30;
const MAX_RESPONSE_BYTES = 4_096;
/** The longest that a receiver may put an attempt off (`Retry-After`), milliseconds: a day. */
const MAX_RETRY_AFTER_MS = 86_400_000;
const CLEAN_INTERVAL_MS = 60_000;

/**
 * Sends what changes to those who want to know, in every worker. A delivery is a row, and whoever claims it sends it:
 *
 *   change → PENDING (a row, due now) → claimed → SUCCEEDED
 *                      └─ due later ◀──────┤ failed
 *                                          └─▶ FAILED after the last attempt
 *
 * A worker sleeps while there is no endpoint. A claim lapses after half a minute, so what a lost worker had claimed is sent by another: at least once. The row is job
 * and log in one, rather than a job of pg-boss beside it: the claim counts what is on its way to each endpoint.
 */
export function openDeliverySender(deps: SenderDeps): AsyncDisposable {
  const { database, hub, clock, logger } = deps;
  const closing = new AbortController();
  const sending = new Set<Promise<void>>();
  let pass: Promise<void> | null = null;
  let isWoken = false;
  let cleanedAt = 0;
  let asleepUntil = 0;

  function wake(): void {
    isWoken = true;
    pass ??= passAll().finally(() => {
      pass = null;
    });
  }

  /** Never rejects. */
  async function passAll(): Promise<void> {
    while (isWoken && !closing.signal.aborted) {
      isWoken = false;
      try {
        const { rows } = await database.pool.query<{ isThere: boolean }>(ANY_ENDPOINT);
        asleepUntil = rows[0]!.isThere ? 0 : clock.now().getTime() + ASLEEP_INTERVAL_MS;
        if (asleepUntil > 0) continue;
        while (!closing.signal.aborted && (await dispatchChanges(deps)));
        await sendDue();
        if (Date.now() - cleanedAt > CLEAN_INTERVAL_MS) {
          cleanedAt = Date.now();
          await database.pool.query(CLEAN, [deps.settings.keepDays]);
        }
      } catch (error) {
        logger.warn({ err: error }, 'sending webhooks failed; the worker tries again within a second');
      }
    }
  }

  async function sendDue(): Promise<void> {
    const free = MAX_AT_ONCE - sending.size;
    if (free <= 0) return;
    for (const claimed of await claim(database.pool, free)) {
      const sent: Promise<void> = deliver(deps, claimed, closing.signal)
        .catch((error) =>
          logger.warn(
            { err: coerceError(error), deliveryId: claimed.id },
            'a webhook was sent, and what became of it could not be noted; it is sent again',
          ),
        )
        .then(() => {
          sending.delete(sent);
          wake();
        });
      sending.add(sent);
    }
  }

  const stop = setRepeatingTimer(
    clock,
    POLL_INTERVAL_MS,
    () => clock.now().getTime() >= asleepUntil && wake(),
  );
  const release = hub.listen('delivery', undefined, wake);
  return {
    async [Symbol.asyncDispose]() {
      stop();
      release();
      closing.abort();
      await pass;
      await Promise.all(sending);
    },
  };
}

interface Claimed {
  id: string;
  endpointId: string;
  project: string;
  url: string;
  signingSecrets: string[];
  messageId: string;
  payload: string;
  /** Sent once, and whatever becomes of it says nothing of the endpoint. */
  isSample: boolean;
  /** Of the log, and of this round: a redelivery begins anew. */
  number: number;
  tries: number;
}

async function claim(pool: Pool, limit: number): Promise<Claimed[]> {
  const { rows } = await pool.query<Claimed>({ name: 'weft-claim-deliveries', text: CLAIM, values: [limit] });
  return rows;
}

interface Result {
  durationMs: number;
  httpStatus: number | null;
  /** Null where it was accepted. */
  error: string | null;
  response: string | null;
  retryAfterMs: number;
}

/** Sends a delivery once, and notes what became of it. */
async function deliver(deps: SenderDeps, claimed: Claimed, signal: AbortSignal): Promise<void> {
  const result = await send(deps, claimed, signal);
  // Nobody knows whether it has arrived; whoever claims it next sends it again.
  if (signal.aborted && result.error !== null) return;
  const { retryMs } = deps.settings;
  const isGone = result.httpStatus === 410;
  const delayMs = claimed.isSample ? undefined : retryMs[claimed.tries - 1];
  const status = result.error === null ? 'SUCCEEDED' : delayMs === undefined || isGone ? 'FAILED' : 'PENDING';
  const nextMs = status === 'PENDING' ? Math.max(jittered(delayMs!), result.retryAfterMs) : null;
  const disabled = await deps.database.transaction(async (tx) => {
    const isOurs = await note(tx, claimed, result, status, nextMs);
    return isOurs && !claimed.isSample ? disableWhereItFails(tx, claimed, isGone, deps.settings) : null;
  });
  if (channels.webhook.hasSubscribers)
    channels.webhook.publish({
      outcome: outcomes[status],
      tookMs: result.durationMs,
    });
  if (disabled !== null) await auditDisabled(deps, claimed, disabled);
}

const outcomes = { PENDING: 'retried', SUCCEEDED: 'succeeded', FAILED: 'failed' } as const;

async function send({ outbound, seals }: SenderDeps, claimed: Claimed, signal: AbortSignal): Promise<Result> {
  const startedAt = performance.now();
  const answer = { httpStatus: null as number | null, response: null as string | null, retryAfterMs: 0 };
  const took = () => Math.round(performance.now() - startedAt);
  try {
    const place = placeOfEndpoint(claimed.endpointId);
    const secrets = await Promise.all(claimed.signingSecrets.map((sealed) => seals.open(sealed, place)));
    const seconds = Math.floor(Date.now() / 1_000);
    const body = Buffer.from(claimed.payload);
    await outbound.request(
      {
        method: 'POST',
        url: claimed.url,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'weft',
          'webhook-id': claimed.messageId,
          'webhook-timestamp': String(seconds),
          'webhook-signature': signStandardWebhook({ id: claimed.messageId, seconds, body }, secrets),
        },
        body: claimed.payload,
        timeoutMs: TIMEOUT_MS,
        maxRedirects: 0,
        secretHeaders: [],
        maxBytes: Number.POSITIVE_INFINITY, // read to its 4,096th byte
        signal,
      },
      async ({ status, headers, body }) => {
        answer.httpStatus = status;
        answer.retryAfterMs = retryAfterMs(headers['retry-after']);
        answer.response = await startOf(body);
      },
    );
    const error = statusProblem(answer.httpStatus!);
    return { ...answer, error, durationMs: took() };
  } catch (error) {
    // What was accepted stays accepted, however its response ends.
    const isAccepted = answer.httpStatus !== null && statusProblem(answer.httpStatus) === null;
    return {
      ...answer,
      error: isAccepted ? null : coerceError(error).message.slice(0, 1_000),
      durationMs: took(),
    };
  }
}

function statusProblem(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `Expected a status of 200 to 299, got ${status}: redirects are not followed.`;
  return `Expected a status of 200 to 299, got ${status}.`;
}

async function startOf(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    pieces.push(piece);
    size += piece.length;
    if (size >= MAX_RESPONSE_BYTES) break;
  }
  return Buffer.concat(pieces).subarray(0, MAX_RESPONSE_BYTES).toString('utf8').replaceAll('\0', '\ufffd');
}

/** Seconds, or a date. */
function retryAfterMs(header: string | string[] | undefined): number {
  const text = String(header ?? '').trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}

/** Within a tenth: those that failed together do not come again together. */
function jittered(ms: number): number {
  return ms * (0.9 + Math.random() * 0.2);
}

/** False where the claim had lapsed, and somebody else has the delivery or it was begun anew. */
async function note(
  tx: Tx,
  { id, endpointId, number }: Claimed,
  { durationMs, httpStatus, error, response }: Result,
  status: string,
  nextMs: number | null,
): Promise<boolean> {
  const [, , [rows]] = await Promise.all([
    tx.query(LOCK_ENDPOINT, [endpointId]),
    tx.query(NOTE_ATTEMPT, [id, number, durationMs, httpStatus, error, response]),
    tx.query(NOTE, [id, number, status, nextMs]) as Promise<[unknown[], number]>,
  ]);
  return rows.length > 0;
}

/** Why it was disabled; null where it was not. */
async function disableWhereItFails(
  tx: Tx,
  { endpointId, id }: Claimed,
  isGone: boolean,
  { disableAfterDays }: DeliverySettings,
): Promise<string | null> {
  const [rows] = (await tx.query(JUDGE, [endpointId, id, isGone, disableAfterDays])) as [
    { reason: string | null; wasEnabled: boolean }[],
    number,
  ];
  const [judged] = rows;
  return judged?.wasEnabled ? judged.reason : null;
}

async function auditDisabled(
  { audit, logger }: SenderDeps,
  { endpointId, project }: Claimed,
  reason: string,
): Promise<void> {
  logger.warn({ endpointId, reason }, 'a webhook endpoint was disabled');
  await audit.record({
    occurredAt: new Date(),
    principal: 'webhooks',
    project,
    principalName: 'webhooks',
    operation: 'webhookEndpointDisabled',
    target: endpointId,
    outcome: 'DONE',
    code: null,
    input: null,
    before: { isEnabled: true },
    after: { isEnabled: false, reason },
    address: null,
    forwardedFor: null,
  });
}

const ANY_ENDPOINT = 'SELECT EXISTS (SELECT FROM webhook_endpoints) AS "isThere"';

/** A sample is sent even where its endpoint is disabled. */
const CLAIM = `
  WITH endpoint AS MATERIALIZED (
    SELECT id, url, signing_secrets, is_enabled, former_secret_until,
           ${MAX_PER_ENDPOINT} - (SELECT count(*) FROM webhook_deliveries d
                                  WHERE d.endpoint_id = e.id AND d.claimed_until > now())::int AS free
    FROM webhook_endpoints e
  ), due AS (
    SELECT d.id, endpoint.url,
           CASE WHEN former_secret_until > now() THEN signing_secrets ELSE signing_secrets[1:1] END AS signing_secrets
    FROM endpoint CROSS JOIN LATERAL (
      SELECT id, next_attempt_at FROM webhook_deliveries
      WHERE endpoint_id = endpoint.id AND next_attempt_at <= now() AND (endpoint.is_enabled OR execution_id IS NULL)
      ORDER BY next_attempt_at, id LIMIT greatest(0, free) FOR UPDATE SKIP LOCKED
    ) AS d
    ORDER BY d.next_attempt_at LIMIT $1
  ), claimed AS (
    UPDATE webhook_deliveries d SET
      attempts = attempts + 1, tries = tries + 1, claimed_until = now() + interval '${CLAIM_SECONDS} seconds',
      next_attempt_at = now() + interval '${CLAIM_SECONDS} seconds'
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.endpoint_id, d.message_id, d.payload, d.execution_id, d.attempts, d.tries, d.project, due.url, due.signing_secrets
  ), begun AS (
    INSERT INTO webhook_attempts (delivery_id, number, started_at) SELECT id, attempts, clock_timestamp() FROM claimed
  )
  SELECT id, endpoint_id AS "endpointId", project, url, signing_secrets AS "signingSecrets", message_id AS "messageId", payload,
         execution_id IS NULL AS "isSample", attempts AS number, tries
  FROM claimed`;

/** Before its delivery, as whoever deletes it locks them: the other way round the two would wait for each other. */
const LOCK_ENDPOINT = 'SELECT FROM webhook_endpoints WHERE id = $1 FOR NO KEY UPDATE';

const NOTE_ATTEMPT = `
  UPDATE webhook_attempts SET duration_ms = $3, http_status = $4, error = $5, response = $6
  WHERE delivery_id = $1 AND number = $2`;

const NOTE = `
  UPDATE webhook_deliveries SET
    status = $3, claimed_until = NULL, next_attempt_at = now() + $4::float8 * interval '1 ms',
    finished_at = CASE WHEN $3 <> 'PENDING' THEN now() END
  WHERE id = $1 AND attempts = $2 AND claimed_until IS NOT NULL
  RETURNING id`;

const JUDGE = `
  WITH delivery AS (
    SELECT status = 'SUCCEEDED' AS is_accepted FROM webhook_deliveries WHERE id = $2
  ), former AS (
    SELECT id, is_enabled FROM webhook_endpoints WHERE id = $1
  ), judged AS (
    SELECT CASE
      WHEN $3 THEN 'The receiver answered 410: it wants no more.'
      WHEN NOT is_accepted AND e.failing_since < now() - $4::float8 * interval '1 day'
        THEN 'Every attempt has failed since ' || to_char(e.failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '.'
    END AS reason, is_accepted
    FROM webhook_endpoints e, delivery WHERE e.id = $1
  )
  UPDATE webhook_endpoints e SET
    failing_since = CASE WHEN NOT is_accepted THEN coalesce(e.failing_since, now()) END,
    is_enabled = e.is_enabled AND reason IS NULL,
    disabled_at = CASE WHEN e.is_enabled AND reason IS NOT NULL THEN now() ELSE e.disabled_at END,
    disabled_reason = CASE WHEN e.is_enabled AND reason IS NOT NULL THEN reason ELSE e.disabled_reason END
  FROM judged, former
  WHERE e.id = former.id AND (reason IS NOT NULL OR is_accepted = (e.failing_since IS NOT NULL))
  RETURNING reason, former.is_enabled AS "wasEnabled"`;

const CLEAN = `
  DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE finished_at < now() - $1::float8 * interval '1 day'
    LIMIT 5000 FOR UPDATE SKIP LOCKED)`;
