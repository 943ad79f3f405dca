export interface Waiter<E> {
  signal: AbortSignal;
  /** Called in order, one at a time. */
  onEvent: (event: E) => void | Promise<void>;
}

export interface WorkContext<E> {
  signal: AbortSignal;
  tell: (event: E) => void;
}

/**
 * Work that several may wait for and that is done once. Who comes later hears the last event first. Who leaves
 * leaves alone; with the last of them the work is aborted.
 */
export class SharedWork<E, T> {
  private readonly running = new Map<string, Shared<E, T>>();

  async join(key: string, work: (context: WorkContext<E>) => Promise<T>, waiter: Waiter<E>): Promise<T> {
    waiter.signal.throwIfAborted();
    const shared = this.running.get(key) ?? this.begin(key, work);
    const teller = makeTeller(waiter.onEvent);
    const left = Promise.withResolvers<never>();
    const onAbort = () => left.reject(waiter.signal.reason);
    waiter.signal.addEventListener('abort', onAbort, { once: true });
    shared.tellers.add(teller.tell);
    if (shared.last !== undefined) teller.tell(shared.last);
    try {
      const ended = shared.result.finally(teller.drained);
      return await Promise.race([ended, left.promise, teller.failed]);
    } finally {
      waiter.signal.removeEventListener('abort', onAbort);
      shared.tellers.delete(teller.tell);
      if (shared.tellers.size === 0) this.end(key, shared);
    }
  }

  /** Aborts what is under way, and resolves when it has ended. */
  async close(): Promise<void> {
    const running = [...this.running];
    for (const [key, shared] of running) this.end(key, shared);
    await Promise.allSettled(running.map(([, { result }]) => result));
  }

  private begin(key: string, work: (context: WorkContext<E>) => Promise<T>): Shared<E, T> {
    const controller = new AbortController();
    const tellers = new Set<(event: E) => void>();
    const shared: Shared<E, T> = {
      controller,
      tellers,
      last: undefined,
      result: work({
        signal: controller.signal,
        tell(event) {
          shared.last = event;
          for (const tell of tellers) tell(event);
        },
      }),
    };
    shared.result.catch(() => {}).finally(() => this.end(key, shared));
    this.running.set(key, shared);
    return shared;
  }

  private end(key: string, shared: Shared<E, T>): void {
    if (this.running.get(key) === shared) this.running.delete(key);
    shared.controller.abort(new Error('Nobody waits for it any more'));
  }
}

interface Shared<E, T> {
  controller: AbortController;
  tellers: Set<(event: E) => void>;
  last: E | undefined;
  result: Promise<T>;
}

function makeTeller<E>(onEvent: (event: E) => void | Promise<void>) {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  let told: Promise<void> = Promise.resolve();
  return {
    tell(event: E): void {
      told = told.then(() => onEvent(event)).catch(failure.reject);
    },
    drained: () => told,
    failed: failure.promise,
  };
}
