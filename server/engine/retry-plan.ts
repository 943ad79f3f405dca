import { isDone, newRun, type RunState } from './fold.ts';
import type { Graph } from './graph.ts';

/** How a node differs from the same one of a former execution (changed-nodes.ts). */
export type NodeChange = 'SAME' | 'NEW' | 'CHANGED' | 'INPUT_CHANGED' | 'FOLLOWS';

export interface RetryStep {
  nodeKey: string;
  /** REUSE: its output is taken over. SKIP: it was skipped, and will be again. RUN: it runs, where its inputs come. */
  action: 'REUSE' | 'SKIP' | 'RUN';
  /** Why it runs; null where it does not. */
  reason: Exclude<NodeChange, 'SAME'> | 'NOT_SUCCEEDED' | null;
  /** Of a list that runs: the items whose output is taken over. */
  items: number[];
}

/**
 * What a retry from the failure takes over from the former execution, and what it runs. Pure. Reused is every node that
 * ended well, is the same, and follows only nodes that are reused; of a list that did not end well, the items that did. A
 * list that follows other nodes may not be the same, so none of its items is reused.
 */
export function planRetry(
  graph: Graph,
  former: RunState,
  changes: ReadonlyMap<string, NodeChange>,
): RetryStep[] {
  const running = new Set<string>();
  return graph.order.map((nodeKey): RetryStep => {
    const run = former.nodes.get(nodeKey) ?? newRun();
    const change = changes.get(nodeKey)!;
    const follows = graph.nodes.get(nodeKey)!.incoming.some(({ source }) => running.has(source));
    const runs = (reason: RetryStep['reason'], items: number[] = []): RetryStep => {
      running.add(nodeKey);
      return { nodeKey, action: 'RUN', reason, items };
    };
    if (change !== 'SAME') return runs(change);
    if (follows) return runs('FOLLOWS');
    if (isDone(run)) return { nodeKey, action: 'REUSE', reason: null, items: [] };
    if (run.status === 'SKIPPED') return { nodeKey, action: 'SKIP', reason: null, items: [] };
    const items = [...run.items].filter(([, item]) => isDone(item)).map(([item]) => item);
    return runs('NOT_SUCCEEDED', items);
  });
}
