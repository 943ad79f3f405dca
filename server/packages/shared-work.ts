export interface Waiter<E> {
  signal: AbortSignal;
  /** Called in order; the next call waits until the promise of the last call has settled. */
  onEvent: (event: E) => void | Promise<void>;
}

export interface WorkContext<E> {
  signal: AbortSignal;
  emit: (event: E) => void;
}

/**
 * Work that is done once for all callers that wait for it. A caller that joins late receives the last event first. A
 * caller that leaves affects no other caller; when the last caller leaves, the work is aborted.
 *
 * Not a promise cache such as lru-cache's `fetch`: each caller has a signal and events of its own.
 */
export class SharedWork<E, T> {
  private readonly running = new Map<string, Shared<E, T>>();

  async join(key: string, work: (context: WorkContext<E>) => Promise<T>, waiter: Waiter<E>): Promise<T> {
    waiter.signal.throwIfAborted();
    const shared = this.running.get(key) ?? this.start(key, work);
    const listener = makeListener(waiter.onEvent);
    const left = Promise.withResolvers<never>();
    const onAbort = () => left.reject(waiter.signal.reason);
    waiter.signal.addEventListener('abort', onAbort, { once: true });
    shared.listeners.add(listener.receive);
    if (shared.last !== undefined) listener.receive(shared.last);
    try {
      return await Promise.race([resultOf(shared, listener.drained), left.promise, listener.failed]);
    } finally {
      waiter.signal.removeEventListener('abort', onAbort);
      shared.listeners.delete(listener.receive);
      if (shared.listeners.size === 0) this.end(key, shared);
    }
  }

  /** Aborts all running work, and resolves when it has ended. */
  async close(): Promise<void> {
    const running = [...this.running];
    for (const [key, shared] of running) this.end(key, shared);
    await Promise.allSettled(running.map(([, { result }]) => result));
  }

  private start(key: string, work: (context: WorkContext<E>) => Promise<T>): Shared<E, T> {
    const controller = new AbortController();
    const listeners = new Set<(event: E) => void>();
    const shared: Shared<E, T> = {
      controller,
      listeners,
      last: undefined,
      result: work({
        signal: controller.signal,
        emit(event) {
          shared.last = event;
          for (const receive of listeners) receive(event);
        },
      }),
    };
    shared.result.catch(() => {}).finally(() => this.end(key, shared));
    this.running.set(key, shared);
    return shared;
  }

  private end(key: string, shared: Shared<E, T>): void {
    if (this.running.get(key) === shared) this.running.delete(key);
    shared.controller.abort(new Error('No caller waits for the work any more'));
  }
}

interface Shared<E, T> {
  controller: AbortController;
  listeners: Set<(event: E) => void>;
  last: E | undefined;
  result: Promise<T>;
}

/** The result, once the listener has every event. */
async function resultOf<T>(
  { result }: Pick<Shared<never, T>, 'result'>,
  drained: () => Promise<void>,
): Promise<T> {
  try {
    return await result;
  } finally {
    await drained();
  }
}

/** Passes events on one at a time. `failed` rejects with the first error of `onEvent`. */
function makeListener<E>(onEvent: (event: E) => void | Promise<void>) {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  let passedOn: Promise<void> = Promise.resolve();
  return {
    receive(event: E): void {
      passedOn = passedOn.then(() => onEvent(event)).catch(failure.reject);
    },
    drained: () => passedOn,
    failed: failure.promise,
  };
}
