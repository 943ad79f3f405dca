import type { NodeError } from '../journal/event.ts';
import type { RetryPolicy } from '../nodes/draft.ts';

/**
 * How long to wait before another attempt, milliseconds; null for none. `failures` counts this one in.
 * Pure: no jitter, so that a journal explains itself.
 */
export function retryDelayMs(policy: RetryPolicy | null, failures: number, error: NodeError): number | null {
  if (policy === null || failures >= policy.maxAttempts || !isWorthRetrying(policy, error)) return null;
  return Math.min(policy.initialDelayMs * policy.backoffFactor ** (failures - 1), policy.maxDelayMs);
}

/** Without a list of codes: what may end differently by itself, and what the code itself raised. */
function isWorthRetrying({ retryOn }: RetryPolicy, error: NodeError): boolean {
  if (retryOn.length > 0) return retryOn.includes(error.code);
  return error.retryable || error.code === 'PYTHON_EXECUTION_ERROR';
}
