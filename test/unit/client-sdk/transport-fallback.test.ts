import { expect, test } from '@jest/globals';
import { makeTransportFallback } from '../../../client-sdk/src/transport/transport-fallback.ts';

const order = ['ws', 'sse', 'poll'] as const;

test('a WebSocket that does not open is doubted, and the next is tried at once', () => {
  const fallback = makeTransportFallback(order);
  expect(fallback.reportFailure('ws', false)).toBe(true);
  expect(fallback.current()).toBe('sse');
});

test('a server that is not there says nothing about WebSockets: the best is tried again, after a wait', () => {
  const fallback = makeTransportFallback(order);
  fallback.reportFailure('ws', false);
  expect(fallback.reportFailure('sse', false)).toBe(false);
  expect(fallback.current()).toBe('ws');
});

test('streams that something answers but holds back lead to polling', () => {
  const fallback = makeTransportFallback(order);
  fallback.reportFailure('ws', false);
  expect(fallback.reportFailure('sse', true)).toBe(true);
  expect(fallback.current()).toBe('poll');
});

test('what failed for one stream does not count twice when it fails for another', () => {
  const fallback = makeTransportFallback(order);
  fallback.reportFailure('ws', false);
  fallback.reportFailure('ws', false);
  expect(fallback.current()).toBe('sse');
});

test('a better way is tried again after a minute', () => {
  let now = 0;
  const fallback = makeTransportFallback(order, () => now);
  fallback.reportFailure('ws', false);
  now = 60_000;
  expect(fallback.current()).toBe('sse');
  now = 60_001;
  expect(fallback.current()).toBe('ws');
});

test('the only way there is stays the way', () => {
  const fallback = makeTransportFallback(['ws']);
  expect(fallback.reportFailure('ws', true)).toBe(false);
  expect(fallback.current()).toBe('ws');
});
