import type { Pool } from 'pg';
import type { Files } from '../files/files.ts';
import type { ExecutionStatus } from '../journal/event.ts';
import { endOfJournal } from '../journal/read.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import type { RunState } from './fold.ts';
import { foldJournal } from './fold-journal.ts';

/** What the engine reads and writes beside the journal's appends. Tests give one in memory. */
export interface ExecutionStore {
  /** Undefined where there is none. */
  load(executionId: string): Promise<StoredExecution | undefined>;
  foldJournal(executionId: string): Promise<{ state: RunState; sequence: number }>;
  /** The last sequence. */
  endOfJournal(executionId: string): Promise<number>;
  /** The files that executions save and open. */
  readonly files: Pick<Files, 'save' | 'openFor'>;
  /** Which of these executions a client wants to cancel. */
  cancelRequests(executionIds: readonly string[]): Promise<CancelRequest[]>;
}

/** What an execution begins from, as it stands in its row. */
export interface StoredExecution {
  status: ExecutionStatus;
  workflowId: string | null;
  definition: WorkflowDraft;
  input: unknown;
  cancelRequested: string | null;
  /** The execution that this one retries from its failure. */
  reuseFrom: string | null;
}

export interface CancelRequest {
  executionId: string;
  mode: string;
}

export function makeExecutionStore(pool: Pool, files: Files): ExecutionStore {
  return {
    load: (executionId) => loadExecution(pool, executionId),
    foldJournal: (executionId) => foldJournal(pool, executionId),
    endOfJournal: (executionId) => endOfJournal(pool, executionId),
    files,
    cancelRequests: (executionIds) => findCancelRequests(pool, executionIds),
  };
}

async function loadExecution(pool: Pool, executionId: string): Promise<StoredExecution | undefined> {
  const { rows } = await pool.query<StoredExecution>({
    name: 'weft-load-execution',
    text: `
      SELECT e.status, e.workflow_id AS "workflowId", coalesce(e.definition, v.definition) AS definition, e.input,
             e.cancel_requested AS "cancelRequested",
             CASE WHEN e.retry_strategy = 'FROM_FAILURE' THEN e.retry_of END AS "reuseFrom"
      FROM executions e
      LEFT JOIN workflow_versions v ON v.workflow_id = e.workflow_id AND v.number = e.version_number
      WHERE e.id = $1`,
    values: [executionId],
  });
  const row = rows[0];
  return row && { ...row, definition: fromStored(row.definition) };
}

async function findCancelRequests(pool: Pool, executionIds: readonly string[]): Promise<CancelRequest[]> {
  if (executionIds.length === 0) return [];
  const { rows } = await pool.query<CancelRequest>({
    name: 'weft-cancel-requests',
    text: `
      SELECT id AS "executionId", cancel_requested AS mode FROM executions
      WHERE id = ANY ($1) AND cancel_requested IS NOT NULL`,
    values: [executionIds],
  });
  return rows;
}
