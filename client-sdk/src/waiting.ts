/** Delays that double from `firstMs` to `maxMs`, each cut by up to a half at random so that clients do not come back all at once. */
export function makeBackoff(firstMs: number, maxMs: number) {
  let delayMs = firstMs;
  return {
    next(): number {
      const current = delayMs;
      delayMs = Math.min(maxMs, delayMs * 2);
      return current * (1 - Math.random() / 2);
    },
    reset(): void {
      delayMs = firstMs;
    },
  };
}

/** Resolves after the time, or rejects with the signal's reason; leaves no timer. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The promise's outcome, unless the signal aborts before; what comes of the promise then is let go. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
