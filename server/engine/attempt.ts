import { inspect } from 'node:util';
import type { NodeError, NodeEventBody, NodeRef, RanInCell } from '../journal/event.ts';
import { makeAttemptExpressions } from '../nodes/attempt-expressions.ts';
import {
  type Arrival,
  type ExpressionScope,
  type NodeContext,
  type NodeEmission,
  NodeFailure,
  type NodeFiles,
  type NodeWait,
  type WatchedEvent,
} from '../nodes/definition.ts';
import type { RetryPolicy } from '../nodes/draft.ts';
import type { Expressions } from '../nodes/expressions.ts';
import { maskedContext, maskedError } from '../nodes/masked.ts';
import { MAX_NOTICES, reportedNotices } from '../nodes/notices.ts';
import type { OpenSecrets, SecretSource } from '../nodes/secret-source.ts';
import { secretsOf } from '../nodes/secrets.ts';
import { type SandboxBackend, timed } from '../sandbox/backend.ts';
import { channels } from '../shared/channels.ts';
import type { Logger } from '../shared/logger.ts';
import { attemptSpanId, isSampled, type TraceContext } from '../shared/trace-context.ts';
import type { NodeRun } from './fold.ts';
import type { PlannedNode } from './plan.ts';
import { retryDelayMs } from './retry.ts';
import { type ViolationWatchDeps, watchViolations } from './watch-violations.ts';

export interface AttemptDeps extends ViolationWatchDeps {
  /** Called for a violation of an attempt that has ended. Never throws. */
  onLateViolation: (late: LateViolation, isFatal: boolean) => void;
  files: NodeFiles;
  sandbox: SandboxBackend;
  secrets: SecretSource;
  expressions: Expressions;
  /** Of the execution's span; null where there are no traces. */
  trace: TraceContext | null;
  now: () => Date;
}

export type LateViolation = Extract<NodeEventBody, { type: 'SecurityViolation' }>;

export type AttemptEnd =
  | ({ kind: 'succeeded'; emission: NodeEmission; durationMs: number } & RanInCell)
  | ({ kind: 'failed'; error: NodeError; durationMs: number; retryAfterMs?: number } & RanInCell)
  | ({ kind: 'waiting' } & NodeWait)
  /** The signal aborted it, for the signal's reason. */
  | { kind: 'stopped' };

/** While more than this is not committed, a node that emits events waits for the journal. */
export const MAX_PENDING_BYTES = 1024 * 1024;

/** What one attempt is given. */
export interface AttemptInput {
  scope: ExpressionScope;
  arrivals: readonly Arrival[];
  /** The run of the node or item: it may go on after a wait. */
  run: NodeRun;
}

/** Runs one attempt of one node, or of one item of it, or goes on with it after a wait. Never throws. */
export async function runAttempt(
  deps: AttemptDeps,
  node: PlannedNode,
  ref: NodeRef,
  input: AttemptInput,
  signal: AbortSignal,
): Promise<AttemptEnd> {
  const startedAt = performance.now();
  const end = await attempt(deps, node, ref, input, signal);
  if (channels.attempt.hasSubscribers)
    channels.attempt.publish({
      type: node.definition.type,
      outcome: end.kind,
      durationMs: performance.now() - startedAt,
    });
  return end;
}

async function attempt(
  deps: AttemptDeps,
  node: PlannedNode,
  ref: NodeRef,
  { scope, arrivals, run }: AttemptInput,
  signal: AbortSignal,
): Promise<AttemptEnd> {
  const startedAt = performance.now();
  const durationMs = () => inMicroseconds(performance.now() - startedAt);
  const { journal, trace } = deps;
  const ranInCell: RanInCell = {};
  const sandbox = isSampled(trace)
    ? timed(deps.sandbox, (ms) => {
        if (ms > 0) ranInCell.cellMs = inMicroseconds(ms + (ranInCell.cellMs ?? 0));
      })
    : deps.sandbox;
  const violations = watchViolations(deps, ref);

  const emit = async (event: WatchedEvent) => {
    const committed = journal.append([{ ...event, ...ref } as NodeEventBody]);
    // `journal.lost` stops the execution where an append fails.
    committed.catch(() => {});
    if (event.type === 'SecurityViolation') violations.add(event.severity, committed);
    if (journal.pendingBytes > MAX_PENDING_BYTES) await committed.catch(() => {});
  };
  const notify = async (code: string, message: string) => {
    const reported = reportedNotices(deps.execution, node.key);
    if (reported.has(code) || reported.size >= MAX_NOTICES) return;
    reported.add(code);
    await emit({ type: 'NodeNotice', code, message });
  };
  let secrets: OpenSecrets | null = null;

  try {
    secrets = await openSecrets(deps.secrets, node);
    const evaluation = makeAttemptExpressions({ ...deps, node, signal, emit });
    const config = await evaluation.renderConfig(scope, secrets?.values);
    const idOf = (count: number) => [scope.execution.id, node.key, ref.item ?? '', count].join('.');
    const open: NodeContext<unknown> = {
      nodeKey: node.key,
      item: ref.item ?? null,
      attemptId: idOf(ref.attempt),
      tryId: idOf(run.failures),
      config,
      input: scope.input,
      arrivals,
      scope,
      secrets,
      signal,
      sandbox,
      evaluate: (expression, within) => evaluation.evaluate(config, expression, within),
      now: deps.now,
      trace: () => trace && { ...trace, spanId: attemptSpanId(scope.execution.id, ref) },
      emit,
      emitLate: (event, isFatal) => deps.onLateViolation({ ...event, ...ref }, isFatal),
      notify,
      saveArtifact: (file) => deps.files.save(file, signal),
      openFile: (id) => deps.files.open(id, signal),
    };
    const context = secrets === null ? open : maskedContext(open, secrets.masker);
    const { wait } = run;
    const end =
      wait === null
        ? await node.definition.execute(context)
        : await node.definition.resume!(context, { data: wait.data, payload: wait.signal?.payload });
    if (signal.aborted) return { kind: 'stopped' };
    if ('wait' in end) return { kind: 'waiting', ...end };
    const emission = secrets === null ? end : { ...end, output: secrets.masker.value(end.output) };
    return { kind: 'succeeded', emission, durationMs: durationMs(), ...ranInCell };
  } catch (thrown) {
    if (signal.aborted) return { kind: 'stopped' };
    const retryAfterMs = thrown instanceof NodeFailure ? thrown.retryAfterMs : 0;
    const error = toNodeError(thrown, node.key, secrets, deps.logger);
    deps.logger.info({ ...ref, code: error.code }, 'an attempt of a node failed');
    return { kind: 'failed', error, durationMs: durationMs(), retryAfterMs, ...ranInCell };
  } finally {
    await violations.settled();
  }
}

/** The event that an attempt's end becomes; null for one that was stopped. The retry policy decides about a failure. */
export function endEvent(
  policy: RetryPolicy | null,
  ref: NodeRef,
  run: NodeRun,
  end: AttemptEnd,
): NodeEventBody | null {
  switch (end.kind) {
    case 'succeeded':
      return { type: 'NodeSucceeded', ...ref, ...end.emission, durationMs: end.durationMs, ...inCell(end) };
    case 'failed': {
      const delayMs = retryDelayMs(policy, run.failures + 1, end.error, end.retryAfterMs);
      if (delayMs !== null)
        return { type: 'NodeRetryScheduled', ...ref, delayMs, error: end.error, ...inCell(end) };
      return { type: 'NodeFailed', ...ref, error: end.error, durationMs: end.durationMs, ...inCell(end) };
    }
    case 'waiting': {
      const { reason, until, data = null } = end.wait;
      return { type: 'NodeWaiting', ...ref, reason, until: until?.toISOString() ?? null, data };
    }
    case 'stopped':
      return null;
  }
}

function inCell({ cellMs }: RanInCell): RanInCell {
  return cellMs === undefined ? {} : { cellMs };
}

function inMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

/** Null for a node that names none, which is most nodes. */
async function openSecrets(
  source: SecretSource,
  { definition, config }: PlannedNode,
): Promise<OpenSecrets | null> {
  const names = secretsOf(definition, config).map(({ name }) => name);
  return names.length === 0 ? null : source.open([...new Set(names)]);
}

function toNodeError(
  thrown: unknown,
  nodeKey: string,
  secrets: OpenSecrets | null,
  logger: Logger,
): NodeError {
  if (thrown instanceof NodeFailure) {
    const error = { ...thrown.error, nodeKey };
    return secrets === null ? error : maskedError(error, secrets.masker);
  }
  const err = secrets === null ? thrown : secrets.masker.text(inspect(thrown));
  logger.error({ err, nodeKey }, 'a node threw an error that is no NodeFailure');
  return {
    ...new NodeFailure({
      code: 'INTERNAL_ERROR',
      message: 'The server failed to run this node; its log says why.',
      retryable: true,
    }).error,
    nodeKey,
  };
}
