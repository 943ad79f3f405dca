import type { Pool } from 'pg';
import type { Evaluator } from '../expressions/evaluator.ts';
import type { Appender } from '../journal/append.ts';
import { saveArtifact } from '../journal/artifacts.ts';
import { type ExecutionStatus, hasEnded, type NodeError, stateEventTypes } from '../journal/event.ts';
import { readEvents } from '../journal/read.ts';
import { NodeFailure } from '../nodes/definition.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import type { Expressions } from '../nodes/expressions.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { SandboxBackend } from '../sandbox/backend.ts';
import { coerceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { AttemptDeps } from './attempt.ts';
import { runExecution, type StopRequest } from './executor.ts';
import { emptyState, fold, type RunState } from './fold.ts';
import { makePlan, type Plan } from './plan.ts';

export interface ResumeDeps {
  pool: Pool;
  appender: Appender;
  registry: NodeRegistry;
  sandbox: SandboxBackend;
  expressions: Expressions;
  evaluator: Evaluator;
  judgeViolation: AttemptDeps['judgeViolation'];
  /** Aborted when the worker shall begin nothing more. */
  draining: AbortSignal;
  logger: Logger;
}

/**
 * Drives a claimed execution from wherever its journal stands. One that is just being started is known already, and
 * is driven while its start is being committed: until then nothing of it is written or told.
 */
export async function resumeExecution(
  deps: ResumeDeps,
  executionId: string,
  signal: AbortSignal,
  known: StoredExecution | null,
  claimed: Promise<unknown>,
): Promise<'ended' | 'released'> {
  if (known === null) await claimed;
  const row = known ?? (await loadExecution(deps.pool, executionId));
  if (row === undefined || hasEnded(row.status)) return 'ended';
  // The row's status commits with the event it follows from: a queued execution's journal is that one event.
  const { state, sequence } =
    row.status === 'QUEUED'
      ? { state: emptyState(), sequence: 1 }
      : await foldJournal(deps.pool, executionId);
  const journal = deps.appender.open(executionId, sequence, claimed);
  if (row.cancelRequested !== null) {
    signal = AbortSignal.abort({
      kind: 'cancel',
      force: row.cancelRequested === 'FORCE',
    } satisfies StopRequest);
  }
  const plan = tryPlan(row.definition, deps.registry);
  if (plan instanceof Error) {
    await journal.append([{ type: 'ExecutionFailed', error: unplannable(plan) }]);
    return 'ended';
  }
  const former = row.reuseFrom === null ? null : (await foldJournal(deps.pool, row.reuseFrom)).state;
  return runExecution({
    ...deps,
    journal,
    saveArtifact: (file, within) => claimed.then(() => saveArtifact(deps.pool, executionId, file, within)),
    plan,
    execution: { id: executionId, workflowId: row.workflowId, input: row.input },
    state,
    former,
    signal,
  });
}

function tryPlan(draft: WorkflowDraft, registry: NodeRegistry): Plan | Error {
  try {
    return makePlan(draft, registry);
  } catch (error) {
    return coerceError(error);
  }
}

/** A version saved by another release of Weft may name what this one does not have. */
function unplannable({ message }: Error): NodeError {
  const { error } = new NodeFailure({ code: 'INVALID_WORKFLOW', message });
  return { ...error, nodeKey: null };
}

/** What driving an execution begins from, as it stands in its row. */
export interface StoredExecution {
  status: ExecutionStatus;
  workflowId: string | null;
  definition: WorkflowDraft;
  input: unknown;
  cancelRequested: string | null;
  reuseFrom: string | null;
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
  return rows[0];
}

const FOLD_PAGE_EVENTS = 1_000;

/**
 * The state, and the journal's last sequence, output and progress events counted in.
 *
 * @param onOutput what to keep of each output, by default all of it
 */
export async function foldJournal(
  pool: Pool,
  executionId: string,
  onOutput = (output: unknown) => output,
): Promise<{ state: RunState; sequence: number }> {
  const state = emptyState();
  for (let sequence = 0; ; ) {
    const page = await readEvents(pool, executionId, {
      after: sequence,
      limit: FOLD_PAGE_EVENTS,
      types: stateEventTypes,
    });
    for (const event of page.events) if ('output' in event) event.output = onOutput(event.output);
    fold(state, page.events);
    sequence = page.endSequence;
    if (page.atEnd) return { state, sequence };
  }
}
