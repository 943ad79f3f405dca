import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Agent, type Dispatcher, errors, interceptors, request } from 'undici';
import { coerceError } from '../shared/errors.ts';
import type { AllowedHosts } from '../shared/http/allowed-hosts.ts';
import { type Lookup, makeConnector, type Remedy } from './connector.ts';
import { OutboundError } from './outbound-error.ts';

/** HTTP to the world on behalf of workflows: the one way out of the server for addresses that others choose. */
export interface Outbound extends AsyncDisposable {
  /** @throws OutboundError, or the signal's reason once it aborts */
  request(request: OutboundRequest): Promise<OutboundResponse>;
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
  body: string | undefined;
  /** Of all of it, with redirects and the whole body, milliseconds. */
  timeoutMs: number;
  maxRedirects: number;
  /** Names of headers that a redirect to another origin does not get; `authorization` and `cookie` are such anyway. */
  secretHeaders: readonly string[];
  /** Of the body once it is decompressed. */
  maxBytes: number;
  signal: AbortSignal;
}

export interface OutboundResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string | string[]>;
  body: Buffer;
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
    request: (options) => send(dispatcher, options),
    open: (options) => openResponse(agent, options),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

const MAX_CONNECTIONS_PER_ORIGIN = 32;

async function send(dispatcher: Dispatcher, options: OutboundRequest): Promise<OutboundResponse> {
  const url = checkedUrl(options.url);
  const tooLate = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, tooLate]);
  try {
    const response = await request(url, {
      dispatcher,
      method: options.method as Dispatcher.HttpMethod,
      headers: { 'accept-encoding': Object.keys(decoders).join(', '), ...options.headers },
      body: options.body ?? null,
      signal,
      // The interceptor reads these; the types of `request` do not know them.
      ...({
        maxRedirections: options.maxRedirects,
        stripHeadersOnCrossOriginRedirect: [...options.secretHeaders],
      } as object),
    });
    const sent = await readBody(response.body, options.maxBytes);
    const body = await decode(sent, String(response.headers['content-encoding'] ?? ''), options.maxBytes);
    const headers = Object.entries(response.headers).filter(([, value]) => value !== undefined);
    return {
      status: response.statusCode,
      headers: Object.fromEntries(headers) as OutboundResponse['headers'],
      body,
    };
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    throw tooLate.aborted ? timedOut(options.timeoutMs) : failureOf(error);
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
    throw failureOf(error);
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
    throw failureOf(error);
  }
}

/** @throws OutboundError INVALID_REQUEST */
export function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw invalid(`Expected an absolute URL such as https://api.example.com, got ${text}.`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`Expected a URL of http or https, got one of ${url.protocol.slice(0, -1)}.`);
  if (url.username !== '' || url.password !== '')
    throw invalid(
      'Expected a URL without name and password, which end up in logs. Send them by `auth` instead.',
    );
  return url;
}

function invalid(message: string): OutboundError {
  return new OutboundError('INVALID_REQUEST', message);
}

async function readBody(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Own code, as undici's is experimental, and warns so at each start. */
const decoders: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** The body as it was before its encodings, the last one of which is undone first. */
async function decode(body: Buffer, encodings: string, maxBytes: number): Promise<Buffer> {
  let decoded = body;
  for (const name of encodings.toLowerCase().split(',').reverse()) {
    const decoder = decoders[name.trim().replace(/^x-/, '')];
    if (decoder === undefined || decoded.length === 0) continue;
    try {
      decoded = await decoder(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
      throw error;
    }
  }
  return decoded;
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

function failureOf(thrown: unknown): OutboundError {
  const error = coerceError(thrown);
  if (error instanceof OutboundError) return error;
  if (/^(?:max redirects|redirect loop)/i.test(error.message))
    return new OutboundError(
      'TOO_MANY_REDIRECTS',
      'Expected fewer redirects, got one more than `maxRedirects`.',
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
