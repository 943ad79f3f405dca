import { setTimeout as delay } from 'node:timers/promises';
import { isConnectionError } from './errors.ts';

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 1_000;

/**
 * Repeats the work while the database is unreachable. When the signal aborts, throws the error of the last attempt; any
 * error but a lost connection is thrown at once. The work must be idempotent: it may have been done, and its answer
 * lost.
 */
export async function retryWhileDisconnected<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionError(error) || signal.aborted) throw error;
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}
