import { isDeepStrictEqual } from 'node:util';
import type { Plan, PlannedNode } from './plan.ts';
import type { NodeChange } from './retry-plan.ts';

/** What an execution runs, and over what. */
export interface Run {
  plan: Plan;
  input: unknown;
}

/**
 * How the nodes of a run differ from those of a former one. A node is the same where all that its output follows from is:
 * its type, configuration, join and list, the edges that lead to it, all of that of every node before it, and the input
 * of the execution. What does not matter: its name and place, how often it is attempted, how many items run at once.
 */
export function changedNodes(former: Run | null, current: Run): Map<string, NodeChange> {
  const changes = new Map<string, NodeChange>();
  const hasSameInput = former !== null && isDeepStrictEqual(former.input, current.input);
  for (const key of current.plan.graph.order) {
    const change = ownChange(former, current, key);
    const follows = sourcesOf(current, key).some((source) => changes.get(source) !== 'SAME');
    if (change !== 'SAME') changes.set(key, change);
    else if (!hasSameInput && readsInput(current, key)) changes.set(key, 'INPUT_CHANGED');
    else changes.set(key, follows ? 'FOLLOWS' : 'SAME');
  }
  return changes;
}

function ownChange(former: Run | null, current: Run, key: string): NodeChange {
  if (former === null || !former.plan.nodes.has(key)) return 'NEW';
  return isDeepStrictEqual(contentOf(former.plan, key), contentOf(current.plan, key)) ? 'SAME' : 'CHANGED';
}

function contentOf({ nodes, graph }: Plan, key: string): unknown[] {
  const node = nodes.get(key)!;
  const { join, incoming } = graph.nodes.get(key)!;
  const { items, onItemError } = node.forEach ?? {};
  const edges = incoming.map(({ source, sourceHandle, targetHandle }) => [
    source,
    sourceHandle,
    targetHandle,
  ]);
  // One edge is no join.
  return [node.definition.type, configOf(node), incoming.length > 1 && join, items, onItemError, edges];
}

/** With its defaults, so that to write one out is no change; as it is where it holds templates. */
function configOf({ definition, config }: PlannedNode): unknown {
  const parsed = definition.config.safeParse(config ?? {});
  return parsed.success ? parsed.data : (config ?? {});
}

/** Every other node has the execution's input by those before it, or follows them. */
function readsInput({ plan }: Run, key: string): boolean {
  return plan.graph.nodes.get(key)!.incoming.length === 0;
}

function sourcesOf({ plan }: Run, key: string): string[] {
  return plan.graph.nodes.get(key)!.incoming.map(({ source }) => source);
}
