import type { Document } from '../_generated_operations.ts';
import {
  errorOfGraphql,
  type GraphqlError,
  WeftConnectionError,
  type WeftError,
  WeftRequestError,
  WeftServerError,
  WeftTimeoutError,
} from '../errors.ts';
import type { Settings } from '../options.ts';
import { withDeadline } from './deadline.ts';
import { serializeOperation } from './operation-body.ts';
import { describeCause, unreachableError } from './unreachable.ts';

/** One attempt at a query or a mutation. */
export function post<Result, Variables>(
  settings: Settings,
  document: Document<Result, Variables>,
  variables: Variables,
  options: AttemptOptions,
): Promise<Result> {
  return runAttempt(settings, operationName(document), options, async (headers, signal) => {
    const response = await sendOperation(settings, document, variables, headers, signal);
    const body = await readJson(response, signal);
    if (body?.errors) throw errorOfGraphql(body.errors);
    if (body?.data) return body.data as Result;
    throw errorOfStatus(response);
  });
}

/** One attempt at a file that the server serves beside its API, by its path there. */
export function download(settings: Settings, path: string, options: AttemptOptions): Promise<Blob> {
  // Relative to the API's address, even for an absolute path: the token must not reach another server.
  const url = new URL(`.${path}`, settings.url).href;
  return runAttempt(settings, 'ArtifactDownload', options, async (headers, signal) => {
    const response = await fetchResponse(settings, url, { headers, signal });
    if (!response.ok) throw await errorOfResponse(response, signal);
    return await readWhole(response.blob(), signal);
  });
}

/** One attempt at sending a file; what the server says of it. */
export function upload(
  settings: Settings,
  name: string,
  body: RequestInit['body'],
  options: AttemptOptions,
): Promise<unknown> {
  const url = new URL(`./files?name=${encodeURIComponent(name)}`, settings.url).href;
  return runAttempt(settings, 'FileUpload', options, async (headers, signal) => {
    const init = { method: 'POST', body: body ?? null, signal, duplex: 'half' as const };
    const sent = { ...headers, 'content-type': 'application/octet-stream' };
    const response = await fetchResponse(settings, url, { ...init, headers: sent });
    if (!response.ok) throw await errorOfResponse(response, signal);
    return await readWhole(response.json(), signal);
  });
}

/** Runs `work` within its deadline, and reports it to the hooks. */
async function runAttempt<T>(
  settings: Settings,
  operation: string,
  { signal, attempt, timeoutMs = settings.timeouts.requestMs }: AttemptOptions,
  work: (headers: Record<string, string>, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const headers = await requestHeaders(settings, 'application/json');
  settings.hooks.onRequest?.({ operation, attempt, headers });
  const startedAt = performance.now();
  let failure: unknown;
  try {
    return await withDeadline(signal, timeoutMs, requestTimeout(operation, timeoutMs), (deadline) =>
      work(headers, deadline),
    );
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    const durationMs = performance.now() - startedAt;
    settings.hooks.onResponse?.({ operation, attempt, durationMs, error: failure });
  }
}

interface AttemptOptions {
  signal: AbortSignal | undefined;
  /** From 1. */
  attempt: number;
  timeoutMs?: number | undefined;
}

/** Sends the operation; the response's body is still to be read. */
export async function sendOperation(
  settings: Settings,
  query: string,
  variables: unknown,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const body = serializeOperation(query, variables);
  return fetchResponse(settings, settings.url, { method: 'POST', headers, body, signal });
}

async function fetchResponse(
  { fetch }: Settings,
  url: string,
  init: RequestInit & { signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (init.signal.aborted) throw init.signal.reason;
    throw unreachableError(`an answer from ${url}`, url, cause);
  }
}

export async function requestHeaders(settings: Settings, accept: string): Promise<Record<string, string>> {
  const authorization = await settings.authorization();
  return {
    accept,
    'content-type': 'application/json',
    ...settings.headers,
    ...(settings.project === undefined ? {} : { 'weft-project': settings.project }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

/** The error of a response that is not the expected stream or file; with the server's message, if there is one. */
export async function errorOfResponse(response: Response, signal: AbortSignal): Promise<WeftError> {
  const body = await readJson(response, signal);
  return body?.errors ? errorOfGraphql(body.errors) : errorOfStatus(response);
}

/** `ExecutionStart` of `mutation ExecutionStart(…`. */
export function operationName(document: string): string {
  return /^\s*\w+ (\w+)/.exec(document)?.[1] ?? 'anonymous';
}

interface Body {
  data?: unknown;
  errors?: readonly GraphqlError[];
}

async function readJson(response: Response, signal: AbortSignal): Promise<Body | undefined> {
  const text = await readWhole(response.text(), signal);
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an error page of a proxy
  }
}

function readWhole<T>(reading: Promise<T>, signal: AbortSignal): Promise<T> {
  return reading.catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason;
    const message = `Expected the whole answer, but the connection broke: ${describeCause(cause)}`;
    throw new WeftConnectionError(message, true, { cause });
  });
}

function errorOfStatus({ status, url, headers }: Response): WeftError {
  const type = headers.get('content-type')?.split(';', 1)[0] ?? 'no content type';
  const message =
    `Expected a GraphQL answer from ${url}, got HTTP ${status} with ${type}. ` +
    'Check the address (Weft answers at `/graphql`), and the proxies before it.';
  if (status >= 500 || status === 429) return new WeftServerError(`HTTP_${status}`, message);
  if (status >= 400) return new WeftRequestError(`HTTP_${status}`, message);
  return new WeftConnectionError(message, true);
}

function requestTimeout(operation: string, ms: number): WeftTimeoutError {
  return new WeftTimeoutError(`Expected an answer to ${operation} within ${ms} ms, got none.`);
}
