/** At this size the queue overflows: the sender is a WebSocket, which cannot be slowed down. */
const capacity = 10_000;

/** The consumer was too slow. What the queue still held has been read. */
export class QueueFull extends Error {}

/**
 * Joins a sender that pushes to a consumer that pulls. When the queue is full, `onFull` is called once and later items
 * are dropped; the consumer reads what the queue holds, and then gets QueueFull. A consumer that reads from a cursor
 * loses nothing. Own code: the libraries for it, such as Repeater, count items, and one item here holds many events.
 */
export function makeBoundedQueue<T>(sizeOf: (item: T) => number, onFull: () => void) {
  let items: T[] = [];
  let size = 0;
  let isOver = false;
  let failure: { error: unknown } | undefined;
  let wake = () => {};

  function end(): void {
    isOver = true;
    wake();
  }

  return {
    push(item: T): void {
      if (isOver) return;
      items.push(item);
      size += sizeOf(item);
      wake();
      if (size < capacity) return;
      failure = { error: new QueueFull() };
      end();
      onFull();
    },
    end,
    /** The consumer still reads the items before the failure. */
    fail(error: unknown): void {
      failure ??= { error };
      end();
    },
    async *read(): AsyncGenerator<T, void> {
      for (;;) {
        while (items.length > 0) {
          const batch = items;
          items = [];
          for (const item of batch) {
            yield item;
            size -= sizeOf(item);
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
