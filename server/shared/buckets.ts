/**
 * Buckets that hold what a minute allows and fill evenly (token buckets). They are of this process, so that what is
 * counted costs no write; several replicas allow as much each.
 */
export interface Buckets {
  /** What the bucket holds now. */
  held(id: string, perMinute: number): number;
  take(id: string, perMinute: number, amount: number): void;
}

interface Bucket {
  level: number;
  /** When `level` was counted. */
  at: number;
}

/** Buckets that are full again by then hold nothing to remember. */
const MINUTE_MS = 60_000;
/** Above it, those that are full again are forgotten. */
const MAX_BUCKETS = 10_000;

/** @param now milliseconds that only rise */
export function makeBuckets(now: () => number = () => performance.now()): Buckets {
  const buckets = new Map<string, Bucket>();

  function forgetFull(): void {
    for (const [id, { at }] of buckets) if (now() - at > MINUTE_MS) buckets.delete(id);
  }

  function held(id: string, perMinute: number): number {
    const bucket = buckets.get(id);
    if (bucket === undefined) return perMinute;
    return Math.min(perMinute, bucket.level + ((now() - bucket.at) * perMinute) / MINUTE_MS);
  }

  return {
    held,
    take(id, perMinute, amount) {
      if (buckets.size >= MAX_BUCKETS && !buckets.has(id)) forgetFull();
      buckets.set(id, { level: held(id, perMinute) - amount, at: now() });
    },
  };
}

/** Until it holds `amount`, which is at most what a minute allows: whole seconds, 1 at least. */
export function secondsUntil(amount: number, held: number, perMinute: number): number {
  return Math.max(1, Math.ceil(((amount - held) * 60) / perMinute));
}
