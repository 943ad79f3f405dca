import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { constants, createGzip, type Gzip } from 'node:zlib';
import * as z from 'zod';
import type { Access } from '../../auth/access.ts';
import type { Principal } from '../../auth/principal.ts';
import { eventTypes } from '../../journal/event.ts';
import { WeftError } from '../../shared/errors.ts';
import { acceptsEncoding } from '../../shared/http/accepts-encoding.ts';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';
import { endpoints } from '../permissions.ts';
import { principalFor } from './caller.ts';

export interface EventLinesDeps {
  access: Access;
  /** @throws WeftError INVALID_CURSOR, NOT_FOUND, BAD_USER_INPUT, at the first `next()` */
  eventLines: (
    principal: Principal,
    executionId: string,
    options: EventLinesOptions,
  ) => AsyncIterator<EventLinesPage>;
}

export type EventLinesOptions = Omit<z.infer<typeof Params>, 'follow'> & { isLive: boolean };

export interface EventLinesPage {
  /** One JSON object a line; empty where no event passes the filter. */
  text: string;
  /** Whether nothing more was there at that moment. */
  atEnd: boolean;
}

export interface EventLines extends AsyncDisposable {
  send(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

const PATH = /^\/executions\/([^/]+)\/events$/;

export function isEventLinesPath(pathname: string): boolean {
  return PATH.test(pathname);
}

const Params = z.strictObject({
  after: z.string().nullable().default(null),
  types: z.array(z.enum(eventTypes)).nullable().default(null),
  nodeKeys: z.array(z.string()).nullable().default(null),
  follow: z.enum(['true', 'false']).default('false'),
});

/**
 * Sends the events of an execution, one JSON object a line (NDJSON): those that there are, and with `?follow=true` those
 * that come, up to the last. A client that is slower than the database holds up no more than two pages.
 */
export function openEventLines({ access, eventLines }: EventLinesDeps): EventLines {
  const open = new Set<() => void>();

  return {
    async send(request, response, url) {
      const principal = await principalFor(access, request, endpoints.events);
      if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request, 'GET');
      const { follow, ...filter } = parse(url);
      const pages = eventLines(principal, PATH.exec(url.pathname)![1]!, {
        ...filter,
        isLive: follow === 'true',
      });
      const stop = () => void pages.return?.()?.catch(() => {}); // Nobody is left to read what went wrong.
      open.add(stop);
      response.once('close', stop);
      const stopWatching = access.watch(principal, stop);
      try {
        const first = await pages.next().catch(asHttpError);
        const body = openBody(request, response);
        if (request.method !== 'HEAD') await pump(pages, first, body, response);
        body.end();
      } finally {
        stopWatching();
        open.delete(stop);
        stop();
      }
    },
    /** Ends what is followed, without its last event: the client goes on from its cursor. */
    async [Symbol.asyncDispose]() {
      for (const stop of open) stop();
    },
  };
}

/** @throws HttpError */
function parse({ searchParams }: URL): z.infer<typeof Params> {
  const given = Object.fromEntries([...searchParams.keys()].map((key) => [key, paramOf(key, searchParams)]));
  const { data, error } = Params.safeParse(given);
  if (data !== undefined) return data;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  throw new HttpError(
    400,
    'BAD_REQUEST',
    `Expected the parameters after, types, nodeKeys and follow: ${[...path, message].join(': ')}.`,
  );
}

/** Lists come with commas, or as a parameter that comes several times. */
function paramOf(key: string, params: URLSearchParams): string | string[] {
  const texts = params.getAll(key);
  if (key === 'types' || key === 'nodeKeys') return texts.flatMap((text) => text.split(','));
  return texts.length === 1 ? texts[0]! : texts;
}

function openBody(request: IncomingMessage, response: ServerResponse): ServerResponse | Gzip {
  const isPacked = acceptsEncoding(request, 'gzip');
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    ...(isPacked && { 'content-encoding': 'gzip' }),
    vary: 'accept-encoding',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  if (!isPacked || request.method === 'HEAD') return response;
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  response.once('close', () => gzip.destroy());
  gzip.pipe(response);
  return gzip;
}

/** The next page is read while the client takes this one. */
async function pump(
  pages: AsyncIterator<EventLinesPage>,
  first: IteratorResult<EventLinesPage, void>,
  body: ServerResponse | Gzip,
  response: ServerResponse,
): Promise<void> {
  const heartbeat = setInterval(() => body.writableNeedDrain || body.write('\n'), HEARTBEAT_MS);
  try {
    for (let page = first; !page.done; ) {
      const { text, atEnd } = page.value;
      const next = pages.next();
      next.catch(() => {}); // It is awaited once what precedes it was taken.
      const hasRoom = text === '' || body.write(text);
      // What is packed waits for more, unless it is told that nothing more is there.
      if (atEnd && 'flush' in body) body.flush(constants.Z_SYNC_FLUSH);
      heartbeat.refresh();
      if (!hasRoom) await taken(body, response);
      if (response.destroyed) return;
      page = await next;
    }
  } finally {
    clearInterval(heartbeat);
  }
}

/** An empty line while nothing happens, before a proxy takes the connection for dead. */
const HEARTBEAT_MS = 15_000;

/** Resolves when the client has taken what was written, or is gone. */
async function taken(body: Writable, response: ServerResponse): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    once(body, 'drain', { signal: over.signal }),
    once(response, 'close', { signal: over.signal }),
  ]).finally(() => over.abort());
}

function asHttpError(error: unknown): never {
  if (!(error instanceof WeftError)) throw error;
  const status = { INVALID_CURSOR: 400, BAD_USER_INPUT: 400, NOT_FOUND: 404 }[error.code];
  throw status === undefined ? error : new HttpError(status, error.code, error.message);
}
