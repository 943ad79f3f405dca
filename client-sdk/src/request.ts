import type { Document } from './_generated_operations.ts';
import { makeBackoff } from './backoff.ts';
import { isTransient, WeftServerError } from './errors.ts';
import type { Settings } from './options.ts';
import { post } from './transport/http.ts';
import { delay } from './waiting.ts';

export interface RequestOptions {
  /** Aborts the request, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** For one attempt; `timeouts.requestMs` of the client unless given. */
  timeoutMs?: number | undefined;
}

/** The arguments after the document: its variables, which are optional where no variable is required, and options. */
export type RequestArguments<Variables> =
  Record<string, never> extends Variables
    ? [variables?: Variables, options?: RequestOptions]
    : [variables: Variables, options?: RequestOptions];

/** Runs a query or a mutation. Only idempotent ones are retried after a transient failure: queries, and where said. */
export function request<Result, Variables>(
  settings: Settings,
  document: Document<Result, Variables>,
  variables: Variables,
  {
    signal,
    timeoutMs,
    idempotent = /^\s*(query\b|{)/.test(document),
  }: RequestOptions & { idempotent?: boolean } = {},
): Promise<Result> {
  const maxRetries = idempotent ? settings.maxRetries : 0;
  return withRetries(maxRetries, signal, (attempt) =>
    post(settings, document, variables, { signal, timeoutMs, attempt }),
  );
}

/** Retries after transient failures. @param runAttempt makes one attempt; attempts count from 1 */
export async function withRetries<T>(
  maxRetries: number,
  signal: AbortSignal | undefined,
  runAttempt: (attempt: number) => Promise<T>,
): Promise<T> {
  const backoff = makeBackoff(200, 5_000);
  for (let attempt = 1; ; attempt++) {
    try {
      return await runAttempt(attempt);
    } catch (error) {
      if (attempt > maxRetries || !isTransient(error)) throw error;
      await delay(Math.max(backoff.next(), pauseOf(error)), signal);
    }
  }
}

/** What the server asks for, milliseconds. */
function pauseOf(error: unknown): number {
  return error instanceof WeftServerError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
}

/** A random key that makes a start safe to repeat. Not `randomUUID`, which pages without TLS do not have. */
export function makeIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
