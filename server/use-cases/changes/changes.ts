import type { Pool } from 'pg';
import { retryWhileDisconnected } from '../../db/retry-while-disconnected.ts';
import type { Acquire } from '../../shared/semaphore.ts';
import { abortableGenerator } from '../abortable-generator.ts';
import type { ChangeBatch, ChangeFilter } from './change.ts';
import { type Place, placeOfChangeCursor, toChangeCursor } from './change-cursor.ts';
import type { ChangeTail } from './change-tail.ts';
import { type ChangePage, placeAt, placeOf, readChanges, readHorizon, START } from './read-changes.ts';

export interface ChangeDeps {
  pool: Pool;
  tail: ChangeTail;
  /** Of the feed: see `openFeed`. */
  feedId: string;
  /** How old a change may be that is read, days. */
  days: number;
}

/** How many changes a subscriber gets at once. */
const BATCH = 500;
/** Pages that one request reads before it answers with what it has found. */
const MAX_PAGES = 20;
/** A subscriber that gets no change gets a new cursor so often, before the one that it has is too old; milliseconds. */
const NEW_CURSOR_MS = 5 * 60_000;

/**
 * What happens to all executions, in one order and without a gap: the same for every client of every replica. It is read
 * from the journals, which hold it anyway; see read-changes.ts.
 */
export function makeChangeUseCases({ pool, tail, feedId, days }: ChangeDeps) {
  return {
    /**
     * At most `size` changes after a cursor; `oldest` is before all that are kept, `newest` after all. A batch may be
     * empty and not at the end, where much is there that the filter does not want.
     * @throws WeftError INVALID_CURSOR, CURSOR_EXPIRED
     */
    async list(after: string, size: number, filter: ChangeFilter): Promise<ChangeBatch> {
      const since = oldest();
      const place = await placeOfCursor(after, since);
      for (let page = 1, from = place; ; page += 1) {
        const read = await readChanges(pool, from, filter, size);
        if (read.changes.length > 0 || read.atEnd || page === MAX_PAGES) return toBatch(read);
        from = read.end;
      }
    },

    /**
     * Changes after a cursor, and then each as it comes. The first batch that reaches the end is always emitted, so that
     * there is a cursor to go on from.
     * @throws WeftError INVALID_CURSOR, CURSOR_EXPIRED, at the first `next()`
     */
    follow: (after: string, filter: ChangeFilter, acquire: Acquire): AsyncIterableIterator<ChangeBatch> =>
      abortableGenerator((signal) => follow(after, filter, acquire, signal)),
  };

  async function* follow(
    after: string,
    filter: ChangeFilter,
    acquire: Acquire,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeBatch, void> {
    let place: Place | null = null;
    let emittedAt: number | null = null;
    let wake = Promise.withResolvers<void>();
    const release = tail.listen(({ horizon, newest }) => {
      const hasMore = place === null || (newest >= place.txid && horizon > place.txid);
      if (hasMore || isCursorOld()) wake.resolve();
    });
    signal.addEventListener('abort', () => wake.resolve(), { once: true });
    try {
      place = await whileConnected(() => placeOfCursor(after, oldest()));
      while (place !== null && !signal.aborted) {
        wake = Promise.withResolvers();
        if (yield* emitPage(place)) await wake.promise;
      }
    } finally {
      release();
    }

    /** True where it reached the end. */
    async function* emitPage(from: Place): AsyncGenerator<ChangeBatch, boolean> {
      using _turn = await acquire(signal);
      if (signal.aborted) return true;
      const page = await whileConnected(() => readChanges(pool, from, filter, BATCH));
      if (page === null) return true;
      place = page.end;
      if (page.changes.length > 0 || (page.atEnd && (emittedAt === null || isCursorOld()))) {
        emittedAt = Date.now();
        yield toBatch(page);
      }
      return page.atEnd;
    }

    function isCursorOld(): boolean {
      return emittedAt !== null && Date.now() - emittedAt > NEW_CURSOR_MS;
    }

    /** Null when the consumer left meanwhile. */
    async function whileConnected<T>(read: () => Promise<T>): Promise<T | null> {
      try {
        return await retryWhileDisconnected(read, signal);
      } catch (error) {
        if (signal.aborted) return null;
        throw error;
      }
    }
  }

  function oldest(): Date {
    return new Date(Date.now() - days * 24 * 60 * 60 * 1_000);
  }

  async function placeOfCursor(cursor: string, since: Date): Promise<Place> {
    if (cursor === 'oldest') return placeAt(pool, since);
    if (cursor !== 'newest') return placeOfChangeCursor(feedId, since, cursor);
    const { horizon, now } = await readHorizon(pool);
    return { ...START, txid: horizon, at: now };
  }

  function toBatch({ changes, end, atEnd }: ChangePage): ChangeBatch {
    return {
      changes: changes.map(({ txid, ...change }) => ({
        ...change,
        cursor: toChangeCursor(feedId, placeOf({ txid, ...change })),
      })),
      endCursor: toChangeCursor(feedId, end),
      caughtUp: atEnd,
    };
  }
}
