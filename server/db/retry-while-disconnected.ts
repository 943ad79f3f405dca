import { setTimeout as delay } from 'node:timers/promises';
import { isConnectionError } from './errors.ts';

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 1_000;

/**
 * Does the work as soon as the database can be reached, again and again until then. Gives up, with the error of the
 * last try, when the signal aborts; any other error is thrown at once. The work must bear being done twice: an answer
 * may be lost on its way.
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
