import type { Pool } from 'pg';
import { channels } from '../shared/channels.ts';
import type { JournalEvent } from './event.ts';
import { type FollowOptions, followPages } from './follow-pages.ts';
import type { Hub } from './hub.ts';
import { readEvents } from './read.ts';
import { type JournalLines, readLines } from './read-lines.ts';
import type { RecentEvents } from './recent-events.ts';

export interface FollowedBatch {
  events: JournalEvent[];
  endSequence: number;
  caughtUp: boolean;
}

/** Large enough that a long journal is read near the database's own speed, small enough to hold in memory. */
const BATCH_EVENTS = 1_000;

/**
 * An execution's events from a place in its journal, live, to the terminal one. The first batch that reaches the
 * journal's end is always emitted, even when empty, so that the consumer knows that it has caught up.
 *
 * @throws WeftError NOT_FOUND at the first `next()`
 */
export async function* followJournal(
  deps: { pool: Pool; hub: Hub; recentEvents: RecentEvents },
  executionId: string,
  options: FollowOptions,
): AsyncGenerator<FollowedBatch, void> {
  const pages = followPages(deps, executionId, options, async (filter) => {
    const wanted = { ...filter, limit: BATCH_EVENTS };
    const page =
      deps.recentEvents.page(executionId, wanted) ?? (await readEvents(deps.pool, executionId, wanted));
    return { ...page, lastType: page.events.at(-1)?.type };
  });
  let hasCaughtUp = false;
  for await (const { events: found, endSequence, atEnd } of pages) {
    const events = found.filter(({ type }) => options.types?.includes(type) ?? true);
    // Of what has come since: what a subscriber reads first may be old.
    if (channels.delivery.hasSubscribers && hasCaughtUp && events.length > 0)
      channels.delivery.publish({ lagMs: Date.now() - events.at(-1)!.occurredAt.getTime() });
    if (events.length > 0 || (atEnd && !hasCaughtUp)) yield { events, endSequence, caughtUp: atEnd };
    hasCaughtUp ||= atEnd;
  }
}

/**
 * The same as lines of JSON, a page at a time and from the table alone. It ends with the execution, and unless it is to
 * be live, at the end of the journal.
 *
 * @throws WeftError NOT_FOUND, INVALID_CURSOR, at the first `next()`
 */
export async function* followLines(
  deps: { pool: Pool; hub: Hub },
  executionId: string,
  { isLive, ...options }: FollowOptions & { isLive: boolean },
): AsyncGenerator<JournalLines, void> {
  const pages = followPages(deps, executionId, options, (filter) =>
    readLines(deps.pool, executionId, filter, options.types),
  );
  for await (const page of pages) {
    yield page;
    if (page.atEnd && !isLive) return;
  }
}
