import type { ApprovalFilter } from '../_generated_operations.ts';
import type { Approval } from '../approvals.ts';
import type { WeftClient } from '../client.ts';
import type { WeftError } from '../errors.ts';

export interface ApprovalsView {
  /** Newest first. */
  readonly approvals: readonly Approval[];
  /** Before they are read for the first time. */
  readonly isLoading: boolean;
  /** Why they cannot be read or followed: the token is wrong, or the server could not be reached for too long. */
  readonly problem: WeftError | null;
}

export interface ApprovalsStore {
  subscribe(listener: () => void): () => void;
  view(): ApprovalsView;
}

const storesOf = new WeakMap<WeftClient, Map<string, ApprovalsStore>>();

/** The store that all components of a client with one filter share. It is dropped with its last listener. */
export function approvalsStoreOf(client: WeftClient, key: string, filter: ApprovalFilter): ApprovalsStore {
  const stores = storesOf.get(client) ?? new Map<string, ApprovalsStore>();
  storesOf.set(client, stores);
  const store =
    stores.get(key) ??
    makeStore(
      client,
      filter,
      (it) => stores.set(key, it),
      () => stores.delete(key),
    );
  stores.set(key, store);
  return store;
}

const maxApprovals = 100;

function makeStore(
  client: WeftClient,
  filter: ApprovalFilter,
  onOpen: (store: ApprovalsStore) => void,
  onClose: () => void,
): ApprovalsStore {
  const listeners = new Set<() => void>();
  let view: ApprovalsView = { approvals: [], isLoading: true, problem: null };
  let stream: AbortController | undefined;

  const store: ApprovalsStore = {
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
    const { workflowId, executionId } = filter;
    const options = { signal, onOpen: () => void read(signal) };
    try {
      const updates = client.approvals.updates({
        ...options,
        ...(workflowId && { workflowId }),
        ...(executionId && { executionId }),
      });
      for await (const approval of updates) {
        if (signal.aborted) return;
        show({ approvals: merged([approval], view.approvals) });
      }
    } catch (problem) {
      fail(problem, signal);
    }
  }

  // cannot reject. With each connection: nothing tells what changed while there was none.
  async function read(signal: AbortSignal): Promise<void> {
    const before = view.approvals;
    try {
      const page = await client.approvals.list({ filter, pageSize: maxApprovals, signal }).page();
      if (signal.aborted) return;
      const arrivedMeanwhile = view.approvals.filter((approval) => !before.includes(approval));
      show({ approvals: merged(arrivedMeanwhile, page.items), isLoading: false, problem: null });
    } catch (problem) {
      fail(problem, signal);
    }
  }

  function merged(newer: readonly Approval[], older: readonly Approval[]): readonly Approval[] {
    const ids = new Set(newer.map(({ id }) => id));
    return [...newer, ...older.filter(({ id }) => !ids.has(id))]
      .filter(({ status }) => filter.statuses?.includes(status) ?? true)
      .sort((a, b) => (a.id < b.id ? 1 : -1)) // ids are in the order of their making
      .slice(0, maxApprovals);
  }

  function fail(problem: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    stream?.abort();
    stream = undefined; // the next listener opens a new stream
    show({ problem: problem as WeftError, isLoading: false });
  }

  function show(change: Partial<ApprovalsView>): void {
    view = { ...view, ...change };
    for (const listener of [...listeners]) listener();
  }
}
