import type { Evaluator } from '../expressions/evaluator.ts';
import type { EventBody, NodeRef } from '../journal/event.ts';
import type { ExpressionScope } from '../nodes/definition.ts';
import type { Clock } from '../shared/clock.ts';
import {
  type AttemptDeps,
  type AttemptEnd,
  endEvent,
  type LateViolation,
  MAX_PENDING_BYTES,
  runAttempt,
} from './attempt.ts';
import { applyEvent, type NodeRun, type RunState, runOf } from './fold.ts';
import { runForEach } from './for-each.ts';
import type { Inbox } from './inbox.ts';
import { lateFailure } from './late-violations.ts';
import { makeNodeStarts } from './node-start.ts';
import { checkOutput } from './output.ts';
import { type PartialRun, partialEvents } from './partial-run.ts';
import type { Plan, PlannedNode } from './plan.ts';
import { type Former, releaseEvents, resumeEvents, reuseEvents } from './recovery.ts';
import { mayRunAhead } from './run-ahead.ts';
import { beginning, takeStep } from './step.ts';
import { EXECUTION_ENDED, executionCanceled, type StopRequest } from './stop.ts';
import { makeValueLimits, type ValueLimits } from './value-limits.ts';
import { arrivalsOf, type ExecutionInfo, inputOf, scopeOf } from './values.ts';
import { cancelWaitingItems, MAX_HELD_WAIT_MS, type NextWait, signalFor, timerMs, toWait } from './waits.ts';

/** Where a worker leaves an execution. */
export type RunEnd = 'ended' | 'released' | 'parked';

export interface ExecutorOptions extends Omit<AttemptDeps, 'onLateViolation' | 'now'> {
  plan: Plan;
  evaluator: Evaluator;
  execution: ExecutionInfo;
  /** Folded from the journal as it stands. */
  state: RunState;
  /** Null where it runs the whole workflow. */
  partial: PartialRun | null;
  /** Of the execution that this one retries from its failure. */
  former: Former | null;
  /** Whether nodes may start before their `NodeStarted` is committed (run-ahead.ts). */
  runAhead: boolean;
  /** What came for nodes that wait. */
  inbox: Inbox;
  /**
   * Gives the execution up until `wakeAt` (milliseconds of the epoch, or Infinity) or a signal. False where a signal or a request to cancel has come
   * meanwhile, and the execution goes on. The state is then that of the journal up to `sequence`; all outputs in it take
   * `outputBytes`.
   */
  park: (wakeAt: number, sequence: number, outputBytes: number) => Promise<boolean>;
  /** A moment, milliseconds of the epoch, that the clock of the database is past; the worker's may be behind. */
  notBefore: number;
  /** Aborts with a StopRequest. */
  signal: AbortSignal;
  /** Aborts when the worker may start nothing more: what runs may end, another worker does the rest. */
  draining: AbortSignal;
  clock: Clock;
  /** Called for a violation after the end of the journal, where no event can follow. Never rejects. */
  auditLate: (executionId: string, late: LateViolation) => Promise<void>;
}

/**
 * Runs one execution from its folded state to its end, as its only writer.
 *
 *   loop:  ends of attempts → takeStep: starts, skips, the terminal event → append, apply → launch → wait
 *
 * A step's nodes launch when the step before is committed; whether they also wait for their own step is decided in
 * run-ahead.ts. Attempts never touch the state: they hand their end to the loop, and those at items to for-each.ts.
 *
 * Gives `ended` when the terminal event is committed, `released` when what ran is marked for another worker, `parked`
 * when all that is left of it waits (waits.ts).
 * @throws WeftError JOURNAL_FENCED when another writer has the execution
 */
export async function runExecution(options: ExecutorOptions): Promise<RunEnd> {
  const { plan, execution, state, partial, former, journal, inbox, signal, draining, clock } = options;
  const lagMs = Math.max(0, options.notBefore - clock.now().getTime());
  const nodeStop = new AbortController();
  const running = new Map<string, Promise<void>>();
  const isStopped = () => signal.aborted || journal.lost.aborted;
  let ended: EventBody[] = state.status === 'QUEUED' ? [] : resumeEvents(plan, state);
  let crash: { error: unknown } | null = null;
  const late: { fatal: LateViolation | null } = { fatal: null };
  /** Whether the last event is appended, so that none can follow. */
  let isClosed = false;
  let wake = Promise.withResolvers<void>();
  let valueLimits: ValueLimits;
  const starts = makeNodeStarts(plan, options.sandbox, [signal, journal.lost]);
  /** The last step's commit. */
  let recorded = Promise.resolve();
  /** The last commit of all. Has a listener: see append. */
  let appended = Promise.resolve();
  const onStop = () => wake.resolve();
  const stops = [signal, journal.lost, draining];
  for (const stop of stops) stop.addEventListener('abort', onStop, { once: true });
  const stopListening = inbox.onRing(() => wake.resolve());

  try {
    if (!isStopped()) recordReuse();
    valueLimits = makeValueLimits(state);
    while (!isStopped() && crash === null && late.fatal === null) {
      await inbox.refresh();
      const { signals } = inbox;
      const mayStart = !draining.aborted;
      const step = takeStep(plan, state, ended, now(), { mayStart, signals, timeoutMs: execution.timeoutMs });
      ended = [];
      if (step.end !== null) {
        await stopNodes(EXECUTION_ENDED);
        step.events.splice(-1, 1, await checkOutput(step.end, plan, options.evaluator, execution));
        if (late.fatal !== null) step.events.splice(-1, 1, ...lateFailure(state, late.fatal));
        isClosed = true;
      }
      await starts.complete(step.events);
      const stepBefore = recorded;
      // An empty append is no commit that could stand for the one before it.
      if (step.events.length > 0) recorded = append(step.events); // has a listener: append adds it
      await stepBefore;
      if (step.end !== null) {
        await recorded;
        return 'ended';
      }
      for (const nodeKey of step.starts) launch(nodeKey, recorded);
      const isIdle = running.size === 0 && ended.length === 0;
      if (draining.aborted && isIdle) break;
      if (isIdle && step.wait !== null && isLong(step.wait)) {
        if (await park(step.wait, step.wakeAt)) return 'parked';
      } else await somethingToDo(step.wakeAt);
    }
    await stopNodes(crash === null && late.fatal !== null ? EXECUTION_ENDED : signal.reason);
    await recorded; // before another worker goes on
    journal.lost.throwIfAborted();
    if (crash !== null) throw (crash as { error: unknown }).error;
    if (late.fatal !== null) return await end(lateFailure(state, late.fatal));
    return await stopFromOutside(signal.aborted ? (signal.reason as StopRequest) : { kind: 'release' });
  } finally {
    for (const stop of stops) stop.removeEventListener('abort', onStop);
    stopListening();
    await stopNodes(undefined);
  }

  /**
   * Before anything starts. One append an event, so that no insert grows past its bounds, however many items there are;
   * where a worker is lost in between, the next one appends the rest.
   */
  function recordReuse(): void {
    if (partial === null && former === null) return;
    const recordAll = (events: readonly EventBody[]) => {
      for (const event of events) void record([event]); // has a listener: append adds it
    };
    recordAll(beginning(state));
    if (partial !== null) recordAll(partialEvents(plan, partial, state));
    if (former !== null) recordAll(reuseEvents(plan.graph, former, state));
  }

  /** By the clock of this worker, made up for where it is behind the database that found the execution due. */
  function now(): Date {
    return new Date(clock.now().getTime() + lagMs);
  }

  /** Whether it is worth giving the execution up. */
  function isLong({ at }: NextWait): boolean {
    return at - now().getTime() > MAX_HELD_WAIT_MS;
  }

  /** False where the execution goes on all the same. */
  async function park(next: NextWait, wakeAt: number): Promise<boolean> {
    const committed = record([{ type: 'ExecutionWaiting', ...toWait(next) }]);
    // Now: what comes meanwhile, such as a late violation, may yet lose its place to another worker.
    const { sequence } = journal;
    await committed;
    isClosed = true; // another worker may have the execution at once
    const isParked = await options.park(wakeAt, sequence, valueLimits.outputBytes);
    if (!isParked) isClosed = false;
    return isParked;
  }

  /** Waits until an attempt ends, the next step is due, a signal comes or a stop is requested. */
  async function somethingToDo(wakeAt: number): Promise<void> {
    const cancelTimer = Number.isFinite(wakeAt)
      ? clock.setTimer(timerMs(wakeAt - now().getTime()), () => wake.resolve())
      : undefined;
    if (ended.length === 0) await wake.promise;
    cancelTimer?.();
    wake = Promise.withResolvers();
  }

  /** @param started the commit of the node's `NodeStarted` */
  function launch(nodeKey: string, started: Promise<void>): void {
    const task = runNode(plan.nodes.get(nodeKey)!, started)
      .catch((error: unknown) => {
        crash = { error };
      })
      .finally(() => {
        running.delete(nodeKey);
        wake.resolve();
      });
    running.set(nodeKey, task);
  }

  async function runNode(node: PlannedNode, started: Promise<void>): Promise<void> {
    const run = runOf(state, node.key, null);
    const ref: NodeRef = { nodeKey: node.key, attempt: run.attempt };
    if (!mayRunAhead(options.runAhead, node)) await started;
    if (isStopped()) return;
    const input = inputOf(plan.graph, state, execution, node.key);
    const end = valueLimits.refuseInput(node.key, input) ?? (await runWith(node, run, ref, input));
    // The retry policy of a list is its items': once they have ended, so has the node.
    const event = endEvent(node.forEach === null ? node.retry : null, ref, run, end);
    if (event !== null) ended.push(event);
  }

  async function runWith(node: PlannedNode, run: NodeRun, ref: NodeRef, input: unknown): Promise<AttemptEnd> {
    const { forEach, key } = node;
    const arrivals = arrivalsOf(plan.graph, state, execution, key);
    const attempt = async (
      which: NodeRef,
      scope: ExpressionScope,
      within: AbortSignal,
      sandbox = options.sandbox,
    ): Promise<AttemptEnd> => {
      const deps = { ...options, sandbox, onLateViolation, now };
      const input = { scope, arrivals, run: runOf(state, key, which.item ?? null) };
      return valueLimits.judge(key, await runAttempt(deps, node, which, input, within));
    };
    if (forEach === null) return attempt(ref, scopeOf(state, execution, input), nodeStop.signal);
    const list = await runForEach({
      node,
      forEach,
      scope: scopeOf(state, execution, input, { nodeInput: input }),
      run,
      start: await starts.startOf(node),
      expressions: options.expressions,
      runAhead: options.runAhead,
      signal: nodeStop.signal,
      draining,
      now,
      clock,
      inbox,
      takeSignal: (item) => signalFor(state, inbox.signals, key, item),
      record,
      mayRunFurther: () => journal.pendingBytes <= MAX_PENDING_BYTES,
      sandbox: options.sandbox,
      attempt: (which, item, within, sandbox) => {
        const ofList = { item, index: which.item!, nodeInput: input };
        return attempt(which, scopeOf(state, execution, item, ofList), within, sandbox);
      },
    });
    return valueLimits.judge(key, list);
  }

  function record(events: readonly EventBody[]): Promise<void> {
    const at = now();
    for (const event of events) applyEvent(state, event, at);
    return append(events);
  }

  /** Has a listener from the start: `journal.lost` stops the execution where an append fails. */
  function append(events: readonly EventBody[]): Promise<void> {
    const committed = journal.append(events);
    committed.catch(() => {});
    appended = committed;
    return committed;
  }

  function onLateViolation(violation: LateViolation, isFatal: boolean): void {
    if (isClosed) {
      void appended.then(
        () => options.auditLate(execution.id, violation),
        () => {},
      );
      return;
    }
    // An alert has no event here: the journal may have ended when it is raised.
    append([violation])
      .then(() => options.judgeViolations(execution.id, [violation.severity]))
      .catch((error) => options.logger.warn({ err: error }, 'judging a late violation failed'));
    if (!isFatal) return;
    late.fatal ??= violation;
    wake.resolve();
  }

  async function stopNodes(reason: unknown): Promise<void> {
    if (running.size === 0) return;
    nodeStop.abort(reason);
    await Promise.all(running.values());
  }

  async function stopFromOutside(request: StopRequest): Promise<RunEnd> {
    if (request.kind === 'cancel')
      return end([...cancelWaitingItems(state), executionCanceled(request.replacedBy)]);
    await record(ended);
    isClosed = true;
    await record(releaseEvents(state));
    return 'released';
  }

  async function end(events: readonly EventBody[]): Promise<'ended'> {
    isClosed = true;
    await record(events);
    return 'ended';
  }
}
