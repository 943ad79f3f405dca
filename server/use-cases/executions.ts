import { Any } from 'typeorm';
import type { Database } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { newestFirst, toPage } from '../db/page.ts';
import { type CancelMode, cancelExecution } from '../engine/cancel.ts';
import type { NodeRun, RunState } from '../engine/fold.ts';
import { foldJournal } from '../engine/fold-journal.ts';
import { dueAt, reasonOf, toWait } from '../engine/waits.ts';
import type { Appender } from '../journal/append.ts';
import { artifactsOf } from '../journal/artifacts.ts';
import { sequenceOfCursor } from '../journal/cursor.ts';
import { type Artifact, type EventType, hasEnded, type JournalEvent, type Wait } from '../journal/event.ts';
import { type FollowedBatch, followJournal, followLines } from '../journal/follow.ts';
import type { Hub } from '../journal/hub.ts';
import { endOfJournal, readEvents } from '../journal/read.ts';
import type { JournalLines } from '../journal/read-lines.ts';
import type { RecentEvents } from '../journal/recent-events.ts';
import { WeftError } from '../shared/errors.ts';
import { type Acquire, acquireAtOnce } from '../shared/semaphore.ts';
import { sizeOf } from '../shared/value-size.ts';
import { abortableGenerator } from './abortable-generator.ts';
import { type ExecutionFilter, whereOf } from './execution-filter.ts';
import { toExecution } from './execution-mapper.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Execution, ExecutionValues, NodeExecution, Outcome, Page, PageRequest } from './types.ts';
import { followUpdates, type UpdateFilter } from './updates.ts';
import { readWaitingFor, type WaitingFor } from './waiting-for.ts';

export interface ExecutionDeps {
  database: Database;
  hub: Hub;
  recentEvents: RecentEvents;
  appender: Appender;
}

/** A node saves at most 100 artifacts; the events have all of them. */
const MAX_ARTIFACTS = 1_000;
/** As many as a workflow has nodes. */
const MAX_NODE_KEYS = 1_000;

/** Reading executions, following them, and cancelling them. Starting is in start.ts. */
export function makeExecutionUseCases({ database, hub, recentEvents, appender }: ExecutionDeps) {
  const { manager, pool } = database;

  async function get(id: string): Promise<Execution | null> {
    const row = await manager.findOneBy(ExecutionEntity, { id });
    return row && toExecution(row);
  }

  return {
    get,

    async getMany(ids: readonly string[]): Promise<(Execution | null)[]> {
      const rows = await manager.findBy(ExecutionEntity, { id: Any([...ids]) });
      const byId = new Map(rows.map((row) => [row.id, toExecution(row)]));
      return ids.map((id) => byId.get(id) ?? null);
    },

    /** @param spend gets the bytes before they are read; it may throw */
    async getValues(ids: readonly string[], spend: (bytes: number) => void): Promise<ExecutionValues[]> {
      // One execution's values are never too much.
      if (ids.length > 1) {
        const { rows } = await pool.query<{ bytes: number }>(VALUE_BYTES, [ids]);
        spend(rows[0]!.bytes);
      }
      const { rows } = await pool.query<ExecutionValues & { id: string }>(VALUES, [ids]);
      const byId = new Map(rows.map(({ id, ...values }) => [id, values]));
      return ids.map((id) => byId.get(id) ?? { input: null, output: null });
    },

    /** Why they have not begun. */
    waitingFor: (ids: readonly string[]): Promise<(WaitingFor | null)[]> => readWaitingFor(pool, ids),

    /** Newest first; a cursor is an id. */
    async list(
      page: PageRequest,
      { parentId, ...filter }: ExecutionFilter & { parentId?: string },
    ): Promise<Page<Execution>> {
      const { within, ...read } = newestFirst('id', page);
      const rows = await manager.find(ExecutionEntity, {
        where: {
          ...within,
          ...(parentId ? { parentId } : {}),
          ...whereOf(filter),
        },
        ...read,
      });
      return toPage(rows.map(toExecution), page);
    },

    /** @param spend gets the bytes of each output as it is read, and may throw; outputs are null without it */
    async nodeExecutions(id: string, spend: ((bytes: number) => void) | null): Promise<NodeExecution[]> {
      const onOutput = (output: unknown) => {
        spend?.(sizeOf(output).bytes);
        return spend === null ? null : output;
      };
      return toNodeExecutions((await foldJournal(pool, id, onOutput)).state);
    },

    /** The files that the nodes saved, in order. */
    artifacts: (id: string): Promise<Artifact[]> => artifactsOf(pool, id, MAX_ARTIFACTS),

    /** From the first event on. @throws WeftError INVALID_CURSOR */
    async events(id: string, page: PageRequest): Promise<Page<JournalEvent>> {
      const cursor = page.cursor === null ? null : sequenceOfCursor(id, page.cursor);
      if (!page.isBackward) {
        const { events, atEnd } = await readEvents(pool, id, { after: cursor ?? 0, limit: page.size });
        return { items: events, hasNextPage: !atEnd, hasPreviousPage: cursor !== null };
      }
      // Sequences have no gaps, so the place to read backwards from is arithmetic.
      const end = cursor ?? (await endOfJournal(pool, id)) + 1;
      for (let limit = Math.min(page.size, end - 1); ; limit = Math.ceil(limit / 2)) {
        if (limit < 1) return { items: [], hasNextPage: cursor !== null, hasPreviousPage: false };
        const after = end - 1 - limit;
        const { events } = await readEvents(pool, id, { after, limit });
        // Large events come in smaller pages than requested, and a page read backwards needs the last events.
        if (events.length === limit)
          return { items: events, hasNextPage: cursor !== null, hasPreviousPage: after > 0 };
      }
    },

    /** Events as lines of JSON, a page at a time. @throws WeftError NOT_FOUND, INVALID_CURSOR, BAD_USER_INPUT, at the first `next()` */
    eventLines(id: string, options: EventsFrom & { isLive: boolean }): AsyncIterableIterator<JournalLines> {
      return abortableGenerator(async function* (signal) {
        const place = { ...placeOf(id, options), acquire: acquireAtOnce, signal };
        yield* followLines({ pool, hub }, id, { ...place, isLive: options.isLive });
      });
    },

    /** @throws WeftError NOT_FOUND, INVALID_CURSOR, BAD_USER_INPUT, at the first `next()` */
    follow(id: string, options: EventsFrom, acquire: Acquire): AsyncIterableIterator<FollowedBatch> {
      return abortableGenerator(async function* (signal) {
        const place = placeOf(id, options);
        yield* followJournal({ pool, hub, recentEvents }, id, { ...place, acquire, signal });
      });
    },

    updates: (filter: UpdateFilter, acquire: Acquire) => followUpdates({ database, hub }, filter, acquire),

    async cancel(id: string, mode: CancelMode): Promise<Outcome<Execution>> {
      const row = await manager.findOneBy(ExecutionEntity, { id });
      if (row === null) return refuseNotFound('execution', id);
      if (hasEnded(row.status)) {
        return refuse('ALREADY_ENDED', 'id', `Execution ${id} has ended already: it is ${row.status}.`);
      }
      await cancelExecution({ pool, appender, hub }, id, mode);
      return { ok: true, value: (await get(id))! };
    },
  };
}

/** Which events of an execution, from a cursor on. */
export interface EventsFrom {
  after: string | null;
  types: EventType[] | null;
  nodeKeys: string[] | null;
}

/** @throws WeftError INVALID_CURSOR, BAD_USER_INPUT */
function placeOf(id: string, options: EventsFrom) {
  const after = options.after === null ? 0 : sequenceOfCursor(id, options.after);
  const types = distinct(options.types);
  const nodeKeys = distinct(options.nodeKeys);
  if (nodeKeys !== null && nodeKeys.length > MAX_NODE_KEYS) {
    throw new WeftError(
      'BAD_USER_INPUT',
      `Expected at most ${MAX_NODE_KEYS} \`nodeKeys\`, got ${nodeKeys.length}.`,
    );
  }
  return { after, types, nodeKeys };
}

/** The filter is searched for each event. */
function distinct<T>(filter: readonly T[] | null): T[] | null {
  return filter && [...new Set(filter)];
}

const VALUES = 'SELECT id, input, output FROM executions WHERE id = ANY ($1)';
const VALUE_BYTES = `
  SELECT coalesce(sum(coalesce(octet_length(input::text), 0) + coalesce(octet_length(output::text), 0)), 0)::float8 AS bytes
  FROM executions WHERE id = ANY ($1)`;

function toNodeExecutions(state: RunState): NodeExecution[] {
  return [...state.nodes].flatMap(([nodeKey, node]) =>
    [{ item: null, run: node }, ...itemsOf(node)].map(({ item, run }) => ({
      nodeKey,
      item,
      status: run.status,
      attempt: run.attempt,
      output: run.output ?? null,
      handle: run.handle,
      error: run.error,
      because: run.because,
      pinned: run.pinned,
      isLeftOut: run.isLeftOut,
      wait: run.status === 'WAITING' ? waitOf(run) : null,
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
    })),
  );
}

function waitOf(run: NodeRun): Wait {
  return toWait({ at: dueAt(run), reason: reasonOf(run) });
}

/** In the order of the list: the journal has the reused items first. */
function itemsOf(node: NodeRun): { item: number; run: NodeRun }[] {
  return [...node.items].map(([item, run]) => ({ item, run })).sort((a, b) => a.item - b.item);
}
