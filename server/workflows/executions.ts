import { Any } from 'typeorm';
import type { Database } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { newestFirst, toPage } from '../db/page.ts';
import { foldJournal } from '../engine/drive.ts';
import type { NodeRun, RunState } from '../engine/fold.ts';
import type { Appender } from '../journal/append.ts';
import { artifactsOf } from '../journal/artifacts.ts';
import { sequenceOfCursor } from '../journal/cursor.ts';
import {
  type Artifact,
  type EventType,
  type ExecutionStatus,
  hasEnded,
  type JournalEvent,
  type NodeError,
} from '../journal/event.ts';
import { type FollowedBatch, followJournal } from '../journal/follow.ts';
import type { Hub } from '../journal/hub.ts';
import { endOfJournal, readEvents } from '../journal/read.ts';
import type { Tail } from '../journal/tail.ts';
import { WeftError } from '../shared/errors.ts';
import { endable } from './endable.ts';
import { refuse, thereIsNo } from './refuse.ts';
import type { Execution, NodeExecution, Outcome, Page, PageRequest } from './types.ts';
import { followUpdates, type UpdateFilter } from './updates.ts';

export interface ExecutionDeps {
  database: Database;
  hub: Hub;
  tail: Tail;
  appender: Appender;
}

export type CancelMode = 'GRACEFUL' | 'FORCE';

/** A node hands out at most 100; the events have them all. */
const MAX_ARTIFACTS = 1_000;
/** As many as a workflow has nodes. */
const MAX_NODE_KEYS = 1_000;

/** Reading executions, following them, and cancelling them. Starting is in start.ts. */
export function makeExecutionUseCases({ database, hub, tail, appender }: ExecutionDeps) {
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

    /** Newest first; a cursor is an id. */
    async list(
      page: PageRequest,
      filter: { workflowId?: string | null; statuses?: readonly ExecutionStatus[] | null },
    ): Promise<Page<Execution>> {
      const { within, ...read } = newestFirst('id', page);
      const rows = await manager.find(ExecutionEntity, {
        where: {
          ...within,
          ...(filter.workflowId ? { workflowId: filter.workflowId } : {}),
          ...(filter.statuses ? { status: Any([...new Set(filter.statuses)]) } : {}),
        },
        ...read,
      });
      return toPage(rows.map(toExecution), page);
    },

    async nodeExecutions(id: string): Promise<NodeExecution[]> {
      return toNodeExecutions((await foldJournal(pool, id)).state);
    },

    /** Files that its nodes handed out, in order. */
    artifacts: (id: string): Promise<Artifact[]> => artifactsOf(pool, id, MAX_ARTIFACTS),

    /** From the first event on. @throws WeftError INVALID_CURSOR */
    async events(id: string, page: PageRequest): Promise<Page<JournalEvent>> {
      const cursor = page.cursor === null ? null : sequenceOfCursor(id, page.cursor);
      if (!page.isBackward) {
        const { events } = await readEvents(pool, id, { after: cursor ?? 0, limit: page.size + 1 });
        return toPage(events, page);
      }
      // Sequences have no gaps, so that the way back can be reckoned.
      const end = cursor ?? (await endOfJournal(pool, id)) + 1;
      const limit = Math.min(page.size + 1, end - 1);
      if (limit < 1) return toPage([], page);
      const { events } = await readEvents(pool, id, { after: end - 1 - limit, limit });
      return toPage(events.reverse(), page);
    },

    /** @throws WeftError NOT_FOUND, INVALID_CURSOR, BAD_USER_INPUT, at the first `next()` */
    follow(
      id: string,
      options: { after: string | null; types: EventType[] | null; nodeKeys: string[] | null },
    ): AsyncIterableIterator<FollowedBatch> {
      return endable(async function* (signal) {
        const after = options.after === null ? 0 : sequenceOfCursor(id, options.after);
        const types = distinct(options.types);
        const nodeKeys = distinct(options.nodeKeys);
        if (nodeKeys !== null && nodeKeys.length > MAX_NODE_KEYS) {
          throw new WeftError(
            'BAD_USER_INPUT',
            `Expected at most ${MAX_NODE_KEYS} \`nodeKeys\`, got ${nodeKeys.length}.`,
          );
        }
        yield* followJournal({ pool, hub, tail }, id, { after, types, nodeKeys, signal });
      });
    },

    updates: (filter: UpdateFilter) => followUpdates({ database, hub }, filter),

    /**
     * What runs is stopped by its worker; what no worker has begun is ended here. The journal's fence decides
     * between the two should both try.
     */
    async cancel(id: string, mode: CancelMode): Promise<Outcome<Execution>> {
      const row = await manager.findOneBy(ExecutionEntity, { id });
      if (row === null) return thereIsNo('execution', id);
      if (hasEnded(row.status)) {
        return refuse('ALREADY_ENDED', 'id', `Execution ${id} has ended already: it is ${row.status}.`);
      }
      await manager.update(ExecutionEntity, { id }, { cancelRequested: mode });
      hub.wake('cancel', id);
      if (row.status === 'QUEUED') {
        await appender
          .open(id, 1)
          .append([{ type: 'ExecutionCanceled' }])
          .catch((error) => {
            // A worker has begun it meanwhile, and has been told.
            if ((error as WeftError).code !== 'JOURNAL_FENCED') throw error;
          });
      }
      return { ok: true, value: (await get(id))! };
    },
  };
}

/** A filter is looked through for each event. */
function distinct<T>(filter: readonly T[] | null): T[] | null {
  return filter && [...new Set(filter)];
}

export function toExecution(row: ExecutionEntity): Execution {
  const {
    id,
    workflowId,
    versionNumber,
    input,
    output,
    retryOf,
    principal,
    createdAt,
    startedAt,
    finishedAt,
  } = row;
  return {
    id,
    status: row.status as ExecutionStatus,
    workflowId,
    versionNumber,
    input,
    output,
    error: row.error as NodeError | null,
    retryOf,
    principal,
    createdAt,
    startedAt,
    finishedAt,
  };
}

function toNodeExecutions(state: RunState): NodeExecution[] {
  return [...state.nodes].flatMap(([nodeKey, node]) =>
    [{ item: null, run: node }, ...itemsOf(node)].map(({ item, run }) => ({
      nodeKey,
      item,
      status: run.status,
      attempt: run.attempt,
      output: run.output ?? null,
      error: run.error,
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
    })),
  );
}

/** In the order of the list: those taken over from a former execution were heard of first. */
function itemsOf(node: NodeRun): { item: number; run: NodeRun }[] {
  return [...node.items].map(([item, run]) => ({ item, run })).sort((a, b) => a.item - b.item);
}
