import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { insertUsesSql } from '../files/uses.ts';
import { INSERT_FIRST_EVENT } from '../journal/start.ts';

/** The columns of a new execution and their values, undefined or null where there is none. */
export function columnsOf(row: ExecutionEntity) {
  return {
    id: row.id,
    workflow_id: row.workflowId,
    version_number: row.versionNumber,
    definition: row.definition,
    input: row.input,
    idempotency_key: row.idempotencyKey,
    retry_of: row.retryOf,
    retry_strategy: row.retryStrategy,
    created_at: row.createdAt,
    principal: row.principal,
    idempotency_expires_at: row.idempotencyExpiresAt,
    timeout_ms: row.timeoutMs,
    parent_id: row.parentId,
    parent_node_key: row.parentNodeKey,
    parent_item: row.parentItem,
    is_awaited: row.isAwaited,
    depth: row.depth,
    priority: row.priority,
    partial: row.partial,
    pinned: row.pinned,
    trigger_id: row.triggerId,
    scheduled_at: row.scheduledAt,
    project: row.project,
    labels: row.labels,
    traceparent: row.traceparent ?? undefined,
    tracestate: row.tracestate ?? undefined,
  };
}

type Column = keyof ReturnType<typeof columnsOf>;

const COLUMNS = Object.keys(columnsOf({} as ExecutionEntity)) as readonly Column[];
const OF_JSON: ReadonlySet<Column> = new Set(['definition', 'input', 'partial', 'pinned', 'labels']);

/** In the order of the columns. */
export function rowValues(row: ExecutionEntity): unknown[] {
  const columns = columnsOf(row);
  return COLUMNS.map((name) => (OF_JSON.has(name) ? json(columns[name]) : columns[name]));
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
  const parameters = COLUMNS.map((_, index) => `$${first + index}`);
  const parameterOf = (name: Column) => parameters[COLUMNS.indexOf(name)]!;
  const [execution, retryOf, labels] = [parameterOf('id'), parameterOf('retry_of'), parameterOf('labels')];
  const uses = insertUsesSql({ execution, files: `$${first + COLUMNS.length}`, retryOf });
  const labelled = `
    INSERT INTO execution_labels (name, value, execution_id)
    SELECT key, value, started.id FROM started, jsonb_each_text(${labels}::jsonb)`;
  return `
    WITH started AS (
      INSERT INTO executions (${COLUMNS.join(', ')}, status, wake_at)
      VALUES (${parameters.join(', ')}, 'QUEUED', ${wakeAt})
      RETURNING id, created_at, priority
    ), queued AS (${INSERT_FIRST_EVENT})${usesFiles ? `, used AS (${uses})` : ''}${hasLabels ? `, labelled AS (${labelled})` : ''}`;
}

/** Inserts executions whose `columnsOf` are a list in the JSON of a parameter. */
export function insertColumnsSql(parameter: string): string {
  const names = COLUMNS.join(', ');
  return `
    INSERT INTO executions (${names}, status)
    SELECT ${names}, 'QUEUED' FROM json_populate_recordset(NULL::executions, ${parameter}::json)`;
}

/** For a column of type json. */
export function json(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
