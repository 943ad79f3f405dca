import type { WeftClient } from '../client.ts';
import type { WeftError } from '../errors.ts';
import type { Listing, ListOptions } from '../listing.ts';

/** The newest items of a list, as they are now. */
export interface LiveList<Item> {
  /** Newest first. */
  readonly items: readonly Item[];
  /** Before they are read for the first time. */
  readonly isLoading: boolean;
  /** Why they cannot be read or followed: the token is wrong, or the server could not be reached for too long. */
  readonly problem: WeftError | null;
}

export interface LiveListStore<Item> {
  subscribe(listener: () => void): () => void;
  view(): LiveList<Item>;
}

/** Where a list comes from: its newest items, and items as they change. */
export interface LiveSource<Item> {
  list(options: ListOptions): Listing<Item>;
  updates(options: { signal: AbortSignal; onOpen: () => void }): AsyncIterable<Item>;
  /** An item that changed and does not fit any more leaves the list. */
  fits(item: Item): boolean;
}

const storesOf = new WeakMap<WeftClient, Map<string, LiveListStore<never>>>();

/** The store that all components of a client with one key share. It is dropped with its last listener. */
export function liveListOf<Item extends { id: string }>(
  client: WeftClient,
  key: string,
  source: LiveSource<Item>,
): LiveListStore<Item> {
  const stores = (storesOf.get(client) ?? new Map()) as Map<string, LiveListStore<Item>>;
  storesOf.set(client, stores as Map<string, LiveListStore<never>>);
  const store =
    stores.get(key) ??
    makeStore(
      source,
      (it) => stores.set(key, it),
      () => stores.delete(key),
    );
  stores.set(key, store);
  return store;
}

const maxItems = 100;

function makeStore<Item extends { id: string }>(
  source: LiveSource<Item>,
  onOpen: (store: LiveListStore<Item>) => void,
  onClose: () => void,
): LiveListStore<Item> {
  const listeners = new Set<() => void>();
  let view: LiveList<Item> = { items: [], isLoading: true, problem: null };
  let stream: AbortController | undefined;

  const store: LiveListStore<Item> = {
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
  };
  return store;

  function open(): void {
    if (stream !== undefined) return;
    stream = new AbortController();
    onOpen(store); // dropped before; a hidden component is visible again
    void follow(stream.signal);
  }

  function close(): void {
    stream?.abort();
    stream = undefined;
    onClose();
  }

  // cannot reject: what goes wrong becomes the view's problem
  async function follow(signal: AbortSignal): Promise<void> {
    try {
      for await (const item of source.updates({ signal, onOpen: () => void read(signal) })) {
        if (signal.aborted) return;
        show({ items: merged([item], view.items) });
      }
    } catch (problem) {
      fail(problem, signal);
    }
  }

  // cannot reject. With each connection: nothing tells what changed while there was none.
  async function read(signal: AbortSignal): Promise<void> {
    const before = view.items;
    try {
      const page = await source.list({ pageSize: maxItems, signal }).page();
      if (signal.aborted) return;
      const arrivedMeanwhile = view.items.filter((item) => !before.includes(item));
      show({ items: merged(arrivedMeanwhile, page.items), isLoading: false, problem: null });
    } catch (problem) {
      fail(problem, signal);
    }
  }

  function merged(newer: readonly Item[], older: readonly Item[]): readonly Item[] {
    const ids = new Set(newer.map(({ id }) => id));
    return [...newer, ...older.filter(({ id }) => !ids.has(id))]
      .filter(source.fits)
      .sort((a, b) => (a.id < b.id ? 1 : -1)) // ids are in the order of their making
      .slice(0, maxItems);
  }

  function fail(problem: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    stream?.abort();
    stream = undefined; // the next listener opens a new stream
    show({ problem: problem as WeftError, isLoading: false });
  }

  function show(change: Partial<LiveList<Item>>): void {
    view = { ...view, ...change };
    for (const listener of [...listeners]) listener();
  }
}
