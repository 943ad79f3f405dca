import type { Clock } from '../shared/clock.ts';
import { sizeOf } from '../shared/value-size.ts';
import type { FoldedJournal } from './fold-journal.ts';
import type { AddressedSignal } from './waits.ts';

/**
 * The states of long journals whose executions were parked by this worker a moment ago. One that waits again and again,
 * such as a list of sub-workflows, would otherwise fold all that it did before at each step, and read all signals that
 * it ever got. What is kept is the fold of the journal's beginning and the first of the signals, so whoever goes on with
 * it reads what came since, from whomever; and it may be forgotten at any moment.
 */
export interface ParkedStates extends Disposable {
  keep(executionId: string, parked: ParkedState): void;
  /** Forgets it, because whoever takes a state changes it. */
  take(executionId: string): ParkedState | undefined;
}

export interface ParkedState {
  folded: FoldedJournal;
  /** Of all outputs in the state. */
  outputBytes: number;
  /** From the first on; of those that nodes have taken the payloads may be null, because the journal has them. */
  signals: AddressedSignal[];
}

/** To fold fewer takes about as long as to claim the execution. */
const MIN_EVENTS = 500;
/** A wait that lasts longer holds nothing. */
const KEPT_MS = 60_000;
const MAX_BYTES = 32 * 1024 * 1024;
/** What an event leaves in a state beside its output; a little more than measured. */
const EVENT_BYTES = 200;

export function makeParkedStates(clock: Clock, minEvents = MIN_EVENTS): ParkedStates {
  /** The oldest first. */
  const kept = new Map<string, { parked: ParkedState; bytes: number; cancelTimer: () => void }>();
  let total = 0;

  function take(executionId: string): ParkedState | undefined {
    const found = kept.get(executionId);
    if (found === undefined) return undefined;
    found.cancelTimer();
    kept.delete(executionId);
    total -= found.bytes;
    return found.parked;
  }

  return {
    take,
    keep(executionId, parked) {
      const { folded, outputBytes, signals } = parked;
      take(executionId);
      if (folded.sequence < minEvents) return;
      const bytes = folded.sequence * EVENT_BYTES + outputBytes + dropPayloads(signals, folded.state.taken);
      if (bytes > MAX_BYTES) return;
      const cancelTimer = clock.setTimer(KEPT_MS, () => take(executionId));
      kept.set(executionId, { parked, bytes, cancelTimer });
      total += bytes;
      for (const id of kept.keys()) {
        if (total <= MAX_BYTES) break;
        take(id);
      }
    },
    [Symbol.dispose]() {
      for (const id of [...kept.keys()]) take(id);
    },
  };
}

/** Of those that were taken. Gives the bytes of the others. */
function dropPayloads(signals: readonly AddressedSignal[], taken: ReadonlySet<number>): number {
  let bytes = 0;
  for (const signal of signals) {
    if (taken.has(signal.number)) signal.payload = null;
    else bytes += sizeOf(signal.payload).bytes;
  }
  return bytes;
}
