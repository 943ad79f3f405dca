import type { Evaluator } from '../expressions/evaluator.ts';
import type { EventBody, NodeRef } from '../journal/event.ts';
import { type AttemptDeps, type AttemptEnd, endEvent, runAttempt } from './attempt.ts';
import { applyEvent, type NodeRun, type RunState, runOf } from './fold.ts';
import { runForEach } from './for-each.ts';
import { checkOutput } from './output.ts';
import type { Plan, PlannedNode } from './plan.ts';
import { releaseEvents, resumeEvents, reuseEvents } from './recovery.ts';
import { takeStep } from './step.ts';
import { makeValueLimits, type ValueLimits } from './value-limits.ts';
import { type ExecutionInfo, inputOf, scopeOf } from './values.ts';

export interface ExecutorOptions extends AttemptDeps {
  plan: Plan;
  evaluator: Evaluator;
  execution: ExecutionInfo;
  /** Folded from the journal as it stands. */
  state: RunState;
  /** Of the execution that this one retries from its failure. */
  former: RunState | null;
  /** Aborted with a StopRequest. */
  signal: AbortSignal;
  /** Aborted when the worker shall begin nothing more: what runs may end, the rest is another worker's. */
  draining: AbortSignal;
}

/** Why an execution is stopped from outside. */
export type StopRequest = { kind: 'cancel'; force: boolean } | { kind: 'release' };

/**
 * Drives one execution from its folded state to its end, as its only writer.
 *
 *   loop:  what ended → takeStep: starts, skips, the end → one commit, begun → launch → wait
 *
 * It runs one step ahead of its journal: a node's code starts while the step that made it ready, with its NodeStarted,
 * is being committed. Code reaches nothing but the journal, where all that it tells is committed after that step, so
 * what is lost with its worker was seen by nobody. The first step waits a little for what its nodes tell: a short run is
 * one commit. Attempts never touch the state; they hand their end to the loop.
 *
 * Gives `ended` when the terminal event is committed, `released` when what was under way is marked for another
 * worker to go on with. @throws WeftError JOURNAL_FENCED when another writer took the execution over
 */
export async function runExecution(options: ExecutorOptions): Promise<'ended' | 'released'> {
  const { plan, execution, state, former, journal, signal, draining } = options;
  const nodeStop = new AbortController();
  const running = new Map<string, Promise<void>>();
  const isStopped = () => signal.aborted || journal.lost.aborted;
  let ended: EventBody[] = state.status === 'QUEUED' ? [] : resumeEvents(plan, state);
  let crash: { error: unknown } | null = null;
  let wake = Promise.withResolvers<void>();
  let valueLimits: ValueLimits;
  let recorded = Promise.resolve();
  /** What a step waits for: the step before, but for the first, which may be waiting for this one. */
  let committed = recorded;
  const onStop = () => wake.resolve();
  const stops = [signal, journal.lost, draining];
  for (const stop of stops) stop.addEventListener('abort', onStop, { once: true });

  try {
    if (former !== null && !isStopped()) takeOver(former);
    valueLimits = makeValueLimits(state);
    while (!isStopped() && crash === null) {
      const step = takeStep(plan, state, ended, new Date(), !draining.aborted);
      ended = [];
      if (step.end !== null) {
        await stopNodes(null);
        step.events.splice(-1, 1, await checkOutput(step.end, plan, options.evaluator, execution.id));
      }
      await committed;
      recorded = journal.append(step.events, step.isFirst ? FIRST_STEP_PATIENCE_MS : 0);
      recorded.catch(() => {}); // tells `journal.lost`
      if (!step.isFirst) committed = recorded;
      if (step.end !== null) {
        await committed;
        return 'ended';
      }
      for (const nodeKey of step.starts) launch(nodeKey);
      if (draining.aborted && running.size === 0 && ended.length === 0) break;
      await somethingToDo(step.wakeAt);
    }
    await stopNodes(signal.reason);
    await recorded; // before it is another worker's
    journal.lost.throwIfAborted();
    if (crash !== null) throw (crash as { error: unknown }).error;
    return await stopFromOutside(signal.aborted ? (signal.reason as StopRequest) : { kind: 'release' });
  } finally {
    for (const stop of stops) stop.removeEventListener('abort', onStop);
    await stopNodes(null);
  }

  /**
   * Before anything is begun. Event by event, so that the journal makes inserts of a bearable size of them, however
   * many items there are; a worker that is lost between two of these leaves the rest to the next one.
   */
  function takeOver(from: RunState): void {
    const started: EventBody[] = state.status === 'QUEUED' ? [{ type: 'ExecutionStarted' }] : [];
    for (const event of [...started, ...reuseEvents(plan.graph, from, state)]) {
      // A lost journal aborts the whole execution by its own signal.
      record([event]).catch(() => {});
    }
  }

  /** Waits until an attempt ended, a retry is due or a stop was asked for. */
  async function somethingToDo(wakeAt: number | null): Promise<void> {
    const timer =
      wakeAt === null ? undefined : setTimeout(() => wake.resolve(), Math.max(0, wakeAt - Date.now()));
    if (ended.length === 0) await wake.promise;
    clearTimeout(timer);
    wake = Promise.withResolvers();
  }

  function launch(nodeKey: string): void {
    const task = runNode(plan.nodes.get(nodeKey)!)
      .catch((error: unknown) => {
        crash = { error };
      })
      .finally(() => {
        running.delete(nodeKey);
        wake.resolve();
      });
    running.set(nodeKey, task);
  }

  async function runNode(node: PlannedNode): Promise<void> {
    const run = runOf(state, node.key, null);
    const ref: NodeRef = { nodeKey: node.key, attempt: run.attempt };
    const input = inputOf(plan.graph, state, execution, node.key);
    const end = valueLimits.refuseInput(node.key, input) ?? (await runWith(node, run, ref, input));
    // The retry policy of a list is its items': once they are at their end, so is the node.
    const event = endEvent(node.forEach === null ? node.retry : null, ref, run, end);
    if (event !== null) ended.push(event);
  }

  async function runWith(node: PlannedNode, run: NodeRun, ref: NodeRef, input: unknown): Promise<AttemptEnd> {
    const { forEach, key } = node;
    const attempt = async (which: NodeRef, value: unknown, within: AbortSignal): Promise<AttemptEnd> => {
      const end = await runAttempt(options, node, which, scopeOf(state, execution, value), within);
      return valueLimits.judge(key, end);
    };
    if (forEach === null) return attempt(ref, input, nodeStop.signal);
    const list = await runForEach({
      node,
      forEach,
      scope: scopeOf(state, execution, input),
      run,
      expressions: options.expressions,
      signal: nodeStop.signal,
      draining,
      record,
      attempt,
    });
    return valueLimits.judge(key, list);
  }

  function record(events: readonly EventBody[]): Promise<void> {
    const now = new Date();
    for (const event of events) applyEvent(state, event, now);
    return journal.append(events);
  }

  async function stopNodes(reason: unknown): Promise<void> {
    if (running.size === 0) return;
    nodeStop.abort(reason);
    await Promise.all(running.values());
  }

  async function stopFromOutside(request: StopRequest): Promise<'ended' | 'released'> {
    if (request.kind === 'cancel') {
      await record([{ type: 'ExecutionCanceled' }]);
      return 'ended';
    }
    await record(ended);
    await record(releaseEvents(state));
    return 'released';
  }
}

/** A short run ends within it. */
const FIRST_STEP_PATIENCE_MS = 5;
