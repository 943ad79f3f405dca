import { retryDelayMs } from '../../../server/engine/retry.ts';
import { errorOf } from './drive-by-hand.ts';

const policy = { maxAttempts: 4, initialDelayMs: 100, backoffFactor: 3, maxDelayMs: 500, retryOn: [] };
const retryable = { ...errorOf('a'), retryable: true };

test('waits grow by the factor up to the longest, and end with the attempts', () => {
  expect([1, 2, 3, 4].map((failures) => retryDelayMs(policy, failures, retryable))).toEqual([
    100,
    300,
    500,
    null,
  ]);
});

test('without a policy there is one attempt', () => {
  expect(retryDelayMs(null, 1, retryable)).toBeNull();
});

test('an error that would come again is not retried, unless its code is listed', () => {
  expect(retryDelayMs(policy, 1, errorOf('a'))).toBeNull();
  expect(retryDelayMs({ ...policy, retryOn: ['TEST'] }, 1, errorOf('a'))).toBe(100);
  expect(retryDelayMs({ ...policy, retryOn: ['OTHER'] }, 1, retryable)).toBeNull();
});
