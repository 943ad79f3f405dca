import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Agent, type Dispatcher, errors, interceptors, request } from 'undici';
import { coerceError } from '../shared/errors.ts';
import type { AllowedHosts } from '../shared/http/allowed-hosts.ts';
import { joined, prepended, takeStart } from '../shared/pieces.ts';
import { type Lookup, makeConnector, type Remedy } from './connector.ts';
import { OutboundError } from './outbound-error.ts';

/** HTTP to the world on behalf of workflows: the one way out of the server for addresses that others choose. */
export interface Outbound extends AsyncDisposable {
  /**
   * Resolves with what `read` makes of the response, whose body is there until then.
   * @throws OutboundError, the signal's reason once it aborts, and what `read` throws
   */
  request<T>(request: OutboundRequest, read: (response: OutboundResponse) => Promise<T>): Promise<T>;
  /**
   * One response as it comes: no redirect is followed, and the body is neither decoded nor bounded. Whoever reads it
   * reads it to its end, or aborts the signal.
   * @throws OutboundError, or the signal's reason once it aborts; so does the body
   */
  open(request: OpenRequest): Promise<OpenResponse>;
}

export interface OpenRequest {
  method: string;
  url: URL;
  /** Pairs of names and values, one after the other. */
  headers: string[];
  body: Buffer | null;
  signal: AbortSignal;
}

export interface OpenResponse {
  status: number;
  headers: [name: string, value: string][];
  body: AsyncIterable<Buffer>;
}

export interface OutboundRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | OutboundFile | undefined;
  /** Of all of it, with redirects and the whole body, milliseconds. */
  timeoutMs: number;
  maxRedirects: number;
  /** Names of headers that a redirect to another origin does not get; `authorization` and `cookie` are such anyway. */
  secretHeaders: readonly string[];
  /** Of the body once it is decompressed. */
  maxBytes: number;
  signal: AbortSignal;
}

export interface OutboundFile {
  sizeBytes: number;
  content: AsyncIterable<Buffer>;
}

export interface OutboundResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string | string[]>;
  /** Decompressed; to be read once. Throws OutboundError, or the signal's reason. */
  body: AsyncIterable<Buffer>;
}

/** `lookup` is for tests. */
export function openOutbound({
  allowedHosts,
  lookup,
  remedy,
}: {
  allowedHosts: AllowedHosts;
  lookup?: Lookup | undefined;
  remedy?: Remedy;
}): Outbound {
  const agent = new Agent({
    connect: makeConnector(allowedHosts, lookup, remedy),
    connections: MAX_CONNECTIONS_PER_ORIGIN,
    headersTimeout: 0, // The request's own time bounds all of it.
    bodyTimeout: 0,
  });
  const dispatcher = agent.compose(interceptors.redirect({ throwOnMaxRedirect: true }));
  return {
    request: (options, read) => send(dispatcher, options, read),
    open: (options) => openResponse(agent, options),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

const MAX_CONNECTIONS_PER_ORIGIN = 32;

async function send<T>(
  dispatcher: Dispatcher,
  options: OutboundRequest,
  read: (response: OutboundResponse) => Promise<T>,
): Promise<T> {
  const url = checkedUrl(options.url);
  const tooLate = AbortSignal.timeout(options.timeoutMs);
  const failureOf = (error: unknown) => {
    if (options.signal.aborted) return options.signal.reason;
    return tooLate.aborted ? timedOut(options.timeoutMs) : describedFailure(error);
  };
  const response = await request(url, {
    dispatcher,
    method: options.method as Dispatcher.HttpMethod,
    headers: {
      'accept-encoding': Object.keys(decoders).join(', '),
      ...options.headers,
      ...(typeof options.body === 'object' && { 'content-length': String(options.body.sizeBytes) }),
    },
    body: await bodyOf(options.body),
    signal: AbortSignal.any([options.signal, tooLate]),
    // The interceptor reads these; the types of `request` do not know them.
    ...({
      maxRedirections: options.maxRedirects,
      stripHeadersOnCrossOriginRedirect: [...options.secretHeaders],
    } as object),
  }).catch((error) => {
    throw failureOf(error);
  });
  // Whoever reads it gets the error as well, and nobody may read it.
  response.body.on('error', () => {});
  const headers = Object.entries(response.headers).filter(([, value]) => value !== undefined);
  try {
    return await read({
      status: response.statusCode,
      headers: Object.fromEntries(headers) as OutboundResponse['headers'],
      body: readBody(response, options.maxBytes, failureOf),
    });
  } finally {
    response.body.destroy();
  }
}

async function openResponse(dispatcher: Dispatcher, options: OpenRequest): Promise<OpenResponse> {
  const { url, method, headers, body, signal } = options;
  try {
    const response = await request(url, {
      dispatcher,
      method: method as Dispatcher.HttpMethod,
      headers,
      body,
      signal,
    });
    return {
      status: response.statusCode,
      headers: pairsOf(response.headers),
      body: chunksOf(response.body, signal),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw describedFailure(error);
  }
}

function pairsOf(headers: Dispatcher.ResponseData['headers']): [string, string][] {
  return Object.entries(headers).flatMap(([name, value = []]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
}

async function* chunksOf(body: Dispatcher.ResponseData['body'], signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    signal.throwIfAborted();
    throw describedFailure(error);
  }
}

/** A file that is small goes as a buffer, which a redirect can send again. */
async function bodyOf(body: OutboundRequest['body']): Promise<string | Buffer | Readable | null> {
  if (typeof body !== 'object') return body ?? null;
  return body.sizeBytes <= MAX_RESENT_BYTES ? joined(body.content) : Readable.from(body.content);
}

const MAX_RESENT_BYTES = 1024 * 1024;

/** @throws OutboundError INVALID_REQUEST */
export function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw invalid(`Expected an absolute URL such as https://api.example.com, got ${text}.`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`Expected a URL of http or https, got one of ${url.protocol.slice(0, -1)}.`);
  if (url.username !== '' || url.password !== '')
    throw invalid(
      'Expected a URL without name and password, which end up in logs; a node of type `http` has `auth` for them.',
    );
  return url;
}

function invalid(message: string): OutboundError {
  return new OutboundError('INVALID_REQUEST', message);
}

async function* readBody(
  { body, headers }: Dispatcher.ResponseData,
  maxBytes: number,
  failureOf: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  let size = 0;
  try {
    for await (const chunk of await decoded(body, String(headers['content-encoding'] ?? ''))) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw failureOf(error);
  }
}

const decoders: Record<string, () => Transform> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** The body as it was before its encodings, the last one of which is undone first. */
async function decoded(body: Readable, encodings: string): Promise<AsyncIterable<Buffer>> {
  const names = encodings.toLowerCase().split(',').reverse();
  const steps = names.flatMap((name) => decoders[name.trim().replace(/^x-/, '')] ?? []);
  if (steps.length === 0) return body;
  const { start, rest } = await takeStart(body, 0);
  // Nothing is no end of a compressed text, but what a HEAD gives.
  if (rest === null) return body;
  const sent = Readable.from(prepended(start, rest));
  // Whoever reads the last stream gets the errors of all.
  return steps.reduce<Readable>((from, make) => pipeline(from, make(), () => {}), sent);
}

function tooLarge(maxBytes: number): OutboundError {
  return new OutboundError(
    'TOO_LARGE',
    `Expected a response of at most ${maxBytes / 1024 / 1024} MiB, got more.`,
  );
}

function timedOut(timeoutMs: number): OutboundError {
  return new OutboundError('TIMEOUT', `No whole response came within ${timeoutMs / 1_000} s.`, true);
}

function describedFailure(thrown: unknown): OutboundError {
  const error = coerceError(thrown);
  if (error instanceof OutboundError) return error;
  if (/^(?:max redirects|redirect loop)/i.test(error.message))
    return new OutboundError(
      'TOO_MANY_REDIRECTS',
      'Expected fewer redirects, got one more than `maxRedirects`.',
    );
  if (error.message === 'disturbed')
    return invalid(
      'Expected no redirect that sends a file of more than 1 MiB again. Use the URL that it leads to.',
    );
  if (error instanceof errors.InvalidArgumentError) return invalid(`This cannot be sent: ${error.message}.`);
  const { code } = error as NodeJS.ErrnoException;
  return new OutboundError('NETWORK', `No response came: ${describe(error)}`, code !== 'ENOTFOUND');
}

/** Node tries each address of a name; the error of them all has no message. */
function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const [first] = error instanceof AggregateError ? error.errors : [];
  return coerceError(first ?? error).message || (code ?? error.name);
}
