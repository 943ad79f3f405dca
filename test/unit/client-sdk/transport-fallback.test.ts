import { expect, test } from '@jest/globals';
import { makeLadder } from '../../../client-sdk/src/transport/transport-fallback.ts';

const order = ['ws', 'sse', 'poll'] as const;

test('a WebSocket that does not open is doubted, and the next is tried at once', () => {
  const ladder = makeLadder(order);
  expect(ladder.failed('ws', false)).toBe(true);
  expect(ladder.pick()).toBe('sse');
});

test('a server that is not there says nothing about WebSockets: the best is tried again, after a wait', () => {
  const ladder = makeLadder(order);
  ladder.failed('ws', false);
  expect(ladder.failed('sse', false)).toBe(false);
  expect(ladder.pick()).toBe('ws');
});

test('streams that something answers but holds back lead to polling', () => {
  const ladder = makeLadder(order);
  ladder.failed('ws', false);
  expect(ladder.failed('sse', true)).toBe(true);
  expect(ladder.pick()).toBe('poll');
});

test('what failed for one stream does not count twice when it fails for another', () => {
  const ladder = makeLadder(order);
  ladder.failed('ws', false);
  ladder.failed('ws', false);
  expect(ladder.pick()).toBe('sse');
});

test('a better way is tried again after a minute', () => {
  let now = 0;
  const ladder = makeLadder(order, () => now);
  ladder.failed('ws', false);
  now = 60_000;
  expect(ladder.pick()).toBe('sse');
  now = 60_001;
  expect(ladder.pick()).toBe('ws');
});

test('the only way there is stays the way', () => {
  const ladder = makeLadder(['ws']);
  expect(ladder.failed('ws', true)).toBe(false);
  expect(ladder.pick()).toBe('ws');
});
