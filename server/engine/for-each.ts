import { setTimeout as delay } from 'node:timers/promises';
import type { EventBody, NodeRef } from '../journal/event.ts';
import { type ExpressionScope, NodeFailure } from '../nodes/definition.ts';
import type { ForEach } from '../nodes/draft.ts';
import type { Expressions } from '../nodes/expressions.ts';
import { type AttemptEnd, endEvent } from './attempt.ts';
import { type NodeRun, newRun } from './fold.ts';
import type { PlannedNode } from './plan.ts';
import { interruption } from './recovery.ts';

export interface ForEachOptions {
  node: PlannedNode;
  forEach: ForEach;
  scope: ExpressionScope;
  /** The node's own run; its items are in it. */
  run: NodeRun;
  expressions: Expressions;
  signal: AbortSignal;
  /** Aborted when no further item, and no further attempt, shall be begun. */
  draining: AbortSignal;
  /** Applies events to the state and journals them; resolves when they are committed. */
  record: (events: readonly EventBody[]) => Promise<void>;
  attempt: (ref: NodeRef, value: unknown) => Promise<AttemptEnd>;
}

type Failed = Extract<AttemptEnd, { kind: 'failed' }>;

const MAX_ITEMS = 10_000;

/**
 * Runs a node once per item of a list, a bounded number at a time; the output is the list of outputs, in order.
 * Items that a former worker finished are not run again. After an item has failed for good no further one is
 * begun, and the node fails with that item's error.
 */
export async function runForEach(options: ForEachOptions): Promise<AttemptEnd> {
  const startedAt = performance.now();
  const { node, forEach, run, signal, draining } = options;
  const list = await listOf(options);
  if (!Array.isArray(list)) return list;

  const items: readonly unknown[] = list;
  const failures: Failed[] = [];
  let next = 0;
  async function lane(): Promise<void> {
    while (failures.length === 0 && !signal.aborted && !draining.aborted && next < items.length) {
      const item = next++;
      const failure = await runItem(options, item, items[item]);
      if (failure !== null) failures.push(failure);
    }
  }
  await Promise.all(Array.from({ length: Math.min(forEach.concurrency, items.length) }, lane));

  if (failures.length > 0) return failures[0]!;
  if (signal.aborted || items.some((_, item) => run.items.get(item)?.status !== 'SUCCEEDED'))
    return { kind: 'stopped' };
  return {
    kind: 'succeeded',
    emission: {
      handle: node.definition.outputs(node.config as object)[0]!.id,
      output: items.map((_, item) => run.items.get(item)!.output),
    },
    durationMs: Math.round(performance.now() - startedAt),
  };
}

async function listOf({ node, forEach, scope, expressions }: ForEachOptions): Promise<unknown[] | Failed> {
  const failed = (error: NodeFailure['error']): Failed => ({
    kind: 'failed',
    error: { ...error, nodeKey: node.key },
    durationMs: 0,
  });
  const refuse = (got: string) => {
    const message = `Expected \`forEach.items\` of node \`${node.key}\` to give a list of at most ${MAX_ITEMS} items, got ${got}.`;
    return failed(new NodeFailure({ code: 'INVALID_FOR_EACH', message }).error);
  };
  try {
    const list = await expressions.evaluate(forEach.items, scope);
    if (!Array.isArray(list)) return refuse(list === null ? 'nothing' : `a value of type ${typeof list}`);
    return list.length > MAX_ITEMS ? refuse(`${list.length} items`) : list;
  } catch (error) {
    if (error instanceof NodeFailure) return failed(error.error);
    throw error;
  }
}

/** One item through all its attempts; its failure, or null when it ended well or was stopped. */
async function runItem(options: ForEachOptions, item: number, value: unknown): Promise<Failed | null> {
  const { node, record } = options;
  const halt = AbortSignal.any([options.signal, options.draining]);
  const run = options.run.items.get(item) ?? newRun();
  options.run.items.set(item, run);
  if (run.status === 'RUNNING') {
    const lost = interruption({ nodeKey: node.key, attempt: run.attempt, item }, run);
    if (lost !== null) await record([lost]);
  }
  while (run.status !== 'SUCCEEDED' && run.status !== 'FAILED') {
    await delay(Math.max(0, (run.retryAt ?? 0) - Date.now()), undefined, { signal: halt }).catch(() => {});
    if (halt.aborted) return null;
    const ref: NodeRef = { nodeKey: node.key, attempt: run.attempt + 1, item };
    await record([{ type: 'NodeStarted', ...ref }]);
    const event = endEvent(node, ref, run, await options.attempt(ref, value));
    if (event === null) return null;
    await record([event]);
  }
  return run.status === 'FAILED' ? { kind: 'failed', error: run.error!, durationMs: 0 } : null;
}
