/**
 * The values of an iterator, each mapped when it is wanted. `return()` goes straight to the iterator: that of a
 * generator around it would wait for the value that is pending.
 * @param onEnd called once, however it ends
 */
export function mapIterator<T, U>(
  iterator: AsyncIterator<T, void>,
  map: (value: T) => U | Promise<U>,
  onEnd: () => void = () => {},
): AsyncGenerator<U, void, void> {
  let hasEnded = false;
  const end = () => {
    if (!hasEnded) onEnd();
    hasEnded = true;
  };
  return {
    async next() {
      try {
        const { done, value } = await iterator.next();
        if (!done) return { done: false, value: await mapped(value) };
        end();
        return { done, value: undefined };
      } catch (error) {
        end();
        throw error;
      }
    },
    async return() {
      end();
      await iterator.return?.();
      return END;
    },
    async throw(error) {
      end();
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

  async function mapped(value: T): Promise<U> {
    try {
      return await map(value);
    } catch (error) {
      await iterator.return?.();
      throw error;
    }
  }
}

const END = { done: true, value: undefined } as const;
