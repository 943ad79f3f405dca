import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pool } from 'pg';
import { isDuplicate } from '../db/errors.ts';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { WeftError } from '../shared/errors.ts';
import { newId } from '../shared/ids.ts';
import { type EventRow, insertEvents, writerOf } from './append-sql.ts';
import { type EventBody, isTerminal, type JournalEvent } from './event.ts';
import type { Hub } from './hub.ts';
import { projectionOf } from './projection.ts';
import type { RecentEvents } from './recent-events.ts';

/**
 * Group commit for every journal this process writes. While one insert is on its way, appends gather; the next
 * insert takes them all. One commit's latency is thus shared by whatever happens at the same time, in one
 * execution or in many.
 *
 *   append() → waiting[] → flush loop → one INSERT → promises resolve → hub wakes the subscribers
 *
 * The key (execution_id, seq) is the fence. A duplicate means that another writer has the execution: its journal
 * handle is lost and every append on it rejects. A database that is away is waited for, with the appends kept
 * in order; an insert whose answer was lost is recognised by its `writer` when it is repeated.
 */
export interface Appender extends AsyncDisposable {
  /**
   * The handle for one execution, whose journal ends at `sequence`. At most one at a time per execution.
   * @param begun what is appended waits for it, and is lost where it rejects
   */
  open(executionId: string, sequence: number, begun?: Promise<unknown>): JournalWriter;
}

export interface JournalWriter {
  /** Of the last event appended, committed or not. */
  readonly sequence: number;
  /** Aborted when nothing more can be written, by JOURNAL_FENCED when another writer took the execution over. */
  readonly lost: AbortSignal;
  /** Bytes appended and not yet committed; what a producer looks at to slow down. */
  readonly pendingBytes: number;
  /**
   * Resolves when all the events are committed, together.
   * @param patienceMs so long they may wait for others to be committed with, milliseconds (default 0)
   * @throws WeftError JOURNAL_FENCED
   */
  append(events: readonly EventBody[], patienceMs?: number): Promise<void>;
}

const BEGUN = Promise.resolve();

/** One insert takes at most this much; more only makes its readers wait longer for the first of it. */
const MAX_ROWS = 2_000;
const MAX_BYTES = 4 * 1024 * 1024;

interface Entry {
  journal: OpenJournal;
  rows: EventRow[];
  /** The same events as a reader gets them. */
  told: JournalEvent[];
  bytes: number;
  committed: PromiseWithResolvers<void>;
}

interface OpenJournal extends JournalWriter {
  sequence: number;
  pendingBytes: number;
  executionId: string;
  /** Of this handle alone: the same process may hold the execution again later, and that is another writer. */
  writer: string;
  fence: AbortController;
}

export function makeAppender(deps: { pool: Pool; hub: Hub; recentEvents: RecentEvents }): Appender {
  let waiting: Entry[] = [];
  let flushing: Promise<void> | null = null;
  let patience: NodeJS.Timeout | undefined;
  const closing = new AbortController();

  function open(executionId: string, sequence: number, begun: Promise<unknown> = BEGUN): JournalWriter {
    const fence = new AbortController();
    const journal: OpenJournal = {
      executionId,
      writer: newId('wrk'),
      sequence,
      fence,
      lost: fence.signal,
      pendingBytes: 0,
      append: (events, patienceMs = 0) => {
        if (fence.signal.aborted) return Promise.reject(fence.signal.reason);
        if (events.length === 0) return Promise.resolve();
        const rows = events.map((event) => toRow(journal, ++journal.sequence, event));
        const told = events.map((event, index) => toJournalEvent(executionId, rows[index]!, event));
        const bytes = rows.reduce((sum, row) => sum + row.payload.length, 0);
        const entry: Entry = { journal, rows, told, bytes, committed: Promise.withResolvers() };
        journal.pendingBytes += bytes;
        begun.then(
          () => enqueue(entry, patienceMs),
          (error) => lose(entry, error),
        );
        return entry.committed.promise;
      },
    };
    return journal;
  }

  function enqueue(entry: Entry, patienceMs: number): void {
    waiting.push(entry);
    if (patienceMs === 0) flushSoon();
    else patience ??= setTimeout(flushSoon, patienceMs);
  }

  function flushSoon(): void {
    clearTimeout(patience);
    patience = undefined;
    flushing ??= Promise.resolve().then(flushAll);
  }

  async function flushAll(): Promise<void> {
    while (waiting.length > 0) await commit(takeGroup());
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
    // Lost with an entry before it in the same group.
    for (const entry of group) if (entry.journal.lost.aborted) refuse(entry, entry.journal.lost.reason);
    if (live.length === 0) return;
    try {
      await retryWhileDisconnected(
        () =>
          insertEvents(
            deps.pool,
            live.flatMap(({ rows }) => rows),
          ),
        closing.signal,
      );
      for (const entry of live) settle(entry);
      void announce(live);
    } catch (error) {
      if (live.length > 1) {
        // One fenced or refused journal must not take its neighbours down with it.
        for (const entry of live) await commit([entry]);
      } else {
        await settleFailure(live[0]!, error);
      }
    }
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
      void announce([entry]);
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

  /** The journal can no longer be dense: nothing may be written after an event that was not. */
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

  /** A turn later: what tells of the events, and serialises them, waits for the run that goes on from them. None does from its end. */
  async function announce(entries: Entry[]): Promise<void> {
    if (!entries.some(({ told }) => isTerminal(told.at(-1)!))) await nextTurn();
    for (const { journal, rows, told, bytes } of entries) {
      deps.recentEvents.add(journal.executionId, told, bytes);
      deps.hub.wake('journal', journal.executionId);
      if (rows.some(({ projection }) => projection !== null)) deps.hub.wake('status', journal.executionId);
      if (rows.some(({ type }) => type === 'SecurityViolation'))
        deps.hub.wake('violation', journal.executionId);
    }
  }

  return {
    open,
    async [Symbol.asyncDispose]() {
      closing.abort();
      flushSoon();
      await flushing;
      await nextTurn();
    },
  };
}

function toJournalEvent(executionId: string, row: EventRow, event: EventBody): JournalEvent {
  const { seq: sequence, nodeKey, attempt, item, occurredAt } = row;
  return { ...event, executionId, sequence, nodeKey, attempt, item, occurredAt } as JournalEvent;
}

function toRow({ executionId, writer }: OpenJournal, seq: number, event: EventBody): EventRow {
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
  return {
    executionId,
    seq,
    type,
    nodeKey,
    attempt,
    item,
    payload: JSON.stringify(payload),
    occurredAt: new Date(),
    writer,
    projection: projectionOf(event),
  };
}
