import type { EventType, JournalEvent } from './event.ts';
import type { Hub } from './hub.ts';
import type { JournalPage } from './read.ts';

/**
 * The latest committed events of the journals that this process writes, so that live followers, however many, need not
 * query the database for each event. It gives no page that it does not hold completely, and drops a journal as soon as
 * another replica writes to it or wake-ups may have been lost: the table is the truth.
 */
export interface RecentEvents extends Disposable {
  /**
   * To be called before a journal is begun which any replica may go on with: `begin` adds its first event once that is
   * committed, unless another replica has written more meanwhile. Disposed, it expects nothing more.
   */
  expect(executionId: string): ExpectedJournal;
  /** Events that were just committed, in order. */
  add(executionId: string, events: readonly JournalEvent[], bytes: number): void;
  /** What follows `after`; null where the events held do not reach back so far. */
  page(executionId: string, options: RecentEventsOptions): JournalPage | null;
}

export interface RecentEventsOptions {
  after: number;
  limit: number;
  types: readonly EventType[] | null;
  nodeKeys: readonly string[] | null;
}

export interface ExpectedJournal extends Disposable {
  begin(firstEvent: JournalEvent): void;
}

interface Held {
  events: JournalEvent[];
  bytes: number;
}

const MAX_BYTES = 32 * 1024 * 1024;
/** A journal that outgrows these is held from its latest event on; a follower that lags reads the database. */
const MAX_JOURNAL_BYTES = 4 * 1024 * 1024;
const MAX_JOURNAL_EVENTS = 2_000;

/**
 * Of executions that wait, in the queue or for something, which may do so for months: held for those who subscribe just
 * after the start.
 */
const MAX_WAITING = 100;
const waits: ReadonlySet<EventType> = new Set<EventType>(['ExecutionQueued', 'ExecutionWaiting']);

/** No LRU library: an entry grows in place, and the bound is the bytes of all entries together. */
export function makeRecentEvents(hub: Hub): RecentEvents {
  /** Least recently added to first. */
  const held = new Map<string, Held>();
  /** Those held that end with a wait, the longest wait first. */
  const waiting = new Set<string>();
  const expected = new Set<string>();
  let total = 0;

  const release = hub.listen('journal', undefined, (executionId, origin, lastSequence) => {
    if (executionId === undefined) {
      expected.clear();
      for (const id of [...held.keys()]) drop(id);
    } else if (origin === 'remote' && !reaches(executionId, lastSequence)) drop(executionId);
  });

  function reaches(executionId: string, sequence: number | undefined): boolean {
    return sequence !== undefined && (held.get(executionId)?.events.at(-1)?.sequence ?? 0) >= sequence;
  }

  function drop(executionId: string): void {
    expected.delete(executionId);
    total -= held.get(executionId)?.bytes ?? 0;
    held.delete(executionId);
    waiting.delete(executionId);
  }

  function add(executionId: string, events: readonly JournalEvent[], bytes: number): void {
    const former = held.get(executionId);
    drop(executionId);
    const goesOn = former?.events.at(-1)?.sequence === events[0]!.sequence - 1;
    const fits =
      goesOn && former!.events.length < MAX_JOURNAL_EVENTS && former!.bytes + bytes <= MAX_JOURNAL_BYTES;
    if (fits) former!.events.push(...events);
    const now = fits
      ? { events: former!.events, bytes: former!.bytes + bytes }
      : { events: [...events], bytes };
    held.set(executionId, now);
    total += now.bytes;
    if (waits.has(events.at(-1)!.type)) waiting.add(executionId);
    if (waiting.size > MAX_WAITING) drop(waiting.values().next().value!);
    for (const id of held.keys()) {
      if (total <= MAX_BYTES) break;
      drop(id);
    }
  }

  return {
    expect(executionId) {
      expected.add(executionId);
      return {
        begin: (firstEvent) => {
          if (expected.has(executionId)) add(executionId, [firstEvent], 0);
        },
        [Symbol.dispose]: () => void expected.delete(executionId),
      };
    },
    add,
    page(executionId, { after, limit, types, nodeKeys }) {
      const events = held.get(executionId)?.events;
      if (events === undefined || after < events[0]!.sequence - 1 || after > events.at(-1)!.sequence)
        return null;
      const scanned = events.slice(after - events[0]!.sequence + 1).slice(0, limit);
      const endSequence = scanned.at(-1)?.sequence ?? after;
      return {
        events: scanned.filter((event) => passes(event, types, nodeKeys)),
        endSequence,
        atEnd: endSequence === events.at(-1)!.sequence,
        exists: true,
      };
    },
    [Symbol.dispose]: release,
  };
}

/** As the database filters: events of the execution as a whole pass every node filter. */
function passes(
  event: JournalEvent,
  types: RecentEventsOptions['types'],
  nodeKeys: RecentEventsOptions['nodeKeys'],
): boolean {
  if (types !== null && !types.includes(event.type)) return false;
  if (nodeKeys === null || !('nodeKey' in event) || event.nodeKey === null) return true;
  return nodeKeys.includes(event.nodeKey);
}
