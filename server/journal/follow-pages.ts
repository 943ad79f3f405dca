import type { Pool } from 'pg';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { WeftError } from '../shared/errors.ts';
import type { Acquire } from '../shared/semaphore.ts';
import { type EventType, isTerminal, terminalEventTypes } from './event.ts';
import type { Hub } from './hub.ts';
import { readEvents } from './read.ts';

/** A page of a journal, in whatever form it is read. */
export interface FollowedPage {
  /** Of the page's last event; undefined where it has none. */
  lastType: EventType | undefined;
  endSequence: number;
  atEnd: boolean;
  exists: boolean;
}

export interface FollowOptions {
  after: number;
  types: readonly EventType[] | null;
  nodeKeys: readonly string[] | null;
  /** Acquired for each page, from reading it until the consumer wants the next: for so long the page is in memory. */
  acquire: Acquire;
  signal: AbortSignal;
}

/** What a page is asked for. Terminal events end the stream whatever the filter, so they are always among `types`. */
export type PageFilter = Pick<FollowOptions, 'after' | 'types' | 'nodeKeys'>;

/**
 * The pages of a journal from a place in it, live, to the one with its terminal event. It pulls: a page is read when the
 * consumer wants it and has acquired its turn, so a slow consumer costs nothing but its own lag. A page without events
 * comes only where it is the first that reaches the end.
 *
 * @throws WeftError NOT_FOUND at the first `next()`
 */
export async function* followPages<P extends FollowedPage>(
  { pool, hub }: { pool: Pool; hub: Hub },
  executionId: string,
  options: FollowOptions,
  read: (filter: PageFilter) => Promise<P>,
): AsyncGenerator<P, void> {
  const { nodeKeys, signal } = options;
  const wakeUp = makeWakeUp(signal);
  const release = hub.listen('journal', executionId, (_id, _origin, lastSequence) => {
    if (lastSequence === undefined || lastSequence > after) wakeUp.wake();
  });
  const types = options.types && [...new Set([...options.types, ...terminalEventTypes])];
  let after = options.after;
  let hasCaughtUp = false;
  try {
    while (!signal.aborted) {
      const woken = wakeUp.next(); // cannot reject: it only resolves
      const { atEnd, ended } = yield* emitPage();
      if (ended) return;
      if (atEnd) await woken;
    }
  } finally {
    release();
  }

  async function* emitPage(): AsyncGenerator<P, { atEnd: boolean; ended: boolean }> {
    using _turn = await options.acquire(signal);
    if (signal.aborted) return OVER;
    const page = await whileConnected(() => read({ after, types, nodeKeys }), signal);
    if (page === null) return OVER;
    if (!page.exists) throw new WeftError('NOT_FOUND', `There is no execution ${executionId.slice(0, 100)}.`);
    const isNews = page.lastType !== undefined || hasCaughtUp || !page.atEnd;
    const lastType = isNews ? page.lastType : await typeOfEvent(page.endSequence);
    after = page.endSequence;
    if (page.lastType !== undefined || (page.atEnd && !hasCaughtUp)) yield page;
    hasCaughtUp ||= page.atEnd;
    return { atEnd: page.atEnd, ended: lastType !== undefined && isTerminal({ type: lastType }) };
  }

  /** A client that resumes from the cursor of the last event gets an end instead of waiting for ever. */
  async function typeOfEvent(sequence: number): Promise<EventType | undefined> {
    const place = { after: sequence - 1, limit: 1 };
    return (await whileConnected(() => readEvents(pool, executionId, place), signal))?.events[0]?.type;
  }
}

const OVER = { atEnd: true, ended: true };

/** Waits for a database that is unreachable; null when the consumer left meanwhile. */
async function whileConnected<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    const result = await retryWhileDisconnected(read, signal);
    return signal.aborted ? null : result;
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
