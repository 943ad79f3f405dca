import type { Pool } from 'pg';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { WeftError } from '../shared/errors.ts';
import type { Acquire } from '../shared/semaphore.ts';
import { type EventType, isTerminal, type JournalEvent, terminalEventTypes } from './event.ts';
import type { Hub } from './hub.ts';
import { type JournalPage, readEvents } from './read.ts';
import type { RecentEvents } from './recent-events.ts';

export interface FollowOptions {
  after: number;
  types: readonly EventType[] | null;
  nodeKeys: readonly string[] | null;
  /** Acquired for each page, from reading it until the consumer wants the next: for so long the page is in memory. */
  acquire: Acquire;
  signal: AbortSignal;
}

export interface FollowedBatch {
  events: JournalEvent[];
  endSequence: number;
  caughtUp: boolean;
}

/** Large enough that a long journal is read near the database's own speed, small enough to hold in memory. */
const BATCH_EVENTS = 1_000;

/**
 * An execution's events from a place in its journal, live, to the terminal one. It pulls: a page is read when the
 * consumer wants it and has acquired its turn, so a slow consumer costs nothing but its own lag. The first batch that
 * reaches the journal's end is always emitted, even when empty, so that the consumer knows that it has caught up.
 *
 * @throws WeftError NOT_FOUND at the first `next()`
 */
export async function* followJournal(
  deps: { pool: Pool; hub: Hub; recentEvents: RecentEvents },
  executionId: string,
  options: FollowOptions,
): AsyncGenerator<FollowedBatch, void> {
  const wakeUp = makeWakeUp(options.signal);
  const release = deps.hub.listen('journal', executionId, (_id, _origin, lastSequence) => {
    if (lastSequence === undefined || lastSequence > after) wakeUp.wake();
  });
  // Terminal events end the stream whatever the filter.
  const types = options.types && [...new Set([...options.types, ...terminalEventTypes])];
  let after = options.after;
  let hasCaughtUp = false;
  try {
    while (!options.signal.aborted) {
      const woken = wakeUp.next(); // cannot reject: it only resolves
      const { atEnd, ended } = yield* emitPage();
      if (ended) return;
      if (atEnd) await woken;
    }
  } finally {
    release();
  }

  async function* emitPage(): AsyncGenerator<FollowedBatch, { atEnd: boolean; ended: boolean }> {
    using _turn = await options.acquire(options.signal);
    if (options.signal.aborted) return OVER;
    const page =
      deps.recentEvents.page(executionId, {
        after,
        limit: BATCH_EVENTS,
        types,
        nodeKeys: options.nodeKeys,
      }) ?? (await read(deps.pool, executionId, { ...options, after, types }));
    if (page === null) return OVER;
    if (!page.exists) throw new WeftError('NOT_FOUND', `There is no execution ${executionId.slice(0, 100)}.`);
    const events = page.events.filter((event) => options.types?.includes(event.type) ?? true);
    const isNews = page.events.length > 0 || hasCaughtUp || !page.atEnd;
    const last = isNews ? page.events.at(-1) : await readEvent(deps, executionId, page.endSequence, options);
    after = page.endSequence;
    if (events.length > 0 || (page.atEnd && !hasCaughtUp)) {
      yield { events, endSequence: after, caughtUp: page.atEnd };
      hasCaughtUp ||= page.atEnd;
    }
    return { atEnd: page.atEnd, ended: last !== undefined && isTerminal(last) };
  }
}

const OVER = { atEnd: true, ended: true };

/** A client that resumes from the cursor of the last event gets an end instead of waiting for ever. */
async function readEvent(
  { pool }: { pool: Pool },
  executionId: string,
  sequence: number,
  options: FollowOptions,
): Promise<JournalEvent | undefined> {
  const place = { ...options, after: sequence - 1, types: null, nodeKeys: null };
  return (await read(pool, executionId, place))?.events[0];
}

/** Waits for a database that is unreachable; null when the consumer left meanwhile. */
async function read(
  pool: Pool,
  executionId: string,
  { after, types, nodeKeys, signal }: FollowOptions,
): Promise<JournalPage | null> {
  try {
    const page = await retryWhileDisconnected(
      () => readEvents(pool, executionId, { after, limit: BATCH_EVENTS, types, nodeKeys }),
      signal,
    );
    return signal.aborted ? null : page;
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

/** A wake-up between reading and waiting is not lost: `next()` is called before the read. */
function makeWakeUp(signal: AbortSignal) {
  let current = Promise.withResolvers<void>();
  const wake = () => {
    current.resolve();
    current = Promise.withResolvers();
  };
  signal.addEventListener('abort', wake, { once: true });
  return { wake, next: () => current.promise };
}
