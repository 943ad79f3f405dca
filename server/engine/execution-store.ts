import type { Pool } from 'pg';
import type { Files } from '../files/files.ts';
import type { ExecutionStatus } from '../journal/event.ts';
import { endOfJournal } from '../journal/read.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import { makeBatches } from '../shared/batches.ts';
import type { WaitingParent } from './family.ts';
import { type FoldedJournal, type FoldOptions, makeJournalFolder } from './fold-journal.ts';
import type { PartialRun } from './partial-run.ts';
import type { AddressedSignal } from './waits.ts';

/** What the engine reads and writes beside the journal's appends. Tests give one in memory. */
export interface ExecutionStore {
  /** Undefined where there is none. Waits for a signal that is just being sent. */
  load(executionId: string): Promise<StoredExecution | undefined>;
  foldJournal(executionId: string, options?: FoldOptions): Promise<FoldedJournal>;
  /** The last sequence. */
  endOfJournal(executionId: string): Promise<number>;
  /** The files that executions save and open. */
  readonly files: Pick<Files, 'save' | 'openFor'>;
  /** What came from outside for these executions. */
  requests(executionIds: readonly string[]): Promise<ExecutionRequests[]>;
  /** The signals of the execution after this number, in order. */
  readSignals(executionId: string, after: number): Promise<AddressedSignal[]>;
}

/** What an execution begins from, as it stands in its row. */
export interface StoredExecution {
  status: ExecutionStatus;
  project: string;
  workflowId: string | null;
  /** Null where it has no workflow. */
  versionNumber: number | null;
  definition: WorkflowDraft;
  input: unknown;
  cancelRequested: string | null;
  /** The execution that this one retries from its failure. */
  reuseFrom: string | null;
  /** How many there are. */
  signals: number;
  /** How long it may take from its start, milliseconds; null for as long as it does. */
  timeoutMs: number | null;
  /** By which execution it is replaced, where one of its limit asked for its end. */
  replacedBy: string | null;
  /** Whether a limit of its workflow counts it. */
  isLimited: boolean;
  /** The node that waits for it. */
  parent: WaitingParent | null;
  /** Null where it runs the whole workflow. */
  partial: PartialRun | null;
  createdAt: Date;
  /** The schedule or webhook that started it. */
  triggerId: string | null;
  /** See GivenTrace; null for none. */
  traceparent: string | null;
  tracestate: string | null;
}

export interface ExecutionRequests {
  executionId: string;
  /** The mode of a request to cancel; null where there is none. */
  cancelRequested: string | null;
  /** See StoredExecution. */
  replacedBy: string | null;
  /** How many signals there are. */
  signals: number;
}

const BATCHES = { max: 50, atOnce: 3 };

export function makeExecutionStore(pool: Pool, files: Files): ExecutionStore {
  const load = makeBatches((ids: string[]) => loadExecutions(pool, ids), BATCHES);
  return {
    async load(executionId) {
      const row = await load(executionId);
      return row && { ...row, definition: fromStored(row.definition) };
    },
    foldJournal: makeJournalFolder(pool),
    endOfJournal: (executionId) => endOfJournal(pool, executionId),
    files,
    requests: (executionIds) => readRequests(pool, executionIds),
    readSignals: (executionId, after) => readSignals(pool, executionId, after),
  };
}

/**
 * First waits for signals that are just being sent, by the lock that their senders have: what is accepted before the time
 * of a wait is over is counted when an execution goes on because of that time.
 */
async function loadExecutions(pool: Pool, ids: readonly string[]): Promise<(StoredExecution | undefined)[]> {
  const { rows } = await pool.query<StoredExecution & { id: string }>({
    name: 'weft-load-executions',
    text: `
      SELECT e.id, e.status, e.project, e.workflow_id AS "workflowId",
             e.version_number AS "versionNumber", e.created_at AS "createdAt", e.trigger_id AS "triggerId",
             e.traceparent, e.tracestate, coalesce(e.definition, v.definition) AS definition, e.input,
             e.cancel_requested AS "cancelRequested", e.replaced_by AS "replacedBy",
             EXISTS (SELECT FROM limited_executions l WHERE l.execution_id = e.id) AS "isLimited",
             CASE WHEN e.retry_strategy = 'FROM_FAILURE' THEN e.retry_of END AS "reuseFrom",
             e.signals, e.timeout_ms AS "timeoutMs",
             CASE WHEN e.is_awaited AND e.parent_id IS NOT NULL THEN json_build_object(
               'executionId', e.parent_id, 'nodeKey', e.parent_node_key, 'item', e.parent_item) END AS parent,
             CASE WHEN e.partial IS NOT NULL THEN json_build_object(
               'from', e.partial->'from', 'to', e.partial->'to', 'pinned', coalesce(e.pinned, '[]')) END AS partial
      FROM executions e
      LEFT JOIN workflow_versions v ON v.workflow_id = e.workflow_id AND v.number = e.version_number
      WHERE e.id = ANY ($1)
      ORDER BY e.id FOR KEY SHARE OF e`,
    values: [ids],
  });
  const byId = new Map(rows.map(({ id, ...row }) => [id, row]));
  return ids.map((id) => byId.get(id));
}

async function readRequests(pool: Pool, executionIds: readonly string[]): Promise<ExecutionRequests[]> {
  if (executionIds.length === 0) return [];
  const { rows } = await pool.query<ExecutionRequests>({
    name: 'weft-execution-requests',
    text: `
      SELECT id AS "executionId", cancel_requested AS "cancelRequested", replaced_by AS "replacedBy", signals
      FROM executions
      WHERE id = ANY ($1) AND (cancel_requested IS NOT NULL OR signals > 0)`,
    values: [executionIds],
  });
  return rows;
}

async function readSignals(pool: Pool, executionId: string, after: number): Promise<AddressedSignal[]> {
  const { rows } = await pool.query<AddressedSignal>({
    name: 'weft-read-signals',
    text: `
      SELECT number, node_key AS "nodeKey", item, payload FROM execution_signals
      WHERE execution_id = $1 AND number > $2 ORDER BY number`,
    values: [executionId, after],
  });
  return rows;
}
