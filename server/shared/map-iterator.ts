/**
 * The values of an iterator, each mapped when it is wanted. `return()` goes straight to the iterator: that of a
 * generator around it would wait for the value that is pending.
 */
export function mapIterator<T, U>(
  iterator: AsyncIterator<T, void>,
  map: (value: T) => U | Promise<U>,
): AsyncGenerator<U, void, void> {
  return {
    async next() {
      const { done, value } = await iterator.next();
      if (done) return { done, value: undefined };
      try {
        return { done: false, value: await map(value as T) };
      } catch (error) {
        await iterator.return?.();
        throw error;
      }
    },
    async return() {
      await iterator.return?.();
      return END;
    },
    async throw(error) {
      await iterator.throw?.(error);
      return END;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}

const END = { done: true, value: undefined } as const;
