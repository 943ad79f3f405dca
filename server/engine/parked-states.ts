import type { Clock } from '../shared/clock.ts';
import type { FoldedJournal } from './fold-journal.ts';

/**
 * The states of long journals whose executions were parked by this worker a moment ago. One that waits again and again,
 * such as a list of sub-workflows, would otherwise fold all that it did before at each step. What is kept is the fold of
 * the journal's beginning and nothing else, so whoever goes on with it reads what was written since, by whomever; and it
 * may be forgotten at any moment.
 */
export interface ParkedStates extends Disposable {
  /** @param outputBytes of all outputs in the state */
  keep(executionId: string, folded: FoldedJournal, outputBytes: number): void;
  /** Forgets it, because whoever takes a state changes it. */
  take(executionId: string): FoldedJournal | undefined;
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
  const kept = new Map<string, { folded: FoldedJournal; bytes: number; cancelTimer: () => void }>();
  let total = 0;

  function take(executionId: string): FoldedJournal | undefined {
    const found = kept.get(executionId);
    if (found === undefined) return undefined;
    found.cancelTimer();
    kept.delete(executionId);
    total -= found.bytes;
    return found.folded;
  }

  return {
    take,
    keep(executionId, folded, outputBytes) {
      take(executionId);
      const bytes = folded.sequence * EVENT_BYTES + outputBytes;
      if (folded.sequence < minEvents || bytes > MAX_BYTES) return;
      const cancelTimer = clock.setTimer(KEPT_MS, () => take(executionId));
      kept.set(executionId, { folded, bytes, cancelTimer });
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
