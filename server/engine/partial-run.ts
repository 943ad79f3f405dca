import type { EventBody } from '../journal/event.ts';
import type { RunState } from './fold.ts';
import { closure, type Graph } from './graph.ts';
import type { Plan } from './plan.ts';

/** What an execution runs where it is not the whole workflow, and what stands in for the rest. */
export interface PartialRun {
  /** The nodes to start at: they run, and what follows them. Empty for the whole workflow. */
  from: readonly string[];
  /** The nodes to run to: they run, and what leads to them. Empty for the whole workflow. */
  to: readonly string[];
  /** In the order in which they count as ended, by which a join chooses among alternatives. */
  pinned: readonly PinnedOutput[];
}

/** The node, or the item of its list, does not run: it has emitted this already. */
export interface PinnedOutput {
  nodeKey: string;
  /** Null for the node as a whole; missing in rows of releases that pinned no items. */
  item?: number | null;
  handle: string;
  output: unknown;
  /** The execution that it is from; null where whoever started this one gave it. */
  executionId: string | null;
}

/** The nodes that run. What leads to a node that is pinned need not run for the nodes of `to`. */
export function chosenNodes({ nodes, order }: Graph, { from, to, pinned }: PartialRun): Set<string> {
  const isPinned = pinnedNodes(pinned);
  const known = (keys: readonly string[]) =>
    (keys.length === 0 ? order : keys).filter((key) => nodes.has(key));
  const following = closure(known(from), (key) => nodes.get(key)!.outgoing.map(({ target }) => target));
  const sourcesOf = (key: string) =>
    isPinned.has(key) ? [] : nodes.get(key)!.incoming.map(({ source }) => source);
  const leading = closure(known(to), sourcesOf);
  return new Set(order.filter((key) => following.has(key) && leading.has(key) && !isPinned.has(key)));
}

/** Those that are pinned as a whole. */
export function pinnedNodes(pinned: readonly PinnedOutput[]): Set<string> {
  return new Set(pinned.filter(({ item }) => item == null).map(({ nodeKey }) => nodeKey));
}

/**
 * The plan with the outputs that the execution can have: those of `to`; else those of the workflow that run or are pinned;
 * else those of the last nodes that run. A schema fits only the output of the whole.
 */
export function narrowPlan(plan: Plan, partial: PartialRun): Plan {
  const { graph } = plan;
  const chosen = chosenNodes(graph, partial);
  const isPinned = pinnedNodes(partial.pinned);
  const isThere = (key: string) => chosen.has(key) || isPinned.has(key);
  const isLast = (key: string) => !graph.nodes.get(key)!.outgoing.some(({ target }) => chosen.has(target));
  const declared = plan.outputs.filter(isThere);
  const ofRest = declared.length > 0 ? declared : [...chosen].filter(isLast);
  const outputs = partial.to.length > 0 ? partial.to.filter((key) => graph.nodes.has(key)) : ofRest;
  const isWhole =
    plan.outputs.length === outputs.length && plan.outputs.every((key) => outputs.includes(key));
  return { ...plan, outputs, outputSchema: isWhole ? plan.outputSchema : null };
}

/**
 * How the journal begins: the nodes and items that are pinned, and the nodes that are left out; without those that `state`
 * has already.
 */
export function partialEvents({ graph }: Plan, partial: PartialRun, state: RunState): EventBody[] {
  const chosen = chosenNodes(graph, partial);
  const pins = partial.pinned.filter(({ nodeKey }) => graph.nodes.has(nodeKey));
  const isPinned = pinnedNodes(pins);
  const isNewPin = ({ nodeKey, item }: PinnedOutput) => {
    const run = state.nodes.get(nodeKey);
    return run === undefined || (item != null && !run.items.has(item));
  };
  const isNew = (key: string) => !state.nodes.has(key);
  const left = graph.order.filter((key) => !chosen.has(key) && !isPinned.has(key) && isNew(key));
  return [
    ...pins.filter(isNewPin).map(({ nodeKey, item = null, handle, output, executionId }): EventBody => {
      const pinned = { executionId };
      return { type: 'NodeReused', nodeKey, item, attempt: 0, output, handle, pinned };
    }),
    ...left.map((nodeKey): EventBody => {
      return { type: 'NodeSkipped', nodeKey, attempt: 0, because: [], isLeftOut: true };
    }),
  ];
}
