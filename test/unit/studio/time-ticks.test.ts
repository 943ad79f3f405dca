import { describe, expect, test } from '@jest/globals';
import { formatTick, timeTicks } from '../../../studio/src/run/model/time-ticks.ts';
import type { TimeScale, TimeSegment } from '../../../studio/src/run/model/timeline-layout.ts';

/** Stretches of time on a scale of one width, with a fold of 4 % between each two. */
function scaleOf(...stretches: [from: number, to: number][]): TimeScale {
  const startAt = 1_000_000;
  const folds = 0.04 * (stretches.length - 1);
  const perMs = (1 - folds) / stretches.reduce((sum, [from, to]) => sum + to - from, 0);
  const segments: TimeSegment[] = [];
  let left = 0;
  const add = (from: number, to: number, isFold: boolean) => {
    const width = isFold ? 0.04 : (to - from) * perMs;
    segments.push({ from: startAt + from, to: startAt + to, left, width, isFold });
    left += width;
  };
  for (const [index, [from, to]] of stretches.entries()) {
    if (index > 0) add(stretches[index - 1]![1], from, true);
    add(from, to, false);
  }
  return { startAt, endAt: startAt + stretches.at(-1)![1], segments, place: () => 0 };
}

const labels = (scale: TimeScale, widthPx = 800) => timeTicks(scale, widthPx).map(({ label }) => label);

describe('the times of a timeline', () => {
  test.each([
    [398, ['0', '50 ms', '100 ms', '150 ms', '200 ms', '250 ms', '300 ms', '350 ms']],
    [2_400, ['0', '500 ms', '1.0 s', '1.5 s', '2.0 s']],
    [12_000, ['0', '2 s', '4 s', '6 s', '8 s', '10 s', '12 s'].slice(0, 6)],
    [
      95_000,
      ['0', '10 s', '20 s', '30 s', '40 s', '50 s', '1 min', '1 min 10 s', '1 min 20 s', '1 min 30 s'],
    ],
    [3_600_000, ['0', '10 min', '20 min', '30 min', '40 min', '50 min']],
    [100_000_000, ['0', '6 h', '12 h', '18 h', '1 d']],
  ])('are round at even steps over %d ms', (ms, expected) => {
    expect(labels(scaleOf([0, ms]))).toEqual(expected);
  });

  test('are one more behind each fold, and never on another label or on a fold', () => {
    const scale = scaleOf([0, 1_600], [4_650, 4_850], [11_010, 11_210]);
    expect(labels(scale)).toEqual(['0', '500 ms', '1.0 s', '4.7 s', '11.1 s']);
    for (const widthPx of [0, 120, 200, 500, 800, 2_000]) {
      const ticks = timeTicks(scale, widthPx);
      expect(ticks[0]?.label).toBe('0');
      for (const [index, { left, label }] of ticks.entries()) {
        const endPx = left * widthPx + label.length * 6;
        const next = ticks[index + 1];
        if (next !== undefined) expect(next.left * widthPx).toBeGreaterThanOrEqual(endPx);
        for (const fold of scale.segments.filter(({ isFold }) => isFold))
          expect(left >= fold.left + fold.width - 1e-9 || endPx <= fold.left * widthPx || index === 0).toBe(
            true,
          );
      }
    }
  });

  test('are as fine as their steps, and no finer', () => {
    expect(formatTick(1_200, 200)).toBe('1.2 s');
    expect(formatTick(1_020, 10)).toBe('1.02 s');
    expect(formatTick(3_661_000, 1_000)).toBe('1 h 1 min 1 s');
    expect(formatTick(90_000, 30_000)).toBe('1 min 30 s');
    expect(formatTick(176_400_000, 3_600_000)).toBe('2 d 1 h');
  });
});
