import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { insertUsesSql } from '../files/uses.ts';
import { INSERT_FIRST_EVENT } from '../journal/start.ts';

/** The columns of a new execution, in the order of `rowValues`. */
const COLUMNS = `id, workflow_id, version_number, definition, input, idempotency_key, retry_of, retry_strategy, created_at,
  principal, idempotency_expires_at, timeout_ms, parent_id, parent_node_key, parent_item, is_awaited, depth,
  priority, partial, pinned, trigger_id, scheduled_at, project, labels`;
const COUNT = COLUMNS.split(',').length;

export function rowValues(row: ExecutionEntity): unknown[] {
  return [
    row.id,
    row.workflowId,
    row.versionNumber,
    json(row.definition),
    json(row.input),
    row.idempotencyKey,
    row.retryOf,
    row.retryStrategy,
    row.createdAt,
    row.principal,
    row.idempotencyExpiresAt,
    row.timeoutMs,
    row.parentId,
    row.parentNodeKey,
    row.parentItem,
    row.isAwaited,
    row.depth,
    row.priority,
    json(row.partial),
    json(row.pinned),
    row.triggerId,
    row.scheduledAt,
    row.project,
    json(row.labels),
  ];
}

/** What only some executions have, and no other pays for. */
export interface RowParts {
  usesFiles: boolean;
  hasLabels: boolean;
}

export function partsOf({ retryOf, labels }: ExecutionEntity, files: readonly string[]): RowParts {
  return { usesFiles: files.length > 0 || retryOf !== null, hasLabels: labels !== null };
}

/**
 * Begins a WITH statement that inserts an execution and its first event, with the parameters from `$first` on: those of
 * `rowValues`, then the files that it uses, where it `usesFiles`. Its part `started` is what `insertJobSql` needs.
 */
export function insertRowSql(first: number, { usesFiles, hasLabels }: RowParts, wakeAt = 'NULL'): string {
  const parameters = Array.from({ length: COUNT }, (_, index) => `$${first + index}`);
  const [execution, retryOf] = [parameters[0]!, parameters[6]!];
  const uses = insertUsesSql({ execution, files: `$${first + COUNT}`, retryOf });
  const labelled = `
    INSERT INTO execution_labels (name, value, execution_id)
    SELECT key, value, started.id FROM started, jsonb_each_text(${parameters.at(-1)}::jsonb)`;
  return `
    WITH started AS (
      INSERT INTO executions (${COLUMNS}, status, wake_at)
      VALUES (${parameters.join(', ')}, 'QUEUED', ${wakeAt})
      RETURNING id, created_at, priority
    ), queued AS (${INSERT_FIRST_EVENT})${usesFiles ? `, used AS (${uses})` : ''}${hasLabels ? `, labelled AS (${labelled})` : ''}`;
}

/** For a column of type json. */
export function json(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
