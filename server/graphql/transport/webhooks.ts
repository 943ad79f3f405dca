import type { IncomingMessage, ServerResponse } from 'node:http';
import { inertHeaders } from '../../shared/http/answer-headers.ts';
import { readBody } from '../../shared/http/body.ts';
import { HttpError } from '../../shared/http/http-error.ts';
import type { IncomingDelivery, WebhookReceiver } from '../../use-cases/webhooks/receive.ts';
import { HOOKS_PATH } from '../../use-cases/webhooks/webhooks.ts';

export interface WebhookDeps {
  receiveWebhook: WebhookReceiver['receive'];
}

export function isHooksPath(pathname: string): boolean {
  return pathname.startsWith(HOOKS_PATH);
}

/**
 * Answers a request to a webhook. The guard of origins and hosts is not asked: requests come from anywhere, through
 * whatever name leads here, and who sends one is known by the secret in the address. A foreign page that does not know it
 * reaches nothing, no cookie speaks for anybody, and no page may read the answer, since it has no CORS headers.
 * @throws HttpError
 */
export async function receiveHook(
  { receiveWebhook }: WebhookDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  // Of refusals too, whose messages may quote what was sent.
  for (const [name, value] of Object.entries(inertHeaders)) response.setHeader(name, value!);
  response.setHeader('cache-control', 'no-store');
  // A preflight: an answer without CORS headers refuses what the page asks for, and starts nothing.
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const secret = url.pathname.slice(HOOKS_PATH.length);
  if (!SECRET.test(secret)) throw notFound();
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { status, headers, body } = await receiveWebhook({
    secret,
    method: request.method ?? '',
    query: url.searchParams,
    headers: headersOf(request),
    readBody: (maxBytes) => readBody(request, response, maxBytes),
    signal: gone.signal,
  });
  if (response.destroyed) return;
  const length = body === null ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length, ...inertHeaders });
  if (body === null || request.method === 'HEAD') response.end();
  else response.end(body);
}

/** As `newAddressSecret` makes them. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

function notFound(): HttpError {
  return new HttpError(404, 'NOT_FOUND', 'There is no webhook at this address, or no longer.');
}

/** A header that came several times is one text, as Node joins it. */
function headersOf({ headers }: IncomingMessage): IncomingDelivery['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}
