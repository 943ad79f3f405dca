import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pool } from 'pg';
import { isDuplicate } from '../db/errors.ts';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { channels } from '../shared/channels.ts';
import { WeftError } from '../shared/errors.ts';
import { newId } from '../shared/ids.ts';
import { type EventRow, insertEvents, writerOf } from './append-sql.ts';
import { type EventBody, type EventType, isTerminal, type JournalEvent } from './event.ts';
import type { Hub } from './hub.ts';
import { type ExecutionProjection, projectionOf } from './projection.ts';
import type { RecentEvents } from './recent-events.ts';

/**
 * Group commit for every journal that this process writes. While one insert is on its way, appends gather; the next
 * insert writes all of them. So whatever happens at the same time shares one commit's latency, in one execution or
 * in many.
 *
 *   append() → waiting[] → flush loop → one INSERT → promises resolve → hub wakes the subscribers
 *
 * The key (execution_id, seq) is the fence. A duplicate means that another writer has the execution: the journal handle
 * is lost and every append on it rejects. While the database is unreachable, appends wait in order; a repeated insert
 * whose first answer was lost is recognised by its `writer`.
 */
export interface Appender extends AsyncDisposable {
  /**
   * A handle for one execution, whose journal ends at `sequence`. At most one at a time per execution.
   * `onCommitted` gets what was committed, in order; like subscribers, where the execution does not wait for it.
   */
  open(executionId: string, sequence: number, onCommitted?: OnCommitted): JournalWriter;
}

export type OnCommitted = (events: readonly JournalEvent[]) => void;

export interface JournalWriter {
  /** Aborts when nothing more can be written, with JOURNAL_FENCED when another writer has the execution. */
  readonly lost: AbortSignal;
  /** Bytes appended and not yet committed. A producer that looks at it can slow down. */
  readonly pendingBytes: number;
  /** Of the last event appended, committed or not. */
  readonly sequence: number;
  /**
   * Resolves when all the events are committed, together.
   * @throws WeftError JOURNAL_FENCED
   */
  append(events: readonly EventBody[]): Promise<void>;
}

/** The most that one insert writes; more would only delay the first of its events for every reader. */
const MAX_ROWS = 2_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** What the feed of changes has beside the changes of status and the violations. */
const othersFollow: ReadonlySet<string> = new Set<EventType>(['NodeWaiting', 'NodeResumed', 'SecurityAlert']);

interface Entry {
  journal: OpenJournal;
  rows: EventRow[];
  /** The same events as a reader gets them. */
  events: JournalEvent[];
  bytes: number;
  committed: PromiseWithResolvers<void>;
}

interface OpenJournal extends JournalWriter {
  sequence: number;
  pendingBytes: number;
  executionId: string;
  /** Of this handle alone: where the same process opens the execution again later, it is another writer. */
  writer: string;
  fence: AbortController;
  /** Written by this handle, and not yet counted for the project. */
  uncountedBytes: number;
  onCommitted: OnCommitted | undefined;
}

export function makeAppender(deps: { pool: Pool; hub: Hub; recentEvents: RecentEvents }): Appender {
  let waiting: Entry[] = [];
  /** In order, until subscribers are woken. */
  let committed: Entry[] = [];
  let flushing: Promise<void> | null = null;
  const closing = new AbortController();

  function open(executionId: string, sequence: number, onCommitted?: OnCommitted): JournalWriter {
    const fence = new AbortController();
    const journal: OpenJournal = {
      executionId,
      writer: newId('wrk'),
      sequence,
      fence,
      onCommitted,
      lost: fence.signal,
      pendingBytes: 0,
      uncountedBytes: 0,
      append: (events) => {
        if (fence.signal.aborted) return Promise.reject(fence.signal.reason);
        if (events.length === 0) return Promise.resolve();
        const rows = events.map((event) => toRow(journal, ++journal.sequence, event));
        const bytes = rows.reduce((sum, row) => sum + row.payload.length, 0);
        const entry: Entry = {
          journal,
          rows,
          events: events.map((event, index) => toJournalEvent(executionId, rows[index]!, event)),
          bytes,
          committed: Promise.withResolvers(),
        };
        journal.pendingBytes += bytes;
        waiting.push(entry);
        flushSoon();
        return entry.committed.promise;
      },
    };
    return journal;
  }

  /** A turn later: what a node that starts and ends within the turn has to append goes along. */
  function flushSoon(): void {
    flushing ??= nextTurn().then(flushAll);
  }

  /** Never rejects. */
  async function flushAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = takeGroup();
      try {
        await commit(group);
      } catch (error) {
        for (const entry of group) lose(entry, error);
      }
    }
    flushing = null;
  }

  function takeGroup(): Entry[] {
    let rows = 0;
    let bytes = 0;
    const end = waiting.findIndex((entry, index) => {
      rows += entry.rows.length;
      bytes += entry.bytes;
      return index > 0 && (rows > MAX_ROWS || bytes > MAX_BYTES);
    });
    const group = end < 0 ? waiting : waiting.slice(0, end);
    waiting = end < 0 ? [] : waiting.slice(end);
    return group;
  }

  async function commit(group: Entry[]): Promise<void> {
    const live = group.filter((entry) => !entry.journal.lost.aborted);
    // The journal was lost with an earlier entry.
    for (const entry of group) if (entry.journal.lost.aborted) refuse(entry, entry.journal.lost.reason);
    if (live.length === 0) return;
    const startedAt = performance.now();
    try {
      await retryWhileDisconnected(
        () =>
          insertEvents(
            deps.pool,
            live.flatMap(({ rows }) => rows),
          ),
        closing.signal,
      );
    } catch (error) {
      // One journal that is fenced or refused must not fail its neighbours.
      if (live.length > 1) for (const entry of live) await commit([entry]);
      else await settleFailure(live[0]!, error);
      return;
    }
    if (channels.commit.hasSubscribers)
      channels.commit.publish({
        types: live.flatMap(({ events }) => events.map(({ type }) => type)),
        tookMs: performance.now() - startedAt,
      });
    for (const entry of live) settle(entry);
    announceSoon(live);
  }

  async function settleFailure(entry: Entry, error: unknown): Promise<void> {
    const { journal, rows } = entry;
    if (!isDuplicate(error)) return lose(entry, error);
    const last = rows.at(-1)!;
    const writer = await retryWhileDisconnected(
      () => writerOf(deps.pool, journal.executionId, last.seq),
      closing.signal,
    ).catch(() => undefined);
    if (writer === journal.writer) {
      settle(entry);
      announceSoon([entry]);
    } else {
      lose(
        entry,
        new WeftError(
          'JOURNAL_FENCED',
          `Execution ${journal.executionId} was taken over by another worker.`,
          { cause: error },
        ),
      );
    }
  }

  function settle(entry: Entry): void {
    entry.journal.pendingBytes -= entry.bytes;
    entry.committed.resolve();
  }

  /** A journal is dense: after an event that could not be written, no other can be. */
  function lose(entry: Entry, error: unknown): void {
    entry.journal.fence.abort(error);
    for (const other of [entry, ...waiting.filter(({ journal }) => journal === entry.journal)])
      refuse(other, error);
    waiting = waiting.filter(({ journal }) => journal !== entry.journal);
  }

  function refuse({ committed }: Entry, error: unknown): void {
    committed.promise.catch(() => {});
    committed.reject(error);
  }

  /**
   * Subscribers are woken one turn of the event loop later, because serialising events for them would delay the run that
   * goes on from this commit. No run goes on from a terminal event, so that wakes them at once.
   */
  function announceSoon(entries: readonly Entry[]): void {
    committed.push(...entries);
    if (entries.some(({ events }) => isTerminal(events.at(-1)!))) announce();
    else setImmediate(announce);
  }

  function announce(): void {
    const entries = committed;
    committed = [];
    for (const { journal, rows, events, bytes } of entries) {
      deps.recentEvents.add(journal.executionId, events, bytes);
      journal.onCommitted?.(events);
      deps.hub.wake('journal', journal.executionId);
      if (rows.some(({ projection }) => projection !== null)) deps.hub.wake('status', journal.executionId);
      if (rows.some(({ type }) => type === 'SecurityViolation'))
        deps.hub.wake('violation', journal.executionId);
      if (rows.some(({ type }) => othersFollow.has(type))) deps.hub.wake('change', '');
    }
  }

  return {
    open,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await flushing;
      await nextTurn();
    },
  };
}

function toJournalEvent(executionId: string, row: EventRow, event: EventBody): JournalEvent {
  const { seq: sequence, nodeKey, attempt, item, occurredAt } = row;
  return { ...event, executionId, sequence, nodeKey, attempt, item, occurredAt } as JournalEvent;
}

/** Of an event beside its JSON: its other columns, and its entry in the index. */
const EVENT_BYTES = 200;

/** What a handle that is lost has not counted yet is never counted: at most what it wrote since a wait. */
function countedAt(journal: OpenJournal, payload: string, projection: ExecutionProjection | null): number {
  journal.uncountedBytes += Buffer.byteLength(payload) + EVENT_BYTES;
  if (projection === null || !(projection.finished || projection.wait !== null)) return 0;
  const counted = journal.uncountedBytes;
  journal.uncountedBytes = 0;
  return counted;
}

function toRow(journal: OpenJournal, seq: number, event: EventBody): EventRow {
  const { executionId, writer } = journal;
  const {
    type,
    nodeKey = null,
    attempt = null,
    item = null,
    ...payload
  } = event as EventBody & {
    nodeKey?: string;
    attempt?: number;
    item?: number | null;
  };
  const projection = projectionOf(event);
  const text = JSON.stringify(payload);
  return {
    executionId,
    seq,
    type,
    nodeKey,
    attempt,
    item,
    payload: text,
    occurredAt: new Date(),
    writer,
    projection,
    storedBytes: countedAt(journal, text, projection),
  };
}
