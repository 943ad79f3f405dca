import type { AddressedSignal } from './waits.ts';

/** The signals of one execution, as a worker knows them. */
export interface Inbox {
  /** All of them, in order, those that were taken too. */
  readonly signals: readonly AddressedSignal[];
  /** Tells that there may be more. */
  ring(): void;
  /** Reads them again where it rang. */
  refresh(): Promise<void>;
  /** Returns the releaser. */
  onRing(listener: () => void): () => void;
}

/** @param rang whether there is something to read at once */
export function makeInbox(read: () => Promise<AddressedSignal[]>, rang: boolean): Inbox {
  let signals: readonly AddressedSignal[] = [];
  let isStale = rang;
  const listeners = new Set<() => void>();
  return {
    get signals() {
      return signals;
    },
    ring() {
      isStale = true;
      for (const listener of listeners) listener();
    },
    async refresh() {
      while (isStale) {
        isStale = false;
        signals = await read();
      }
    },
    onRing(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
