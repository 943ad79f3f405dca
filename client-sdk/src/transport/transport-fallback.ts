import type { TransportKind } from './transport.ts';

/** Which transport to use, as the failures of one client's streams have shown; shared by all of these streams. */
export interface TransportFallback {
  /** The transport to try now. */
  current(): TransportKind;
  /**
   * Notes that a transport did not open.
   * @param reached whether something answered at the address
   * @returns whether to try the next transport at once; if not, the server may be away, and the caller waits first
   */
  reportFailure(kind: TransportKind, reached: boolean): boolean;
}

/** A better transport is tried again after this long: networks change. */
const retryBetterMs = 60_000;

/**
 * A WebSocket that does not open may be blocked, or the server may be away. Trying the next transport at once shows
 * which. A transport over HTTP that reaches nothing proves nothing about WebSockets: the first transport is next again.
 */
export function makeTransportFallback(
  order: readonly TransportKind[],
  now: () => number = Date.now,
): TransportFallback {
  let index = 0;
  let changedAt = 0;
  const changeTo = (next: number) => {
    index = next;
    changedAt = now();
  };
  return {
    current() {
      if (index > 0 && now() - changedAt > retryBetterMs) index = 0;
      return order[index]!;
    },
    reportFailure(kind, reached) {
      if (kind !== order[index]) return true; // another stream has reported it already
      const isBlocked = kind === 'ws' || reached;
      changeTo(isBlocked && index + 1 < order.length ? index + 1 : 0);
      return index > 0;
    },
  };
}
