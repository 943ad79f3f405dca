import type { Document } from './_generated_operations.ts';
import { isTransient } from './errors.ts';
import type { Settings } from './options.ts';
import { post } from './transport/http.ts';
import { delay, makeBackoff } from './waiting.ts';

export interface RequestOptions {
  /** Ends the request; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** For one answer; `timeouts.requestMs` of the client unless given. */
  timeoutMs?: number | undefined;
}

/** What follows the document: its variables, which may be left out where it can do without. */
export type RequestArguments<Variables> =
  Record<string, never> extends Variables
    ? [variables?: Variables, options?: RequestOptions]
    : [variables: Variables, options?: RequestOptions];

/** Runs a query or a mutation. Only what may be repeated safely is tried again after a failure of the wire. */
export function request<Result, Variables>(
  settings: Settings,
  document: Document<Result, Variables>,
  variables: Variables,
  {
    signal,
    timeoutMs,
    repeatable = /^\s*(query\b|{)/.test(document),
  }: RequestOptions & { repeatable?: boolean } = {},
): Promise<Result> {
  const maxRetries = repeatable ? settings.maxRetries : 0;
  return repeated(maxRetries, signal, (attempt) =>
    post(settings, document, variables, { signal, timeoutMs, attempt }),
  );
}

/** @param once makes one attempt; they are counted from 1 */
export async function repeated<T>(
  maxRetries: number,
  signal: AbortSignal | undefined,
  once: (attempt: number) => Promise<T>,
): Promise<T> {
  const backoff = makeBackoff(200, 5_000);
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(attempt);
    } catch (error) {
      if (attempt > maxRetries || !isTransient(error)) throw error;
      await delay(backoff.next(), signal);
    }
  }
}

/** A key that makes starting something safe to repeat. Not `randomUUID`, which pages without TLS do not have. */
export function makeIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
