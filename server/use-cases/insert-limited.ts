import type { Database, Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import {
  advanceLine,
  announce,
  type Limits,
  type Line,
  lockLines,
  type Moved,
  together,
} from '../engine/limits.ts';
import { insertWokenJobSql } from '../engine/queue.ts';
import type { Hub } from '../journal/hub.ts';
import type { LimitName } from '../nodes/limits.ts';
import { debounce } from './debounce.ts';
import { insertPlaced } from './insert-placed.ts';
import type { OwnLimits } from './limit-keys.ts';
import { refuse } from './refuse.ts';
import type { Outcome } from './types.ts';

export interface InsertLimitedDeps {
  database: Database;
  hub: Hub;
  limits: Limits;
}

/**
 * Commits an execution of a workflow with limits: in one transaction its row, its place in the limits, and its job where
 * they let it through at once. Gives the execution that it went into, where starts are debounced.
 */
export async function insertLimited(
  { database, hub, limits }: InsertLimitedDeps,
  row: ExecutionEntity,
  own: OwnLimits,
  files: readonly string[],
): Promise<Outcome<ExecutionEntity>> {
  try {
    const { id, moved, replaced } = await database.transaction(async (tx) => {
      const within = { ...own, concurrency: await ownSlot(tx, row, own.concurrency) };
      const { debounce: debounced } = within;
      if (debounced !== null) return debounce(tx, { row, own: within, debounce: debounced, files });
      return { id: row.id, ...(await admit(tx, row, within, files)) };
    });
    announce(hub, moved);
    for (const each of replaced) hub.wake('request', each);
    await limits.advance(moved.next);
    const inserted = await database.manager.findOneByOrFail(ExecutionEntity, { id });
    return { ok: true, value: inserted };
  } catch (error) {
    if (error instanceof Dropped) return refuse('CONCURRENCY_LIMIT', error.field, error.message);
    throw error;
  }
}

/**
 * An execution that a node waits for runs in the slot that its starter has of the same limit and key, however far up:
 * both would wait for one another else.
 */
async function ownSlot(
  tx: Tx,
  { workflowId, parentId, isAwaited }: ExecutionEntity,
  concurrency: OwnLimits['concurrency'],
): Promise<OwnLimits['concurrency']> {
  if (concurrency === null || parentId === null || !isAwaited) return concurrency;
  const [{ hasSlot }] = await tx.query(STARTER_HAS_SLOT, [parentId, workflowId, concurrency.key]);
  return hasSlot ? null : concurrency;
}

function linesOf(workflowId: string, own: OwnLimits): Line[] {
  const line = (limit: LimitName, limited: { key: string } | null) =>
    limited === null ? [] : [{ workflowId, limit, key: limited.key }];
  return [...line('CONCURRENCY', own.concurrency), ...line('RATE', own.rate)];
}

/** Lets it through where there is room; else it waits, is refused, or takes the place of another one. */
async function admit(
  tx: Tx,
  row: ExecutionEntity,
  own: OwnLimits,
  files: readonly string[],
): Promise<{ moved: Moved; replaced: string[] }> {
  const lines = linesOf(row.workflowId!, own);
  const [, , ...advanced] = await Promise.all([
    lockLines(tx, lines),
    insertPlaced(tx, row, own, files),
    ...lines.map((line) => advanceLine(tx, line)),
  ]);
  const { next, ...moved } = together(advanced);
  const isOwn = ({ limit, key }: Line) => lines.some((line) => line.limit === limit && line.key === key);
  const { concurrency } = own;
  const isHeldBack = concurrency !== null && advanced[0]!.told.includes(row.id);
  if (isHeldBack && concurrency.whenFull === 'DROP') throw new Dropped(concurrency);
  const replaced =
    isHeldBack && concurrency.whenFull === 'REPLACE'
      ? await replace(tx, row.id, row.workflowId!, concurrency)
      : [];
  return {
    moved: {
      ...moved,
      next: next.filter((line) => !isOwn(line)),
      hasJobs: moved.hasJobs || lines.length === 0,
    },
    replaced,
  };
}

/** Asks for the end of the oldest, so that no more of the key are left than may be. Gives their ids. */
async function replace(
  tx: Tx,
  id: string,
  workflowId: string,
  { key, max }: { key: string; max: number },
): Promise<string[]> {
  const rows = (await tx.query(REPLACE, [workflowId, key, id, max])) as { id: string }[];
  return rows.map((row) => row.id);
}

/** Ends the transaction of a start that its limit refuses. */
class Dropped extends Error {
  readonly field = 'input';

  constructor({ key, max }: { key: string; max: number }) {
    const of = key === 'null' ? '' : ` with the key ${key}`;
    super(
      `${max === 1 ? '1 execution' : `${max} executions`} of the workflow${of} ${max === 1 ? 'is' : 'are'} under way, which is as many as its \`concurrency\` allows, and \`whenFull: DROP\` refuses more. Start it again when one has ended.`,
    );
  }
}

const STARTER_HAS_SLOT = `
  WITH RECURSIVE starter AS (
    SELECT id, parent_id, is_awaited FROM executions WHERE id = $1
    UNION ALL
    SELECT e.id, e.parent_id, e.is_awaited FROM executions e JOIN starter ON e.id = starter.parent_id AND starter.is_awaited
  )
  SELECT EXISTS (
    SELECT FROM starter JOIN limited_executions l ON l.execution_id = starter.id
    WHERE l.workflow_id = $2 AND l.concurrency_key = $3 AND l.has_slot
  ) AS "hasSlot"`;

/** Those that no worker has get a job, whose worker ends them. */
const REPLACE = `
  WITH active AS (
    SELECT l.execution_id, l.number FROM limited_executions l JOIN executions e ON e.id = l.execution_id
    WHERE l.workflow_id = $1 AND l.concurrency_key = $2 AND l.execution_id <> $3
      AND (l.has_slot OR l.waits_for = 'CONCURRENCY') AND e.finished_at IS NULL AND e.cancel_requested IS NULL
  ), oldest AS (
    SELECT execution_id FROM active ORDER BY number LIMIT greatest(0, (SELECT count(*) FROM active) + 1 - $4::int)
  ), target AS (
    SELECT id, wake_at, priority FROM executions WHERE id IN (SELECT execution_id FROM oldest) ORDER BY id FOR UPDATE
  ), requested AS (
    UPDATE executions SET cancel_requested = 'GRACEFUL', replaced_by = $3, wake_at = NULL
    FROM target WHERE executions.id = target.id
  ), started AS (
    SELECT id, priority FROM target WHERE wake_at IS NOT NULL
  ), jobs AS (${insertWokenJobSql()})
  SELECT id FROM target`;
