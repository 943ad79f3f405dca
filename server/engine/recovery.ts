import type { EventBody, NodeError, NodeEventBody, NodeRef } from '../journal/event.ts';
import { failure } from './failure.ts';
import { isBetweenItems, type NodeRun, newRun, type RunState, WORKER_STOPPED } from './fold.ts';
import type { Graph } from './graph.ts';
import type { Plan } from './plan.ts';
import { type NodeChange, planRetry } from './retry-plan.ts';
import { nodeResumed, nodeStarted } from './step.ts';

/** A node whose worker was lost this often while it ran is taken to be the cause. */
const MAX_INTERRUPTIONS = 3;

/**
 * An execution whose workers were lost more often than this at one and the same end of its journal fails: whatever
 * ends them leaves no event that would show which node it is. A node that waits for a retry writes no event either, so
 * the number is larger than the one above.
 */
export const MAX_LOSSES = 5;

/** For what ran when its worker was lost: begin again, or fail where that has happened too often. */
export function resumeEvents(plan: Plan, state: RunState): EventBody[] {
  return plan.graph.order
    .filter((nodeKey) => state.nodes.get(nodeKey)?.status === 'RUNNING')
    .map((nodeKey) => {
      const run = state.nodes.get(nodeKey)!;
      const { attempt } = run;
      // Of a list, the items that ran are counted, and the node only where none did.
      const goesOn = () =>
        run.wait === null ? nodeStarted(state, nodeKey) : nodeResumed(state, nodeKey, run.wait.signal);
      return (isBetweenItems(run) && interruption({ nodeKey, attempt }, run)) || goesOn();
    });
}

/** The failure of a node or item that began too often without an end; null while it may begin again. */
export function interruption(
  ref: NodeRef,
  run: NodeRun,
): Extract<NodeEventBody, { type: 'NodeFailed' }> | null {
  if (run.interruptions + 1 < MAX_INTERRUPTIONS) return null;
  const error = failure(
    'NODE_INTERRUPTED',
    `The worker was lost ${MAX_INTERRUPTIONS} times while this node ran, so Weft does not try it again. ` +
      "See the server's log for why workers end.",
  );
  return { type: 'NodeFailed', ...ref, error: { ...error, nodeKey: ref.nodeKey }, durationMs: 0 };
}

export function executionInterrupted(): NodeError {
  return failure(
    'EXECUTION_INTERRUPTED',
    `The worker was lost more than ${MAX_LOSSES} times without an event in between, so Weft does not try this execution again. ` +
      "See the server's log for why workers end, then retry the execution.",
  );
}

/** A worker that shuts down marks what it leaves to another, so that it does not count as lost. */
export function releaseEvents(state: RunState): EventBody[] {
  const error = failure(WORKER_STOPPED, 'The worker was asked to stop; another one goes on.', true);
  const runs = [...state.nodes].flatMap(([nodeKey, node]) => [
    { nodeKey, item: null, run: node },
    ...[...node.items].map(([item, run]) => ({ nodeKey, item, run })),
  ]);
  return runs
    .filter(({ run }) => run.status === 'RUNNING')
    .map(({ nodeKey, item, run }) => ({
      type: 'NodeRetryScheduled',
      nodeKey,
      item,
      attempt: run.attempt,
      delayMs: 0,
      error: { ...error, nodeKey },
    }));
}

/**
 * The events by which a retry from the failure reuses results of the execution that it retries, without those that
 * `state` has already. Nodes come in the order in which they had ended, by which a join chooses among alternatives.
 */
export function reuseEvents(graph: Graph, { state: former, changes }: Former, state: RunState): EventBody[] {
  const events = planRetry(graph, former, changes).flatMap(({ nodeKey, action, items }) => {
    const run = former.nodes.get(nodeKey);
    const current = state.nodes.get(nodeKey) ?? newRun();
    if (run === undefined || current.status !== 'QUEUED') return [];
    if (action === 'REUSE') return [reused(nodeKey, null, run)];
    const left = items.filter((item) => !current.items.has(item));
    return left.map((item) => reused(nodeKey, item, run.items.get(item)!));
  });
  const endOrder = (nodeKey: string) => former.nodes.get(nodeKey)!.endOrder ?? Number.POSITIVE_INFINITY;
  return events.toSorted((a, b) => Math.sign(endOrder(a.nodeKey) - endOrder(b.nodeKey)) || 0);
}

/** The execution that another one retries from its failure. */
export interface Former {
  state: RunState;
  /** How the nodes differ from its nodes. */
  changes: ReadonlyMap<string, NodeChange>;
}

function reused(
  nodeKey: string,
  item: number | null,
  { output, handle }: NodeRun,
): EventBody & { nodeKey: string } {
  return { type: 'NodeReused', nodeKey, item, attempt: 0, output, handle: handle! };
}
