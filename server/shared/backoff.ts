/**
 * How long to wait after so many failures in a row, milliseconds: doubled with each, up to a limit, and somewhere in
 * the upper half of that, so that many who failed together do not come back together.
 */
export function backoffMs(
  failures: number,
  { initialMs, maxMs }: { initialMs: number; maxMs: number },
): number {
  const ms = Math.min(maxMs, initialMs * 2 ** Math.max(0, failures - 1));
  return ms * (0.5 + Math.random() / 2);
}
