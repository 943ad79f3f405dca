import type { Signal } from '../journal/event.ts';
import type { NodeWait } from '../nodes/definition.ts';
import type { Clock } from '../shared/clock.ts';
import type { NodeRun } from './fold.ts';
import type { Inbox } from './inbox.ts';
import { dueAt, MAX_HELD_WAIT_MS, timerMs } from './waits.ts';

/**
 * The waits of a list's items. A lane of the list waits with its item. While another lane runs, such waits are timers;
 * when all lanes wait, and for long, `areLong` aborts, and the node waits instead of its items.
 */
export interface ItemWaits {
  readonly areLong: AbortSignal;
  /** Resolves when the wait of the item is over, with its signal where that ended it, or when `stopped` aborts. */
  end(item: number, run: NodeRun, stopped: AbortSignal): Promise<Signal | null>;
  /** A lane has no further item. */
  endLane(): void;
  /** The wait of the list as a whole: until the first of its items is due. */
  whole(): NodeWait['wait'];
}

interface ItemWaitsOptions {
  lanes: number;
  now: () => Date;
  clock: Clock;
  inbox: Inbox;
  takeSignal: (item: number) => Signal | null;
}

export function makeItemWaits({ lanes, now, clock, inbox, takeSignal }: ItemWaitsOptions): ItemWaits {
  const long = new AbortController();
  /** When each item that waits is due. */
  const waiting = new Map<number, number>();
  let open = lanes;
  const firstDue = () => Math.min(...waiting.values());

  function judge(): void {
    if (open > 0 && waiting.size === open && firstDue() - now().getTime() > MAX_HELD_WAIT_MS) long.abort();
  }

  return {
    areLong: long.signal,
    async end(item, run, stopped) {
      if (run.status !== 'WAITING') return null;
      const at = dueAt(run);
      waiting.set(item, at);
      let signal = takeSignal(item);
      while (signal === null && at > now().getTime() && !stopped.aborted) {
        judge();
        await somethingNew(at, stopped);
        await inbox.refresh();
        signal = takeSignal(item);
      }
      // What waits for long with its list keeps its place, so that `whole` knows it.
      if (!long.signal.aborted) waiting.delete(item);
      return signal;
    },
    endLane() {
      open -= 1;
      judge();
    },
    whole: () => ({
      reason: 'ITEMS',
      until: Number.isFinite(firstDue()) ? new Date(firstDue()) : null,
    }),
  };

  /** Resolves when `at` has come, when the inbox rings, or when `stopped` aborts. */
  function somethingNew(at: number, stopped: AbortSignal): Promise<void> {
    if (stopped.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const releases = [
        inbox.onRing(wake),
        Number.isFinite(at) ? clock.setTimer(timerMs(at - now().getTime()), wake) : () => {},
        () => stopped.removeEventListener('abort', wake),
      ];
      stopped.addEventListener('abort', wake, { once: true });
      function wake(): void {
        for (const release of releases) release();
        resolve();
      }
    });
  }
}
