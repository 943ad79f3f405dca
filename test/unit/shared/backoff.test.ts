import { backoffMs } from '../../../server/shared/backoff.ts';

const backoff = { initialMs: 100, maxMs: 1_000 };

test.each([
  [0, 0, 0],
  [1, 50, 100],
  [2, 100, 200],
  [4, 400, 800],
  [5, 500, 1_000],
  [5_000, 500, 1_000],
])('after %d failures the wait is from %d to %d ms', (failures, least, most) => {
  for (let n = 0; n < 100; n += 1) {
    const ms = backoffMs(failures, backoff);
    expect(ms).toBeGreaterThanOrEqual(least);
    expect(ms).toBeLessThanOrEqual(most);
  }
});

test('two who failed together do not come back together', () => {
  const waits = new Set(Array.from({ length: 20 }, () => backoffMs(3, backoff)));
  expect(waits.size).toBeGreaterThan(1);
});
