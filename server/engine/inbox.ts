import type { AddressedSignal } from './waits.ts';

/** The signals of one execution, as a worker knows them. */
export interface Inbox {
  /** All of them, in order, those that were taken too. */
  readonly signals: AddressedSignal[];
  /** Tells that there may be more. */
  ring(): void;
  /** Reads what is new where it rang. */
  refresh(): Promise<void>;
  /** Returns the releaser. */
  onRing(listener: () => void): () => void;
}

/**
 * @param read those after this number. They are numbered while their execution's row is locked, so none comes before one
 * that was read.
 * @param rang whether there is something to read at once
 * @param signals those that were read before, from the first on
 */
export function makeInbox(
  read: (after: number) => Promise<AddressedSignal[]>,
  rang: boolean,
  signals: AddressedSignal[],
): Inbox {
  let isStale = rang;
  const listeners = new Set<() => void>();
  return {
    signals,
    ring() {
      isStale = true;
      for (const listener of listeners) listener();
    },
    async refresh() {
      while (isStale) {
        isStale = false;
        for (const signal of await read(signals.at(-1)?.number ?? 0)) signals.push(signal);
      }
    },
    onRing(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
