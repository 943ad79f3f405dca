/**
 * Delays that double from `firstMs` to `maxMs`. Each is shortened by up to a half at random, so that clients do not all
 * come back at once. Own code: a library would weigh more than these lines, and the package has one dependency.
 */
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
