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

/** One attempt at a query or a mutation. */
export async function post<Result, Variables>(
  settings: Settings,
  document: Document<Result, Variables>,
  variables: Variables,
  { signal, attempt, timeoutMs = settings.timeouts.requestMs }: AttemptOptions,
): Promise<Result> {
  const operation = operationName(document);
  const headers = await requestHeaders(settings, 'application/json');
  settings.hooks.onRequest?.({ operation, attempt, headers });
  const startedAt = performance.now();
  let failure: unknown;
  try {
    return await withDeadline(signal, timeoutMs, tooSlow(operation, timeoutMs), (deadline) =>
      exchange<Result>(settings, document, variables, headers, deadline),
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

async function exchange<Result>(
  settings: Settings,
  query: string,
  variables: unknown,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Result> {
  const response = await send(settings, query, variables, headers, signal);
  const body = await readJson(response, signal);
  if (body?.errors) throw errorOfGraphql(body.errors);
  if (body?.data) return body.data as Result;
  throw errorOfStatus(response);
}

/** Sends the operation and gives the answer's head. */
export async function send(
  { url, fetch }: Settings,
  query: string,
  variables: unknown,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }), signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
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
  return /^\w+ (\w+)/.exec(document)?.[1] ?? 'anonymous';
}

interface Body {
  data?: unknown;
  errors?: readonly GraphqlError[];
}

async function readJson(response: Response, signal: AbortSignal): Promise<Body | undefined> {
  const text = await response.text().catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw new WeftConnectionError(`The answer broke off: ${told(cause)}`, true, { cause });
  });
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a page of a proxy
  }
}

function errorOfStatus({ status, url }: Response): WeftError {
  const message = `Expected a GraphQL answer from ${url}, got HTTP ${status} with another. Check the address, and the proxies before it.`;
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
