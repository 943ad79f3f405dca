import type { WeftClient } from '../client.ts';
import type { WeftError } from '../errors.ts';
import type { ExecutionEvent } from '../event.ts';
import { applyEvents, type ExecutionState, emptyState } from '../execution-state.ts';

/** The state of an execution, and the error that ended its stream of events. */
export interface ExecutionView<Output = unknown> extends ExecutionState<Output> {
  /** Such as: the execution does not exist, the token is wrong, or the server could not be reached for too long. */
  readonly problem: WeftError | null;
}

/** What the hooks read of one execution. What has not changed stays the same object. */
export interface ExecutionStore {
  subscribe(listener: () => void): () => void;
  view(): ExecutionView;
  events(): readonly ExecutionEvent[];
}

/**
 * The store that all components of a client share for one execution, so that they share one stream. The store opens the
 * stream with the first listener, closes it with the last, and is then dropped.
 */
export function storeOf(client: WeftClient, id: string): ExecutionStore {
  const stores = storesOf.get(client) ?? new Map<string, ExecutionStore>();
  storesOf.set(client, stores);
  const store = stores.get(id) ?? makeStore(client, id);
  stores.set(id, store);
  return store;
}

const storesOf = new WeakMap<WeftClient, Map<string, ExecutionStore>>();

/** The store where there is no execution yet. */
export const idleStore: ExecutionStore = {
  subscribe: () => () => {},
  view: () => emptyView,
  events: () => noEvents,
};

const emptyView: ExecutionView = { ...emptyState, problem: null };
const noEvents: readonly ExecutionEvent[] = [];

/** Events that arrive within this time are rendered together: about a frame. */
const flushMs = 16;

function makeStore(client: WeftClient, id: string): ExecutionStore {
  const listeners = new Set<() => void>();
  let view = emptyView;
  let events = noEvents;
  let pending: ExecutionEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stream: AbortController | undefined;

  const store: ExecutionStore = {
    subscribe(listener) {
      listeners.add(listener);
      open();
      return () => {
        listeners.delete(listener);
        // StrictMode, and a swap of components, unsubscribe and subscribe again at once.
        queueMicrotask(() => {
          if (listeners.size === 0) close();
        });
      };
    },
    view: () => view,
    events: () => events,
  };
  return store;

  function open(): void {
    if (stream !== undefined) return;
    stream = new AbortController();
    const stores = storesOf.get(client);
    if (stores?.has(id) === false) stores.set(id, store); // dropped before; a hidden component is visible again
    void follow(stream.signal);
  }

  function close(): void {
    stream?.abort();
    stream = undefined;
    clearTimeout(timer);
    flush();
    const stores = storesOf.get(client);
    if (stores?.get(id) === store) stores.delete(id);
  }

  // cannot reject: what goes wrong becomes the view's problem; a listener that throws is React's to report
  async function follow(signal: AbortSignal): Promise<void> {
    const after = (pending.at(-1) ?? events.at(-1))?.cursor;
    try {
      for await (const event of client.executions.run(id).events({ after, signal })) {
        if (signal.aborted) return; // closed while the event was in flight
        pending.push(event);
        timer ??= setTimeout(flush, flushMs);
      }
      flush();
    } catch (problem) {
      if (signal.aborted) return;
      flush({ problem: problem as WeftError });
      stream = undefined; // the next listener opens a new stream
    }
  }

  function flush(change: { problem?: WeftError } = {}): void {
    clearTimeout(timer);
    timer = undefined;
    if (pending.length === 0 && change.problem === undefined) return;
    view = { ...applyEvents(view, pending), problem: change.problem ?? null };
    events = [...events, ...pending];
    pending = [];
    for (const listener of [...listeners]) listener();
  }
}
