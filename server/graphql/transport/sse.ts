import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import * as z from 'zod';
import { type BodyLimits, readJsonBody } from '../../shared/http/body.ts';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';
import { requirePreflight } from '../../shared/http/preflight.ts';
import type { ErrorFormatter } from '../errors.ts';
import { callerOf, TOKEN_ENDED } from './caller.ts';
import {
  type OperationParams,
  prepareOperation,
  runOperation,
  type TransportDeps,
  urlParams,
} from './operations.ts';
import { textWithinBounds, withinBounds } from './response-size.ts';
import type { Result } from './subscribe.ts';

export interface SseTransport extends AsyncDisposable {
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

/**
 * Any operation as server-sent events, in the "distinct connections" mode of the graphql-sse protocol: one stream
 * for one operation, with `next` events and a last `complete`. Own code, because the handler of graphql-sse 2.6 queues
 * results without bound for a client that reads slowly, reads bodies of any size, and cannot end its open streams.
 */
export function openSseTransport(deps: TransportDeps): SseTransport {
  const streams = new Set<EventStream>();

  return {
    async handle(request, response, url) {
      const caller = await callerOf(deps.access, request);
      requireEventStream(request);
      requirePreflight(request);
      const params = await readParams(request, response, url, deps.limits.body);
      const operation = prepareOperation(deps, params, caller);
      if (operation.kind === 'mutation') requirePost(request);
      await hasConnection(response);
      const results = resultsOf(await runOperation(deps, operation));
      const stream = openEventStream(response, results);
      streams.add(stream);
      const stopWatching = deps.access.watch(caller.principal, () => stream.refuse(TOKEN_ENDED));
      await stream.pump(deps.formatError);
      stopWatching();
      streams.delete(stream);
    },
    async [Symbol.asyncDispose]() {
      for (const stream of streams) stream.end();
    },
  };
}

/** True where the client prefers an event stream; some clients list it last, as a type that they could read. */
export function prefersEventStream(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').trimStart().startsWith('text/event-stream');
}

interface EventStream {
  /** Sends the results at the client's own speed; settles when the stream ends for whatever reason. */
  pump(formatError: ErrorFormatter): Promise<void>;
  /** Ends the stream without `complete`, upon which the client connects again. */
  end(): void;
  /** Ends it with an error, upon which the client does not. */
  refuse(reason: string): void;
}

const heartbeatMs = 15_000;

function openEventStream(response: ServerResponse, results: Results): EventStream {
  const stop = () => void results.return(undefined).catch(() => {}); // nobody is left to read what went wrong
  const heartbeat = setInterval(() => !response.writableNeedDrain && response.write(':\n\n'), heartbeatMs);
  if (response.closed) stop();
  else response.once('close', stop);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  response.write(':\n\n');

  const end = () => {
    clearInterval(heartbeat);
    response.end();
  };
  return {
    end,
    refuse(reason) {
      if (response.writableEnded) return;
      const errors = [{ message: reason, extensions: { code: 'UNAUTHENTICATED' } }];
      response.write(`event: next\ndata: ${JSON.stringify({ errors })}\n\nevent: complete\ndata:\n\n`);
      end();
    },
    async pump(formatError) {
      try {
        for await (const result of results) await send(response, 'next', textOf(result, formatError));
      } catch (error) {
        await send(response, 'next', JSON.stringify({ errors: [formatError(error)] }));
      } finally {
        clearInterval(heartbeat);
      }
      await send(response, 'complete');
      response.end();
    },
  };
}

function textOf(result: Result, formatError: ErrorFormatter): string {
  if (result.text !== undefined) return textWithinBounds(result.text);
  const { errors, ...rest } = result;
  return JSON.stringify(withinBounds(errors ? { ...rest, errors: errors.map(formatError) } : rest));
}

/** Resolves when the socket accepts more, or has closed. */
async function send(response: ServerResponse, event: string, data = ''): Promise<void> {
  if (response.writableEnded || response.destroyed) return;
  const hasRoom = response.write(`event: ${event}\ndata:${data && ` ${data}`}\n\n`);
  if (hasRoom) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

/**
 * A client may send further requests before the responses to earlier ones (pipelining). Until an earlier stream ends,
 * the results of the next one would fill memory. So a stream begins when its response has the socket. Where the earlier
 * stream never ends, this wait never ends either; then nothing else refers to the wait, and both are collected together.
 */
async function hasConnection(response: ServerResponse): Promise<void> {
  if (response.socket === null) await once(response, 'socket');
}

/** Passes the subscription's own iterator on as it is: a generator around it could not be ended at once. */
function resultsOf(result: ExecutionResult | Results): Results {
  return Symbol.asyncIterator in result ? result : only(result);
}

type Results = AsyncGenerator<Result, void, void>;

async function* only(result: ExecutionResult): Results {
  yield { ...result, text: undefined };
}

const paramsSchema = z
  .object({
    query: z.string().nullish(),
    documentId: z.string().nullish(),
    operationName: z.string().nullish(),
    variables: z.record(z.string(), z.unknown()).nullish(),
    extensions: z.record(z.string(), z.unknown()).nullish(),
  })
  .refine(({ query, documentId, extensions }) => query ?? documentId ?? extensions?.persistedQuery, {
    path: ['query'],
    error: 'expected the document, or its `documentId`',
  });

async function readParams(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  limits: BodyLimits,
): Promise<OperationParams> {
  const raw =
    request.method === 'POST' ? await readJsonBody(request, response, limits) : paramsOfUrl(request, url);
  const parsed = paramsSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new HttpError(
    400,
    'BAD_REQUEST',
    `Expected {query, documentId, operationName, variables, extensions}: ${z.prettifyError(parsed.error)}`,
  );
}

function paramsOfUrl(request: IncomingMessage, url: URL): unknown {
  if (request.method !== 'GET') throw methodNotAllowed(request, 'GET, POST');
  return urlParams(url);
}

function requirePost(request: IncomingMessage): void {
  if (request.method !== 'POST') throw methodNotAllowed(request, 'POST');
}

function requireEventStream(request: IncomingMessage): void {
  if ((request.headers.accept ?? '').includes('text/event-stream')) return;
  throw new HttpError(
    406,
    'NOT_ACCEPTABLE',
    'Expected `Accept: text/event-stream`, the only type that this path can send.',
  );
}
