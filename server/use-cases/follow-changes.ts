import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import type { Hub, Topic } from '../journal/hub.ts';
import type { Acquire } from '../shared/semaphore.ts';
import { abortableGenerator } from './abortable-generator.ts';

/** Rows that change, as a subscriber sees them. */
export interface Changing<T> {
  hub: Hub;
  /** Woken with the id of each row that changes. */
  topic: Topic;
  /** Another topic whose wake-ups may mean that rows changed: which, of the ids that it was woken with. */
  related?: { topic: Topic; rowsOf(ids: string[]): Promise<string[]> };
  /** The rows with these ids that the subscriber wants. */
  find(ids: string[]): Promise<T[]>;
  /** Of the rows that changed since then, where wake-ups may have been lost. */
  changedSince(since: Date): Promise<{ id: string; state: string }[]>;
  /** What tells one state of a row from another. */
  stateOf(row: T): string;
}

/** How far back a search for changes without a wake-up reaches: commits and clocks of other replicas lag. */
const LOOK_BACK_MS = 30_000;
/** More rows than change within that time on a busy system. */
const MAX_REMEMBERED = 20_000;

/** The latest state of each row that changes, once; changes in quick succession may be emitted as one. */
export function followChanges<T extends { id: string }>(
  changing: Changing<T>,
  acquire: Acquire,
): AsyncIterableIterator<T> {
  return abortableGenerator((signal) => follow(changing, acquire, signal));
}

async function* follow<T extends { id: string }>(
  { hub, topic, related, find, changedSince, stateOf }: Changing<T>,
  acquire: Acquire,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const startedAt = Date.now();
  const emitted = new Map<string, string>();
  let changed = new Set<string>();
  let changedElsewhere = new Set<string>();
  let lookedAt: number | null = null;
  let mayHaveMissed = false;
  let wake = Promise.withResolvers<void>();
  const stopListening = hub.listen(topic, undefined, (id) => {
    if (id === undefined) mayHaveMissed = true;
    else changed.add(id);
    wake.resolve();
  });
  const stopRelated =
    related &&
    hub.listen(related.topic, undefined, (id) => {
      if (id === undefined) return; // the other listener hears of it too
      changedElsewhere.add(id);
      wake.resolve();
    });
  signal.addEventListener('abort', () => wake.resolve(), { once: true });
  try {
    for (;;) {
      await wake.promise;
      wake = Promise.withResolvers();
      using _turn = await acquire(signal);
      const ids = changed;
      changed = new Set();
      const elsewhere = [...changedElsewhere];
      changedElsewhere = new Set();
      const updated = await retryWhileDisconnected(async () => {
        if (mayHaveMissed) await look(ids);
        if (related && elsewhere.length > 0) for (const id of await related.rowsOf(elsewhere)) ids.add(id);
        return ids.size === 0 ? [] : find([...ids]);
      }, signal).catch((error) => {
        if (signal.aborted) return [];
        throw error;
      });
      if (signal.aborted) return;
      for (const row of updated) if (isNew(row)) yield row;
    }
  } finally {
    stopListening();
    stopRelated?.();
  }

  async function look(ids: Set<string>): Promise<void> {
    const now = Date.now();
    const since = new Date(Math.max(startedAt, (lookedAt ?? now) - LOOK_BACK_MS));
    for (const { id, state } of await changedSince(since)) if (emitted.get(id) !== state) ids.add(id);
    lookedAt = now;
    mayHaveMissed = false;
  }

  function isNew(row: T): boolean {
    const { id } = row;
    const state = stateOf(row);
    if (emitted.get(id) === state) return false;
    emitted.delete(id);
    emitted.set(id, state);
    if (emitted.size > MAX_REMEMBERED) emitted.delete(emitted.keys().next().value!);
    return true;
  }
}
