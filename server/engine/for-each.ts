import type { EventBody, NodeRef, Signal } from '../journal/event.ts';
import { type ExpressionScope, NodeFailure, type NodeStart } from '../nodes/definition.ts';
import type { ForEach, OnItemError } from '../nodes/draft.ts';
import type { Expressions } from '../nodes/expressions.ts';
import { inSession, type SandboxBackend } from '../sandbox/backend.ts';
import type { Clock } from '../shared/clock.ts';
import { type AttemptEnd, endEvent } from './attempt.ts';
import { isDone, type NodeRun, newRun } from './fold.ts';
import type { Inbox } from './inbox.ts';
import { type ItemWaits, makeItemWaits } from './item-waits.ts';
import type { PlannedNode } from './plan.ts';
import { interruption } from './recovery.ts';
import { mayRunAhead } from './run-ahead.ts';
import { endsExecution } from './stop.ts';

export interface ForEachOptions {
  node: PlannedNode;
  forEach: ForEach;
  scope: ExpressionScope;
  /** The node's own run; its items are in it. */
  run: NodeRun;
  /** What each `NodeStarted` says beside the attempt. */
  start: NodeStart;
  expressions: Expressions;
  runAhead: boolean;
  /** Aborts when what runs has to stop: where the execution ends, with one of the reasons of `endsExecution`. */
  signal: AbortSignal;
  /** Aborts when no further item and no further attempt may start. */
  draining: AbortSignal;
  /** As the executor has it: see `ExecutorOptions.notBefore`. */
  now: () => Date;
  clock: Clock;
  inbox: Inbox;
  /** The signal that the item takes, where one has come. */
  takeSignal: (item: number) => Signal | null;
  /** Applies events to the state and journals them; resolves when they are committed. Has a listener already. */
  record: (events: readonly EventBody[]) => Promise<void>;
  /** Whether little enough waits for its commit. */
  mayRunFurther: () => boolean;
  sandbox: SandboxBackend;
  attempt: (
    ref: NodeRef,
    value: unknown,
    signal: AbortSignal,
    sandbox: SandboxBackend,
  ) => Promise<AttemptEnd>;
}

type Failed = Extract<AttemptEnd, { kind: 'failed' }>;

export const MAX_ITEMS = 10_000;
/**
 * Items of a lane that have ended and whose end is not committed, while its next one runs (run-ahead.ts): a commit takes
 * as long as several light items, and ends and starts share it. Of a list of light items that saves a third of the CPU
 * (1.4 ms an item of server, Postgres and cells without, 0.95 with; 0 switches it off). What a killed worker leaves to be
 * run again is what nobody has seen to end.
 */
const MAX_ITEMS_AHEAD = 4;

/**
 * Runs a node once per item of a list, a bounded number at a time; the output is the list of outputs, in order.
 *
 *   item:  (none) → RUNNING → SUCCEEDED            REUSED: from the execution that this one retries
 *                   RUNNING → WAITING → RUNNING    by the node's retry policy, which counts each item's attempts, or
 *                                                  because the node itself waits
 *                   RUNNING → FAILED               for good; `onItemError` says what follows
 *                   RUNNING → CANCELED             the node failed by another item, or the execution ended
 *
 * Items that a former worker or a former execution finished do not run again. With FAIL, when an item has failed for
 * good, the node fails at once with that error, which no further attempt could mend: no item starts, no retry is waited
 * for, and the items that run are stopped. With SKIP and COLLECT the list goes on to its end. Where all items that have
 * begun wait, and for long, the node waits with them. The items of a lane share a session of the sandbox.
 */
export async function runForEach(options: ForEachOptions): Promise<AttemptEnd> {
  const startedAt = performance.now();
  const { node, forEach, run } = options;
  const isStrict = forEach.onItemError === 'FAIL';
  const cancelItems = async (...statuses: string[]) => {
    const begun = [...run.items].filter(([, { status }]) => statuses.includes(status));
    if (begun.length === 0) return;
    await options.record(
      begun.map(([item, { attempt }]) => ({ type: 'NodeCanceled', nodeKey: node.key, item, attempt })),
    );
  };
  // The worker was lost between the item's failure and the node's.
  const lost = isStrict ? [...run.items].find(([, { status }]) => status === 'FAILED') : undefined;
  if (lost !== undefined) {
    await cancelItems('RUNNING', 'WAITING');
    return failureOf(...lost);
  }
  const list = await listOf(options);
  if (!Array.isArray(list)) return list;

  const items: readonly unknown[] = list;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const waits = makeItemWaits({ ...options, lanes: Math.min(forEach.concurrency, items.length) });
  const draining = AbortSignal.any([signal, options.draining, waits.areLong]);
  let failure: Failed | null = null;
  let next = 0;
  async function lane(): Promise<void> {
    /** The commits of the ends of items, the oldest first. */
    const uncommitted: Promise<void>[] = [];
    using session = forEach.batch > 1 ? options.sandbox.session(forEach.batch) : null;
    const sandbox = session === null ? options.sandbox : inSession(options.sandbox, session);
    while (!draining.aborted && next < items.length) {
      const item = next++;
      if (hasEnded(run.items.get(item))) continue;
      const { itemRun, committed } = await runItem(
        { ...options, sandbox, signal, draining, waits },
        item,
        items[item],
      );
      uncommitted.push(committed);
      const ahead = mayRunAhead(options.runAhead, node) && options.mayRunFurther() ? MAX_ITEMS_AHEAD : 0;
      while (uncommitted.length > ahead) await uncommitted.shift();
      if (itemRun.status !== 'FAILED' || !isStrict) continue;
      failure ??= failureOf(item, itemRun);
      failed.abort();
    }
    waits.endLane();
  }
  await Promise.all(Array.from({ length: Math.min(forEach.concurrency, items.length) }, lane));

  if (failure !== null) {
    await cancelItems('RUNNING', 'WAITING');
    return failure;
  }
  // The state may be that of the execution's end already.
  if (endsExecution(options.signal)) await cancelItems('RUNNING', 'WAITING', 'CANCELED');
  if (!signal.aborted && waits.areLong.aborted) return { kind: 'waiting', wait: waits.whole() };
  if (signal.aborted || !items.every((_, item) => hasEnded(run.items.get(item)))) return { kind: 'stopped' };
  return {
    kind: 'succeeded',
    emission: {
      handle: node.definition.outputs(node.config as object)[0]!.id,
      output: outputOf(forEach.onItemError, items, run),
    },
    durationMs: Math.round(performance.now() - startedAt),
  };
}

function hasEnded(run: NodeRun | undefined): boolean {
  return isDone(run) || run?.status === 'FAILED';
}

function outputOf(onItemError: OnItemError, items: readonly unknown[], run: NodeRun): unknown[] {
  const runs = items.map((_, item) => run.items.get(item)!);
  if (onItemError !== 'COLLECT') return runs.filter(isDone).map(({ output }) => output);
  return runs.map((itemRun, item) =>
    isDone(itemRun)
      ? { ok: true, output: itemRun.output }
      : { ok: false, error: itemRun.error, input: items[item] },
  );
}

async function listOf({
  node,
  forEach,
  scope,
  expressions,
  signal,
}: ForEachOptions): Promise<unknown[] | AttemptEnd> {
  const failed = (error: NodeFailure['error']): Failed => ({
    kind: 'failed',
    error: { ...error, nodeKey: node.key },
    durationMs: 0,
  });
  const refuse = (got: string) => {
    const message = `Expected \`forEach.items\` of node \`${node.key}\` to give a list of at most ${MAX_ITEMS} items, got ${got}. An expression that finds a single item gives it alone, and one that finds none gives nothing: in brackets, such as \`[input.rows]\`, it is a list all the same.`;
    return failed(new NodeFailure({ code: 'INVALID_FOR_EACH', message }).error);
  };
  try {
    const list = await expressions.evaluate(forEach.items, scope, signal);
    if (!Array.isArray(list)) return refuse(list === null ? 'nothing' : `a value of type ${typeof list}`);
    return list.length > MAX_ITEMS ? refuse(`${list.length} items`) : list;
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    if (error instanceof NodeFailure) return failed(error.error);
    throw error;
  }
}

interface ItemOptions extends ForEachOptions {
  waits: ItemWaits;
}

/**
 * Takes one item through its attempts, until it ends or may start no further one. `committed`: what it has recorded last,
 * which has a listener.
 */
async function runItem(
  options: ItemOptions,
  item: number,
  value: unknown,
): Promise<{ itemRun: NodeRun; committed: Promise<void> }> {
  const { node, record, signal, draining, waits } = options;
  const run = options.run.items.get(item) ?? newRun();
  options.run.items.set(item, run);
  if (run.status === 'RUNNING') {
    const lost = interruption({ nodeKey: node.key, attempt: run.attempt, item }, run);
    if (lost !== null) await record([lost]);
  }
  let committed = Promise.resolve();
  while (!hasEnded(run)) {
    await committed;
    const signaled = await waits.end(item, run, draining);
    if (draining.aborted) break;
    const ref: NodeRef = { nodeKey: node.key, attempt: run.attempt + (run.wait === null ? 1 : 0), item };
    // has a listener: see ForEachOptions
    const started = record([
      run.wait === null
        ? { type: 'NodeStarted', ...ref, ...options.start }
        : { type: 'NodeResumed', ...ref, signal: signaled ?? run.wait.signal },
    ]);
    if (!mayRunAhead(options.runAhead, node)) await started;
    const event = endEvent(node.retry, ref, run, await options.attempt(ref, value, signal, options.sandbox));
    if (event === null) break;
    committed = record([event]); // has a listener: see ForEachOptions
  }
  return { itemRun: run, committed };
}

/** The node's failure is the item's; the message begins with which item it was. */
function failureOf(item: number, { error }: NodeRun): Failed {
  return {
    kind: 'failed',
    error: { ...error!, item, message: `Item ${item}: ${error!.message}` },
    durationMs: 0,
  };
}
