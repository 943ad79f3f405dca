/** Time as the engine and the worker see it, so that tests can move it by hand. */
export interface Clock {
  now(): Date;
  /** Calls back once, after `ms` milliseconds. Returns the function that cancels the call. */
  setTimer(ms: number, onTime: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => new Date(),
  setTimer(ms, onTime) {
    const timer = setTimeout(onTime, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Calls back every `ms` milliseconds until the returned function is called.
 * @param firstMs where others that begin together with it should not meet it each time
 */
export function setRepeatingTimer(
  clock: Clock,
  ms: number,
  onTime: () => void,
  firstMs: number = ms,
): () => void {
  let cancel = clock.setTimer(firstMs, function repeat() {
    cancel = clock.setTimer(ms, repeat);
    onTime();
  });
  return () => cancel();
}

/** Resolves after `ms` milliseconds, or as soon as the signal aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      cancel();
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.setTimer(ms, wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
