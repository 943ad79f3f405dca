import type { Clock } from '../../../../server/shared/clock.ts';

/** A clock that stands still until the test moves it. */
export class HandClock implements Clock {
  private ms = Date.UTC(2026, 0, 1);
  private timers: { at: number; onTime: () => void }[] = [];

  now(): Date {
    return new Date(this.ms);
  }

  setTimer(ms: number, onTime: () => void): () => void {
    const timer = { at: this.ms + ms, onTime };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Moves on and calls what becomes due, in order; what that starts has run as far as it can. */
  async advance(ms: number): Promise<void> {
    const end = this.ms + ms;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.ms = Math.max(this.ms, next.at);
      next.onTime();
      await quiesce();
    }
    this.ms = end;
  }
}

/** Resolves when all that runs in memory alone has run as far as it can. */
export async function quiesce(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
