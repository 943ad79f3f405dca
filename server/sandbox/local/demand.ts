/** How many cells wait: a number that stays, or bounds within which it follows the runs that come. */
export type PoolSize = number | { least: number; most: number };

/** What counts as a burst. */
const BURST_MS = 1_000;
/** How long as many cells wait as the last burst took. */
const KEEP_MS = 60_000;

/**
 * How many cells are worth keeping ready. Twice as many as runs took within the busiest second of the last minute: the
 * next burst may be larger, and making cells takes longer than using them.
 */
export class Demand {
  private readonly least: number;
  private readonly most: number;
  /** When the last cells were taken, oldest first; no more than can matter. */
  private taken: number[] = [];
  private peak = 0;
  private peakAt = Number.NEGATIVE_INFINITY;

  constructor(
    size: PoolSize,
    private readonly now: () => number = () => performance.now(),
  ) {
    const { least, most } = typeof size === 'number' ? { least: size, most: size } : size;
    this.least = least;
    this.most = most;
  }

  /** A cell was taken. */
  note(): void {
    const now = this.now();
    this.taken.push(now);
    if (this.taken.length > this.most) this.taken.shift();
    this.forget(now);
    if (this.taken.length < this.peak && now - this.peakAt < KEEP_MS) return;
    this.peak = this.taken.length;
    this.peakAt = now;
  }

  get wanted(): number {
    const isRecent = this.now() - this.peakAt < KEEP_MS;
    return Math.min(this.most, Math.max(this.least, isRecent ? 2 * this.peak : 0));
  }

  /** When less may be wanted, if no cell is taken meanwhile: milliseconds from now; null where as few are wanted as can be. */
  get quietInMs(): number | null {
    return this.wanted > this.least ? Math.max(0, this.peakAt + KEEP_MS - this.now()) : null;
  }

  private forget(now: number): void {
    const first = this.taken.findIndex((at) => now - at < BURST_MS);
    this.taken = first < 0 ? [] : this.taken.slice(first);
  }
}
