import type { NodeError } from '../journal/event.ts';
import type { RetryPolicy } from '../nodes/draft.ts';

/**
 * The wait before another attempt, milliseconds; null for no further attempt. `failures` includes this one. What failed
 * may ask for a longer wait than the policy has (`retryAfterMs`), as servers do that are too busy. Pure and
 * without jitter, so that a journal explains itself: shared/backoff.ts is for the server's own retries.
 */
export function retryDelayMs(
  policy: RetryPolicy | null,
  failures: number,
  error: NodeError,
  retryAfterMs = 0,
): number | null {
  if (policy === null || failures >= policy.maxAttempts || !isWorthRetrying(policy, error)) return null;
  const delayMs = Math.min(policy.initialDelayMs * policy.backoffFactor ** (failures - 1), policy.maxDelayMs);
  return Math.max(delayMs, retryAfterMs);
}

function isWorthRetrying({ retryOn }: RetryPolicy, error: NodeError): boolean {
  return retryOn.length > 0 ? retryOn.includes(error.code) : error.retryable;
}
