/**
 * How long to wait after a number of failures in a row, milliseconds: `initialMs` doubled with each failure, up to
 * `maxMs`. The result is random in the upper half of that, so that clients that failed together do not retry together.
 *
 * Own code, because p-retry repeats one function: a listener, a health check and a fork-server wait between states
 * instead, and a database call has to throw its own last error when its signal aborts.
 */
export function backoffMs(failures: number, { initialMs, maxMs }: Backoff): number {
  if (failures <= 0) return 0;
  const ms = Math.min(maxMs, initialMs * 2 ** (failures - 1));
  return ms * (0.5 + Math.random() / 2);
}

export interface Backoff {
  initialMs: number;
  maxMs: number;
}
