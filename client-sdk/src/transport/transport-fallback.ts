import type { TransportKind } from './transport.ts';

/** Which transport to use, as one client has learned it; shared by all of its streams. */
export interface Ladder {
  /** The transport to try now. */
  pick(): TransportKind;
  /** It did not open. Tells whether there is another to try at once; else the server may be away. */
  failed(kind: TransportKind, reached: boolean): boolean;
}

/** A better transport is tried again after this long: networks change. */
const staysDownMs = 60_000;

/**
 * A WebSocket that does not open may be blocked, or the server may be away: the next transport, tried at once, tells
 * which. A transport over HTTP that reaches nothing says nothing about WebSockets, so it leads back to the top.
 */
export function makeLadder(order: readonly TransportKind[], now: () => number = Date.now): Ladder {
  let step = 0;
  let steppedAt = 0;
  const stepTo = (next: number) => {
    step = next;
    steppedAt = now();
  };
  return {
    pick() {
      if (step > 0 && now() - steppedAt > staysDownMs) step = 0;
      return order[step]!;
    },
    failed(kind, reached) {
      if (kind !== order[step]) return true; // another stream has moved on meanwhile
      const isBlocked = kind === 'ws' || reached;
      stepTo(isBlocked && step + 1 < order.length ? step + 1 : 0);
      return step > 0;
    },
  };
}
