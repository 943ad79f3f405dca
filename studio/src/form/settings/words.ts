import type { Join, OnItemError, RetryPolicyInput } from '@weft/client';
import { formatDuration } from '../../ui/format.ts';

export type RetryPolicy = Required<RetryPolicyInput>;

/** `Tries up to 3 times: waits 1 s, then 2 s.` */
export function retryInWords(policy: RetryPolicy): string {
  const { maxAttempts, retryOn } = policy;
  if (!(maxAttempts > 1)) return 'Tried once.';
  const codes = retryOn.length > 0 ? ` Only after ${listOf(retryOn)}.` : '';
  return `Tries up to ${maxAttempts} times: ${waitsInWords(waitsOf(policy))}.${codes}`;
}

/** Milliseconds before each further attempt. */
function waitsOf({ maxAttempts, initialDelayMs, backoffFactor, maxDelayMs }: RetryPolicy): number[] {
  return Array.from({ length: Math.min(maxAttempts, maxAttemptsShown) - 1 }, (_, index) =>
    Math.min(initialDelayMs * backoffFactor ** index, maxDelayMs),
  );
}

const maxAttemptsShown = 20;

function waitsInWords(waits: readonly number[]): string {
  if (waits.every((wait) => wait === 0)) return 'at once each time';
  const [first, ...rest] = waits.map(spelled);
  if (rest.length === 0) return `waits ${first}`;
  if (rest.every((wait) => wait === first)) return `waits ${first} each time`;
  const shown = rest.length > 4 ? [...rest.slice(0, 3), '…', rest.at(-1)] : rest;
  return `waits ${first}, then ${shown.join(', ')}`;
}

/** `1 s` and no `1.0 s`. */
function spelled(ms: number): string {
  return formatDuration(ms).replace('.0 s', ' s');
}

function listOf(items: readonly string[]): string {
  return items.length === 1 ? items[0]! : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

export const joinInWords: Record<Join, { choice: string; summary: string }> = {
  ALL: {
    choice: 'Starts when every input has come',
    summary:
      'It is skipped as soon as one cannot come. Edges with the same name are alternatives for one input.',
  },
  ANY: {
    choice: 'Starts when all are settled and at least one came',
    summary: 'What did not come is not in its input.',
  },
};

export const itemErrorInWords: Record<OnItemError, string> = {
  FAIL: 'The node fails',
  SKIP: 'It is left out',
  COLLECT: 'Its error is in the list',
};
