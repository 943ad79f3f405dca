import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../shared/backoff.ts';
import { isConnectionError } from './errors.ts';

const BACKOFF = { initialMs: 20, maxMs: 1_000 };

/**
 * Repeats the work while the database is unreachable. When the signal aborts, throws the error of the last attempt; any
 * error but a lost connection is thrown at once. The work must be idempotent: it may have been done, and its answer
 * lost.
 */
export async function retryWhileDisconnected<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionError(error) || signal.aborted) throw error;
      await delay(backoffMs(failures, BACKOFF), undefined, { signal }).catch(() => {});
    }
  }
}
