/**
 * Waits for a slot and resolves with it; disposing of it frees the slot. Once the signal aborts, it resolves without a
 * slot, so the caller checks the signal before it starts work.
 */
export type Acquire = (signal: AbortSignal) => Promise<Disposable>;

/**
 * Lets at most `max` callers work at once, first come first served, and starts nobody while `isOpen` returns false.
 *
 * Own code, because p-limit and p-queue run one function per slot, whereas a subscription holds its slot across the
 * `yield` of a generator, and async-mutex cannot withdraw a single waiting caller.
 */
export class Semaphore {
  private readonly waiting = new Set<() => void>();
  private taken = 0;

  constructor(
    readonly max: number,
    private readonly isOpen: () => boolean = () => true,
  ) {}

  /** Slots in use. */
  get running(): number {
    return this.taken;
  }

  /** Whether anybody waits for a slot. */
  get isWanted(): boolean {
    return this.waiting.size > 0;
  }

  /** A property and not a method, so that it can be passed on alone as `Acquire`. */
  readonly acquire: Acquire = async (signal) => {
    if (signal.aborted) return noSlot;
    const { promise, resolve } = Promise.withResolvers<Disposable>();
    const start = () => resolve(this.makeSlot());
    const onAbort = () => this.waiting.delete(start) && resolve(noSlot);
    this.waiting.add(start);
    signal.addEventListener('abort', onAbort, { once: true });
    this.recheck();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };

  /** Starts those who may start now. The owner of `isOpen` calls it when that may have become true. */
  recheck(): void {
    for (const start of this.waiting) {
      if (this.taken >= this.max || !this.isOpen()) return;
      this.waiting.delete(start);
      this.taken += 1;
      start();
    }
  }

  private makeSlot(): Disposable {
    let isFree = false;
    return {
      [Symbol.dispose]: () => {
        if (isFree) return;
        isFree = true;
        this.taken -= 1;
        this.recheck();
      },
    };
  }
}

const noSlot: Disposable = { [Symbol.dispose]() {} };

/** For a caller that shares nothing with others. */
export const acquireAtOnce: Acquire = async () => noSlot;
