/** More than this and the sender is asked to stop: a WebSocket cannot be told to wait. */
const capacity = 10_000;

export class InboxFull extends Error {}

/**
 * Joins a sender that pushes to a consumer that pulls. When it is full, `onFull` is called once and what comes after
 * is dropped; the consumer gets what is there, and then InboxFull. Whoever reads by a cursor loses nothing.
 */
export function makeInbox<T>(weigh: (item: T) => number, onFull: () => void) {
  let items: T[] = [];
  let weight = 0;
  let isOver = false;
  let failure: { error: unknown } | undefined;
  let wake = () => {};

  function end(): void {
    isOver = true;
    wake();
  }

  return {
    put(item: T): void {
      if (isOver) return;
      items.push(item);
      weight += weigh(item);
      wake();
      if (weight < capacity) return;
      failure = { error: new InboxFull() };
      end();
      onFull();
    },
    end,
    /** What had come before is still given. */
    fail(error: unknown): void {
      failure ??= { error };
      end();
    },
    async *take(): AsyncGenerator<T, void> {
      for (;;) {
        while (items.length > 0) {
          const taken = items;
          items = [];
          for (const item of taken) {
            yield item;
            weight -= weigh(item);
          }
        }
        if (failure) throw failure.error;
        if (isOver) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
