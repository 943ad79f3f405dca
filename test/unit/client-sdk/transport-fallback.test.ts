import { expect, test } from '@jest/globals';
import { makeTransportFallback } from '../../../client-sdk/src/transport/transport-fallback.ts';

const order = ['ws', 'sse', 'poll'] as const;

test('after a WebSocket that does not open, the next transport is tried at once', () => {
  const fallback = makeTransportFallback(order);
  expect(fallback.reportFailure('ws', false)).toBe(true);
  expect(fallback.current()).toBe('sse');
});

test('a server that is away proves nothing about WebSockets: the best transport is tried again, after a delay', () => {
  const fallback = makeTransportFallback(order);
  fallback.reportFailure('ws', false);
  expect(fallback.reportFailure('sse', false)).toBe(false);
  expect(fallback.current()).toBe('ws');
});

test('where something answers but holds streams back, polling follows', () => {
  const fallback = makeTransportFallback(order);
  fallback.reportFailure('ws', false);
  expect(fallback.reportFailure('sse', true)).toBe(true);
  expect(fallback.current()).toBe('poll');
});

test('a failure that two streams report counts once', () => {
  const fallback = makeTransportFallback(order);
  fallback.reportFailure('ws', false);
  fallback.reportFailure('ws', false);
  expect(fallback.current()).toBe('sse');
});

test('a better transport is tried again after a minute', () => {
  let now = 0;
  const fallback = makeTransportFallback(order, () => now);
  fallback.reportFailure('ws', false);
  now = 60_000;
  expect(fallback.current()).toBe('sse');
  now = 60_001;
  expect(fallback.current()).toBe('ws');
});

test('the only transport stays the current one', () => {
  const fallback = makeTransportFallback(['ws']);
  expect(fallback.reportFailure('ws', true)).toBe(false);
  expect(fallback.current()).toBe('ws');
});
