/**
 * Runs `work` with a signal that aborts with the caller's, or with `reason` after `ms`. Leaves neither timer nor
 * listener. (`AbortSignal.any` and `.timeout` keep their timers, and some browsers do not have them yet.)
 */
export async function withDeadline<T>(
  signal: AbortSignal | undefined,
  ms: number,
  reason: Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => controller.abort(reason), Math.min(ms, longestTimerMs));
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** `setTimeout` fires at once for a longer delay, such as Infinity. */
const longestTimerMs = 2_147_483_647;
