import type { EventBody, NodeEventBody, NodeRef } from '../journal/event.ts';
import { NodeFailure } from '../nodes/definition.ts';
import { isDone, type NodeRun, newRun, type RunState, WORKER_STOPPED } from './fold.ts';
import type { Graph } from './graph.ts';
import type { Plan } from './plan.ts';
import { nodeStarted } from './step.ts';

/** A node whose worker was lost this often is taken to be what loses it. */
const MAX_INTERRUPTIONS = 3;

/** For what was under way when its worker was lost: begin again, or fail if that has happened too often. */
export function resumeEvents(plan: Plan, state: RunState): EventBody[] {
  return plan.graph.order
    .filter((nodeKey) => state.nodes.get(nodeKey)?.status === 'RUNNING')
    .map((nodeKey) => {
      const run = state.nodes.get(nodeKey)!;
      // A list is counted item by item.
      const failure =
        plan.nodes.get(nodeKey)!.forEach === null
          ? interruption({ nodeKey, attempt: run.attempt }, run)
          : null;
      return failure ?? nodeStarted(state, nodeKey);
    });
}

/** The failure of a run that was begun too often without ending; null while it may be begun again. */
export function interruption(
  ref: NodeRef,
  run: NodeRun,
): Extract<NodeEventBody, { type: 'NodeFailed' }> | null {
  if (run.interruptions + 1 < MAX_INTERRUPTIONS) return null;
  const { error } = new NodeFailure({
    code: 'NODE_INTERRUPTED',
    message: `The worker was lost ${MAX_INTERRUPTIONS} times while this node ran, so it is not tried again.`,
  });
  return { type: 'NodeFailed', ...ref, error: { ...error, nodeKey: ref.nodeKey }, durationMs: 0 };
}

/** A worker that is asked to stop marks what it gives up, so that it does not count as lost. */
export function releaseEvents(state: RunState): EventBody[] {
  const { error } = new NodeFailure({
    code: WORKER_STOPPED,
    message: 'The worker was asked to stop; another one goes on.',
    retryable: true,
  });
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
 * What a retry from the failure has yet to take over from the execution it retries, in `state` as it stands: every
 * node that ended well and comes after no node that did not, and of a list that did not end well those items that
 * did. Only then is the list the same, item by item.
 */
export function reuseEvents(graph: Graph, former: RunState, state: RunState): EventBody[] {
  const tainted = new Set<string>();
  const events: EventBody[] = [];
  for (const nodeKey of graph.order) {
    const run = former.nodes.get(nodeKey) ?? newRun();
    const follows = graph.nodes.get(nodeKey)!.incoming.some(({ source }) => tainted.has(source));
    if (follows || !(isDone(run) || run.status === 'SKIPPED')) tainted.add(nodeKey);
    const begun = state.nodes.get(nodeKey) ?? newRun();
    if (follows || begun.status !== 'QUEUED') continue;
    if (isDone(run)) events.push(reused(nodeKey, null, run));
    for (const [item, itemRun] of isDone(run) ? [] : run.items) {
      if (isDone(itemRun) && !begun.items.has(item)) events.push(reused(nodeKey, item, itemRun));
    }
  }
  return events;
}

function reused(nodeKey: string, item: number | null, { output, handle }: NodeRun): EventBody {
  return { type: 'NodeReused', nodeKey, item, attempt: 0, output, handle: handle! };
}
