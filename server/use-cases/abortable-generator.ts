/**
 * An async generator whose `return()` takes effect at once. The `return()` of a plain generator waits for its pending
 * `await`, so a client that leaves a quiet subscription would hold its resources until the next event.
 */
export function abortableGenerator<T>(
  make: (signal: AbortSignal) => AsyncGenerator<T, void>,
): AsyncIterableIterator<T> {
  const leaving = new AbortController();
  const generator = make(leaving.signal);
  return {
    next: () => generator.next(),
    return() {
      leaving.abort();
      return generator.return();
    },
    throw(error) {
      leaving.abort();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
