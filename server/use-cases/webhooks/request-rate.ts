/** How many requests each webhook takes: of this process, so that no request costs a write before it is wanted. */
export interface RequestRate {
  /** Null where the request may pass; else the seconds until one may. */
  take(webhookId: string, maxPerMinute: number): number | null;
}

interface Bucket {
  tokens: number;
  /** When `tokens` was counted. */
  at: number;
}

/** Buckets that are full again by then hold nothing to remember. */
const MINUTE_MS = 60_000;
/** Above it, those that are full again are forgotten. */
const MAX_BUCKETS = 10_000;

/** A bucket for each webhook, which holds a minute's requests and fills evenly. @param now milliseconds that only rise */
export function makeRequestRate(now: () => number = () => performance.now()): RequestRate {
  const buckets = new Map<string, Bucket>();

  function forgetFull(): void {
    for (const [id, { at }] of buckets) if (now() - at > MINUTE_MS) buckets.delete(id);
  }

  return {
    take(webhookId, maxPerMinute) {
      const perMs = maxPerMinute / MINUTE_MS;
      const { tokens, at } = buckets.get(webhookId) ?? { tokens: maxPerMinute, at: now() };
      const held = Math.min(maxPerMinute, tokens + (now() - at) * perMs);
      if (buckets.size >= MAX_BUCKETS && !buckets.has(webhookId)) forgetFull();
      buckets.set(webhookId, { tokens: held < 1 ? held : held - 1, at: now() });
      return held >= 1 ? null : Math.ceil((1 - held) / perMs / 1_000);
    },
  };
}
