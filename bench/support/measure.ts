import { setTimeout as delay } from 'node:timers/promises';

/** Runs `work` again and again and gives how long each took, milliseconds; the first few only warm things up. */
export async function timesOf(
  count: number,
  work: () => Promise<unknown>,
  warmUp = 20,
  before: () => Promise<unknown> = async () => {},
): Promise<number[]> {
  const times: number[] = [];
  for (let n = -warmUp; n < count; n++) {
    await before();
    const startedAt = performance.now();
    await work();
    if (n >= 0) times.push(performance.now() - startedAt);
  }
  return times;
}

/**
 * Does each work in turn, again and again, so that all meet the same machine; before each is a pause, so that a cell is
 * waiting. It lasts between half and one and a half times `pauseMs`, so that what the server does at intervals, such as
 * to take down a cell 0.2 s after its run, does not fall on the same work each time.
 * Gives how long each took, milliseconds, by its name; the first `warmUp` rounds do not count.
 */
export async function timesInTurn(
  works: Readonly<Record<string, () => Promise<unknown>>>,
  rounds: number,
  { warmUp, pauseMs }: { warmUp: number; pauseMs: number },
): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  for (let n = -warmUp; n < rounds; n += 1) {
    for (const [name, work] of Object.entries(works)) {
      await delay(pauseMs * (0.5 + Math.random()));
      const startedAt = performance.now();
      await work();
      if (n >= 0) times[name]!.push(performance.now() - startedAt);
    }
  }
  return times;
}

export function percentile(times: readonly number[], p: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))]!;
}

/** A table of p50, p95 and p99 in milliseconds, and how many times the first row each row is. */
export function printTimes(title: string, rows: Record<string, readonly number[]>, promise: string): void {
  const [baseline] = Object.values(rows).map((times) => percentile(times, 50));
  const table = Object.entries(rows).map(([what, times]) => ({
    what,
    'p50 ms': round(percentile(times, 50)),
    'p95 ms': round(percentile(times, 95)),
    'p99 ms': round(percentile(times, 99)),
    'times the first': round(percentile(times, 50) / baseline!),
  }));
  console.log(`\n${title}`);
  console.table(table);
  console.log(`Promise: ${promise}`);
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
