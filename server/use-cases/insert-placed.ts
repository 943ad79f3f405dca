import type { Tx } from '../db/database.ts';
import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { insertWokenJobSql } from '../engine/queue.ts';
import { insertRowSql, partsOf, type RowParts, rowValues } from './insert-sql.ts';
import type { OwnLimits } from './limit-keys.ts';

/** Inserts it at the first of its limits. @param dueMs of a debounce: in how long it goes on */
export async function insertPlaced(
  tx: Tx,
  row: ExecutionEntity,
  { debounce: debounced, concurrency, rate }: OwnLimits,
  files: readonly string[],
  dueMs = 0,
): Promise<void> {
  const parts = partsOf(row, files);
  const first = debounced ? 'DEBOUNCE' : concurrency ? 'CONCURRENCY' : rate ? 'RATE' : null;
  const limit = first === null ? unlimitedSql(parts) : placedSql(parts);
  const place = [
    first,
    debounced?.key ?? concurrency?.key ?? rate?.key,
    debounced?.key ?? null,
    concurrency?.key ?? null,
    rate?.key ?? null,
    dueMs,
  ];
  await tx.query(limit, [
    ...(first === null ? [] : place),
    ...rowValues(row),
    ...(parts.usesFiles ? [files] : []),
  ]);
}

const PLACE_COUNT = 6;

const placedSql = (parts: RowParts) => `
  ${insertRowSql(PLACE_COUNT + 1, parts, "'infinity'")}
  INSERT INTO limited_executions (execution_id, workflow_id, priority, waits_for, queue_key, debounce_key,
                                  concurrency_key, rate_key, due_at)
  SELECT id, $${PLACE_COUNT + 2}, priority, $1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond' FROM started`;

/** Its only limit is one that its starter has the slot of. */
const unlimitedSql = (parts: RowParts) => `${insertRowSql(1, parts)} ${insertWokenJobSql()}`;
