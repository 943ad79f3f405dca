import { makeBuckets, secondsUntil } from '../../shared/buckets.ts';

/** How many requests each webhook takes. */
export interface RequestRate {
  /** Null where the request may pass; else the seconds until one may. */
  take(webhookId: string, maxPerMinute: number): number | null;
}

/** @param now milliseconds that only rise */
export function makeRequestRate(now?: () => number): RequestRate {
  const buckets = makeBuckets(now);
  return {
    take(webhookId, maxPerMinute) {
      const held = buckets.held(webhookId, maxPerMinute);
      if (held < 1) return secondsUntil(1, held, maxPerMinute);
      buckets.take(webhookId, maxPerMinute, 1);
      return null;
    },
  };
}
