import type { Pool } from 'pg';
import { PLACES_IN_QUEUE } from '../engine/queue.ts';
import type { LimitName } from '../nodes/limits.ts';

/** Why an execution has not begun. */
export interface WaitingFor {
  /** WORKERS: nothing but a worker with a free slot. */
  limit: LimitName | 'WORKERS';
  /** What the limit counts it under; null where it counts the whole workflow. */
  key: string | null;
  /** From 1, in the order in which they go on. */
  position: number;
  since: Date;
  /** When it goes on, where that is known. */
  until: Date | null;
}

/** Of each execution; null where it has begun or has ended. */
export async function readWaitingFor(pool: Pool, ids: readonly string[]): Promise<(WaitingFor | null)[]> {
  const { rows: held } = await pool.query<WaitingFor & { id: string }>(HELD_BACK, [ids]);
  const found = new Map(held.map(({ id, ...each }) => [id, { ...each, key: toText(each.key!) }]));
  const left = ids.filter((id) => !found.has(id));
  if (left.length > 0) {
    const { rows } = await pool.query<{ id: string; position: number; since: Date }>(PLACES_IN_QUEUE, [left]);
    for (const { id, position, since } of rows)
      found.set(id, { limit: 'WORKERS', key: null, position, since, until: null });
  }
  return ids.map((id) => found.get(id) ?? null);
}

/** Of the JSON text of a key's value. */
function toText(key: string): string | null {
  const value: unknown = JSON.parse(key);
  return value === null ? null : String(value);
}

const HELD_BACK = `
  SELECT l.execution_id AS id, l.waits_for AS "limit", l.queue_key AS "key", l.since, l.due_at AS "until",
         (SELECT count(*)::int FROM limited_executions o
          WHERE o.workflow_id = l.workflow_id AND o.waits_for = l.waits_for AND o.queue_key = l.queue_key
            AND (o.priority > l.priority OR (o.priority = l.priority AND o.number <= l.number))) AS position
  FROM limited_executions l WHERE l.execution_id = ANY ($1) AND l.waits_for IS NOT NULL`;
