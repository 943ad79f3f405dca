import type { Appender, OnCommitted } from '../journal/append.ts';
import { hasEnded, type NodeError } from '../journal/event.ts';
import { FIRST_SEQUENCE } from '../journal/start.ts';
import { NodeFailure } from '../nodes/definition.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { SecretSource } from '../nodes/secret-source.ts';
import { underPolicy } from '../sandbox/backend.ts';
import { coerceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { givenContext, type TraceContext } from '../shared/trace-context.ts';
import { changedNodes, type Run } from './changed-nodes.ts';
import type { ExecutionStore, StoredExecution } from './execution-store.ts';
import { type ExecutorOptions, type RunEnd, runExecution } from './executor.ts';
import type { Family } from './family.ts';
import { emptyState } from './fold.ts';
import { makeInbox } from './inbox.ts';
import type { Limits } from './limits.ts';
import { makeNodeFiles } from './node-files.ts';
import type { ParkedStates } from './parked-states.ts';
import { narrowPlan } from './partial-run.ts';
import { makePlan, type Plan } from './plan.ts';
import { executionInterrupted, type Former, MAX_LOSSES } from './recovery.ts';
import { afterInsert, notInserted } from './run-ahead.ts';
import type { StopRequest } from './stop.ts';
import type { Traces } from './traces.ts';
import type { AddressedSignal } from './waits.ts';

/** What a worker has for all its executions. */
export interface ResumeDeps
  extends Pick<
    ExecutorOptions,
    | 'sandbox'
    | 'expressions'
    | 'evaluator'
    | 'judgeViolations'
    | 'auditLate'
    | 'draining'
    | 'clock'
    | 'logger'
  > {
  store: ExecutionStore;
  /** The secrets of a project. */
  secretsOf: (project: string) => SecretSource;
  family: Family;
  limits: Pick<Limits, 'release'>;
  appender: Appender;
  registry: NodeRegistry;
  /** Of this worker's executions. */
  parked: ParkedStates;
  /** Null where no traces are made. */
  traces: Traces | null;
}

export interface ResumeOptions {
  executionId: string;
  /** The row where the caller has it: that of a new execution. */
  preloaded: StoredExecution | null;
  /** Resolves with whether the execution was inserted, never rejects; null where it is inserted already. */
  inserted: Promise<boolean> | null;
  /** Counts a loss of the worker at this sequence; null where no worker had the execution before. */
  countLoss: ((sequence: number) => Promise<number>) | null;
  runAhead: boolean;
  /** See ClaimedJob. */
  notBefore: number;
  /** Gives the job up: see ExecutionQueue. */
  park: (wakeAt: number, knownSignals: number) => Promise<boolean>;
  /** Called with what tells the execution that there are new signals. */
  onInbox: (ring: () => void) => void;
  /** Aborts with a StopRequest. */
  signal: AbortSignal;
}

/**
 * Goes on with an execution from wherever its journal stands: from its start, or from where a former worker left it.
 * Gives `ended` when the terminal event is committed, `released` when another worker has to go on, `parked` when
 * nobody has to until its wait ends.
 */
export async function resumeExecution(deps: ResumeDeps, options: ResumeOptions): Promise<RunEnd> {
  const { executionId } = options;
  using followed = deps.traces?.follow(executionId) ?? null;
  const kept = deps.parked.take(executionId);
  // A trace is made of the whole journal.
  const known = followed === null ? kept?.folded : undefined;
  const foldJournal = once(() => deps.store.foldJournal(executionId, { known, onEvents: followed?.replay }));
  if (options.notBefore > 0) foldJournal().catch(() => {}); // where nobody comes to need it
  const row = options.preloaded ?? (await deps.store.load(executionId));
  if (row === undefined) return 'ended';
  // Of one that a client's request has ended, or a worker that was lost just then, nobody has made the trace.
  if (hasEnded(row.status) && followed !== null) await foldJournal();
  const trace = followed?.begin(row) ?? null;
  const end = hasEnded(row.status)
    ? 'ended'
    : await resumeRow(row, { ...deps, logger: loggerOf(deps, options, row, trace) }, options, {
        foldJournal,
        signals: kept?.signals ?? [],
        trace,
        onCommitted: followed?.add,
      });
  if (end === 'ended') {
    const startsExecutions = ({ type }: { type: string }) =>
      deps.registry.get(type)?.startsExecutions === true;
    const mayHaveChildren = hasEnded(row.status) || row.definition.nodes.some(startsExecutions);
    if (mayHaveChildren || row.parent !== null)
      await deps.family.ended(executionId, row.parent, mayHaveChildren);
    if (row.isLimited) await deps.limits.release(executionId);
  }
  return end;
}

/** Of what an execution logs, the ids by which it is found elsewhere. */
function loggerOf(
  { logger }: ResumeDeps,
  { executionId }: ResumeOptions,
  row: StoredExecution,
  trace: TraceContext | null,
): Logger {
  const { traceId } = trace ?? givenContext(row) ?? {};
  return logger.child({ executionId, ...(traceId !== undefined && { trace_id: traceId }) });
}

interface RunningRow {
  /** Where an execution that waited goes on, it is read beside its row. */
  foldJournal: () => ReturnType<ExecutionStore['foldJournal']>;
  /** Read before, from the first on. */
  signals: AddressedSignal[];
  trace: TraceContext | null;
  onCommitted: OnCommitted | undefined;
}

async function resumeRow(
  row: StoredExecution,
  deps: ResumeDeps,
  options: ResumeOptions,
  { foldJournal, signals, trace, onCommitted }: RunningRow,
): Promise<RunEnd> {
  const { store, appender, logger } = deps;
  const { executionId, inserted, countLoss } = options;
  // Before the journal is folded, which may be what cannot be done.
  if (countLoss !== null) {
    const sequence = await store.endOfJournal(executionId);
    if ((await countLoss(sequence)) > MAX_LOSSES) {
      const error = executionInterrupted();
      await appender.open(executionId, sequence, onCommitted).append([{ type: 'ExecutionFailed', error }]);
      return 'ended';
    }
  }
  const { state, sequence } =
    row.status === 'QUEUED' ? { state: emptyState(), sequence: FIRST_SEQUENCE } : await foldJournal();
  const opened = appender.open(executionId, sequence, onCommitted);
  const journal = inserted === null ? opened : afterInsert(opened, inserted);
  const whole = tryPlan(row.definition, deps.registry);
  if (whole instanceof Error) {
    await journal.append([{ type: 'ExecutionFailed', error: unplannable(whole) }]);
    return 'ended';
  }
  const plan = row.partial === null ? whole : narrowPlan(whole, row.partial);
  const isNew = row.signals > signals.length;
  const inbox = makeInbox((after) => store.readSignals(executionId, after), isNew, signals);
  options.onInbox(inbox.ring);
  logger.info(
    { workflowId: row.workflowId, versionNumber: row.versionNumber },
    state.startedAt === null ? 'an execution begins' : 'an execution goes on',
  );
  const end = await runExecution({
    ...deps,
    sandbox: underPolicy(deps.sandbox, row.definition.pythonPolicy),
    secrets: deps.secretsOf(row.project),
    journal,
    inbox,
    notBefore: options.notBefore,
    async park(wakeAt, reached, outputBytes) {
      const isParked = await options.park(wakeAt, inbox.signals.length);
      const folded = { state, sequence: reached };
      if (isParked) deps.parked.keep(executionId, { folded, outputBytes, signals: inbox.signals });
      return isParked;
    },
    files: makeNodeFiles(store.files, executionId, async () => {
      if (inserted !== null && !(await inserted)) throw notInserted();
    }),
    plan,
    trace,
    execution: {
      id: executionId,
      workflowId: row.workflowId,
      input: row.input,
      timeoutMs: row.timeoutMs ?? row.definition.timeoutMs,
    },
    state,
    partial: row.partial,
    former: row.reuseFrom === null ? null : await loadFormer(deps, row.reuseFrom, { plan, input: row.input }),
    runAhead: options.runAhead && countLoss === null,
    signal: row.cancelRequested === null ? options.signal : canceled(row.cancelRequested, row.replacedBy),
  });
  logger.info({ status: state.status }, `an execution is ${end}`);
  return end;
}

/** The same promise for each call. */
function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => {
    started ??= start();
    return started;
  };
}

async function loadFormer(
  { store, registry }: Pick<ResumeDeps, 'store' | 'registry'>,
  executionId: string,
  current: Run,
): Promise<Former> {
  const row = await store.load(executionId);
  const plan = row && tryPlan(row.definition, registry);
  const former = plan === undefined || plan instanceof Error ? null : { plan, input: row!.input };
  const { state } = await store.foldJournal(executionId);
  return { state, changes: changedNodes(former, current) };
}

function canceled(mode: string, replacedBy: string | null): AbortSignal {
  return AbortSignal.abort({ kind: 'cancel', force: mode === 'FORCE', replacedBy } satisfies StopRequest);
}

function tryPlan(draft: WorkflowDraft, registry: NodeRegistry): Plan | Error {
  try {
    return makePlan(draft, registry);
  } catch (error) {
    return coerceError(error);
  }
}

/** A version that another release of Weft saved may have node types that this release does not. */
function unplannable({ message }: Error): NodeError {
  const { error } = new NodeFailure({ code: 'INVALID_WORKFLOW', message });
  return { ...error, nodeKey: null };
}
