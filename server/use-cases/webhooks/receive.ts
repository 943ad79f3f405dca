import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { hashOf } from '../../auth/token-secret.ts';
import type { Seals } from '../../secrets/seal.ts';
import { coerceError, WeftError } from '../../shared/errors.ts';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';
import { newId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import { type GivenTrace, givenTrace } from '../../shared/trace-context.ts';
import type { makeStartUseCases } from '../start.ts';
import type { Execution, UserError } from '../types.ts';
import { type Answer, type AnswerDeps, acceptedAnswer, answerOf } from './answer.ts';
import { type DeliveryInput, inputOf } from './delivery-input.ts';
import { keptPart, openRequestLog, type RequestLog, redacted, redactedQuery } from './request-log.ts';
import { makeRequestRate } from './request-rate.ts';
import { deliveryIdOf, verifyDelivery } from './verify-delivery.ts';
import { placeOf, type ReceivingWebhook, SELECT_RECEIVING, type WebhookRequest } from './webhook.ts';

export interface ReceiverDeps extends AnswerDeps {
  seals: Seals;
  start: ReturnType<typeof makeStartUseCases>['start'];
  maxBodyBytes: number;
  logger: Logger;
}

/** A request as it arrived. */
export interface IncomingDelivery {
  /** From its address. */
  secret: string;
  method: string;
  query: URLSearchParams;
  /** By their names in lower case. */
  headers: Record<string, string>;
  /** @throws HttpError 400, 413, 415 */
  readBody: (maxBytes: number) => Promise<Buffer>;
  /** Aborts when the sender goes away. */
  signal: AbortSignal;
}

export interface WebhookReceiver extends AsyncDisposable {
  /** @throws HttpError for what is refused; nothing has started then */
  receive(delivery: IncomingDelivery): Promise<Answer>;
}

/** How long the id of a delivery counts: senders repeat a delivery for three days or less. */
const DEDUPLICATE_SECONDS = 604_800;

/**
 * Requests to webhooks, from the address to the answer:
 *
 *   find the webhook → method, rate → read the body → signature → delivery id → input → start → wait as it says → answer
 *
 * What is noted of a request on its way goes to the log of requests, whatever its end.
 */
export function openWebhookReceiver(deps: ReceiverDeps): WebhookReceiver {
  const { pool, logger } = deps;
  const log = openRequestLog({ pool, logger });
  const rate = makeRequestRate();
  const closing = new AbortController();

  return {
    async receive(delivery) {
      const webhook = await find(delivery.secret);
      if (webhook === null) throw notFound();
      const noted = newRequest(webhook, delivery);
      try {
        const answered = await answer(webhook, delivery, noted);
        note(log, noted, delivery.signal, answered);
        return answered;
      } catch (error) {
        const refused = error instanceof HttpError ? error : masked(error, webhook.id);
        note(log, noted, delivery.signal, {
          status: refused.status,
          code: refused.code,
          reason: refused.message,
        });
        // Whoever is no friend of ours learns no more of a webhook that is turned off than of one that is deleted.
        throw refused.code === 'WEBHOOK_DISABLED' ? notFound() : refused;
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await log[Symbol.asyncDispose]();
    },
  };

  /** By the hash: no comparison of the secret itself takes longer the more of it is right. */
  async function find(secret: string): Promise<ReceivingWebhook | null> {
    const { rows } = await pool.query<ReceivingWebhook>({
      name: 'weft-find-webhook',
      text: FIND,
      values: [hashOf(secret)],
    });
    return rows[0] ?? null;
  }

  async function answer(
    webhook: ReceivingWebhook,
    delivery: IncomingDelivery,
    noted: WebhookRequest,
  ): Promise<Answer> {
    requireOpen(webhook, delivery, rate.take);
    const body = await delivery.readBody(deps.maxBodyBytes);
    if (noted.headers !== null) noted.body = keptPart(body);
    noted.bodyBytes = body.length;
    const secrets = await Promise.all(
      webhook.sealedSecrets.map((sealed) => deps.seals.open(sealed, placeOf(webhook.id))),
    );
    const { method, query, headers } = delivery;
    const signed = verifyDelivery(webhook, secrets, { headers, body }, new Date());
    const deliveryId = deliveryIdOf(webhook, signed, { headers, body });
    noted.deliveryId = deliveryId;
    const input = inputOf({ method, query, headers, body, deliveryId });
    const execution = await start(webhook, input, noted, givenTrace(headers));
    if (webhook.respond === 'IMMEDIATELY') return acceptedAnswer(execution.id);
    return answerOf(deps, webhook, execution, { signal: delivery.signal, closing: closing.signal });
  }

  /**
   * The key of the execution is that of the delivery, and commits with it: a delivery that is repeated, here or in another
   * process, at once or after a crash, finds the execution of the first time.
   */
  async function start(
    { id, workflowId, versionNumber }: ReceivingWebhook,
    input: DeliveryInput,
    noted: WebhookRequest,
    trace: GivenTrace | null,
  ): Promise<Execution> {
    const executionId = newId('exec');
    const { deliveryId } = input;
    const key =
      deliveryId === null
        ? {}
        : { idempotencyKey: keyOf(id, deliveryId), idempotencyTtlSeconds: DEDUPLICATE_SECONDS };
    const trigger = { triggerId: id, scheduledAt: null };
    const outcome = await deps.start({
      workflowId,
      versionNumber,
      input,
      trigger,
      trace,
      executionId,
      principal: 'webhook',
      ...key,
    });
    if (!outcome.ok) throw notStarted(outcome.userErrors);
    noted.executionId = outcome.value.id;
    noted.outcome = outcome.value.id === executionId ? 'STARTED' : 'REPEATED';
    return outcome.value;
  }

  /** What only the operator can mend is in the log, and the sender may try again. */
  function masked(error: unknown, webhookId: string): HttpError {
    logger.error({ err: coerceError(error), webhookId }, 'a request to a webhook could not be answered');
    if (error instanceof WeftError && /^SECRET/.test(error.code))
      return new HttpError(503, error.code, 'The signature cannot be checked at present.', RETRY);
    return new HttpError(503, 'UNAVAILABLE', 'The server cannot take the request at present.', RETRY);
  }
}

const RETRY: OutgoingHttpHeaders = { 'retry-after': '10' };

/** @throws HttpError */
function requireOpen(
  webhook: ReceivingWebhook,
  { method }: IncomingDelivery,
  take: (id: string, maxPerMinute: number) => number | null,
): void {
  if (!webhook.isEnabled) throw new HttpError(404, 'WEBHOOK_DISABLED', 'The webhook is turned off.');
  const { id, methods, maxPerMinute } = webhook;
  const seconds = take(id, maxPerMinute);
  if (seconds !== null) {
    const message = `Expected at most ${maxPerMinute} requests a minute, got more. Send it again in ${seconds} s.`;
    throw new HttpError(429, 'TOO_MANY_REQUESTS', message, { 'retry-after': String(seconds) });
  }
  if (!(methods as readonly string[]).includes(method))
    throw methodNotAllowed({ method }, methods.join(', '));
}

function notFound(): HttpError {
  return new HttpError(404, 'NOT_FOUND', 'There is no webhook at this address, or no longer.');
}

/** Ids of deliveries are hashed, because a key has at most 200 characters. */
function keyOf(webhookId: string, deliveryId: string): string {
  return `${webhookId} ${createHash('sha256').update(deliveryId).digest('base64url')}`;
}

function notStarted(userErrors: readonly UserError[]): HttpError {
  const [{ code }] = userErrors as [UserError];
  const message = userErrors.map((error) => error.message).join(' ');
  if (code === 'NOT_FOUND') return new HttpError(404, code, message);
  if (code === 'STORAGE_LIMIT') return new HttpError(503, code, message, RETRY);
  if (code === 'CONCURRENCY_LIMIT') return new HttpError(429, code, message, RETRY);
  return new HttpError(422, code, message);
}

function newRequest(
  { id, recordUntil }: ReceivingWebhook,
  { method, query, headers }: IncomingDelivery,
): WebhookRequest {
  const isRecorded = recordUntil !== null && recordUntil > new Date();
  return {
    id: newId('whr'),
    webhookId: id,
    receivedAt: new Date(),
    method,
    status: null,
    outcome: 'REFUSED',
    code: null,
    reason: null,
    deliveryId: null,
    executionId: null,
    query: isRecorded ? redactedQuery(query) : null,
    headers: isRecorded ? redacted(headers) : null,
    body: null,
    bodyBytes: null,
  };
}

function note(
  log: RequestLog,
  request: WebhookRequest,
  { aborted: isGone }: AbortSignal,
  { status, code, reason }: Pick<Answer, 'status' | 'code' | 'reason'>,
): void {
  if (isGone) log.add({ ...request, reason: 'The sender went away before the answer.' });
  else log.add({ ...request, status, code, reason });
}

const FIND = `
  ${SELECT_RECEIVING}
  WHERE secret_hash = $1 OR (former_secret_hash = $1 AND former_secret_until > now())`;
