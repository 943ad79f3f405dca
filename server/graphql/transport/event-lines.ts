import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeftError } from '../../shared/errors.ts';
import type { Guard } from '../../shared/http/guard.ts';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';

export interface EventLinesDeps {
  guard: Guard;
  /** The first pages after a cursor, from the start without one. @throws WeftError INVALID_CURSOR, NOT_FOUND */
  readEventLines: (executionId: string, after: string | null) => Promise<EventLinesPage>;
}

export interface EventLinesPage {
  /** One JSON object a line, without a line end after the last; empty where there is none. */
  text: string;
  /** Where the next page begins; null where this is the last one. */
  nextAfter: string | null;
}

const PATH = /^\/executions\/([^/]+)\/events$/;

export function isEventLinesPath(pathname: string): boolean {
  return PATH.test(pathname);
}

/**
 * Sends the events of an execution as they are now, one JSON object a line (NDJSON), from `?after=<cursor>` on. A client
 * that is slower than the database holds up no more than one page. @throws HttpError
 */
export async function sendEventLines(
  { guard, readEventLines }: EventLinesDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  guard.authorize(request.headers.authorization);
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request, 'GET');
  const id = PATH.exec(url.pathname)![1]!;
  let page = await readEventLines(id, url.searchParams.get('after')).catch(asHttpError);
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  if (request.method === 'HEAD') return void response.end();
  for (;;) {
    const next = page.nextAfter === null ? null : readEventLines(id, page.nextAfter);
    next?.catch(() => {}); // It is awaited once what precedes it was taken.
    if (page.text !== '' && !response.write(`${page.text}\n`)) await taken(response);
    if (next === null || response.destroyed) return void response.end();
    page = await next;
  }
}

/** Resolves when the client has taken what was written, or is gone. */
async function taken(response: ServerResponse): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    once(response, 'drain', { signal: over.signal }),
    once(response, 'close', { signal: over.signal }),
  ]).finally(() => over.abort());
}

function asHttpError(error: unknown): never {
  if (!(error instanceof WeftError)) throw error;
  const status = { INVALID_CURSOR: 400, NOT_FOUND: 404 }[error.code];
  throw status === undefined ? error : new HttpError(status, error.code, error.message);
}
