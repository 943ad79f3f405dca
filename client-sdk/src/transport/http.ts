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
import { bodyOf } from './body.ts';
import { withDeadline } from './deadline.ts';

/** One attempt at a query or a mutation. */
export function post<Result, Variables>(
  settings: Settings,
  document: Document<Result, Variables>,
  variables: Variables,
  options: AttemptOptions,
): Promise<Result> {
  return attempt(settings, operationName(document), options, async (headers, signal) => {
    const response = await send(settings, document, variables, headers, signal);
    const body = await readJson(response, signal);
    if (body?.errors) throw errorOfGraphql(body.errors);
    if (body?.data) return body.data as Result;
    throw errorOfStatus(response);
  });
}

/** One attempt at a file that the server has beside its API, by its path there. */
export function download(settings: Settings, path: string, options: AttemptOptions): Promise<Blob> {
  // Behind the address of the API, whatever the path says: the token goes to no other server.
  const url = new URL(`.${path}`, settings.url).href;
  return attempt(settings, 'ArtifactDownload', options, async (headers, signal) => {
    const response = await reach(settings, url, { headers, signal });
    if (!response.ok) throw await errorOfAnswer(response, signal);
    return await whole(response.blob(), signal);
  });
}

/** Does it within its time, while the hooks look on. */
async function attempt<T>(
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
    return await withDeadline(signal, timeoutMs, tooSlow(operation, timeoutMs), (deadline) =>
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

/** Sends the operation and gives the answer's head. */
export async function send(
  settings: Settings,
  query: string,
  variables: unknown,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const body = bodyOf(query, variables);
  return reach(settings, settings.url, { method: 'POST', headers, body, signal });
}

async function reach(
  { fetch }: Settings,
  url: string,
  init: RequestInit & { signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (init.signal.aborted) throw init.signal.reason;
    throw new WeftConnectionError(`Expected an answer from ${url}, got none: ${told(cause)}`, false, {
      cause,
    });
  }
}

export async function requestHeaders(settings: Settings, accept: string): Promise<Record<string, string>> {
  const authorization = await settings.authorization();
  return {
    accept,
    'content-type': 'application/json',
    ...settings.headers,
    ...(authorization === undefined ? {} : { authorization }),
  };
}

/** The error of an answer that is not a stream of events, or not JSON of GraphQL. */
export async function errorOfAnswer(response: Response, signal: AbortSignal): Promise<WeftError> {
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
  const text = await whole(response.text(), signal);
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a page of a proxy
  }
}

function whole<T>(reading: Promise<T>, signal: AbortSignal): Promise<T> {
  return reading.catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw new WeftConnectionError(`The answer broke off: ${told(cause)}`, true, { cause });
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

function tooSlow(operation: string, ms: number): WeftTimeoutError {
  return new WeftTimeoutError(`Expected an answer to ${operation} within ${ms} ms, got none.`);
}

/** What went wrong below `fetch` stands in its cause: "fetch failed" alone helps nobody. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error
    ? `${error.message} (${error.cause.message || error.cause.name})`
    : error.message;
}
