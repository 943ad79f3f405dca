/**
 * A workflow's graph as the engine sees it: nodes by key, and for each the edges that arrive and leave. Pure;
 * knows nothing of node types.
 */
export interface Graph {
  nodes: ReadonlyMap<string, GraphNode>;
  /** In the order in which a node comes after all that it depends on. */
  order: readonly string[];
}

export interface GraphNode {
  key: string;
  incoming: readonly Edge[];
  outgoing: readonly Edge[];
}

export interface Edge {
  source: string;
  sourceHandle: string;
  target: string;
  /** Null where the edge names none. */
  targetHandle: string | null;
}

/** The graph must have been validated: edges between existing nodes, no cycle. */
export function makeGraph(keys: readonly string[], edges: readonly Edge[]): Graph {
  const entries = keys.map((key): [string, GraphNode] => [
    key,
    {
      key,
      incoming: edges.filter(({ target }) => target === key),
      outgoing: edges.filter(({ source }) => source === key),
    },
  ]);
  const byKey = new Map(entries);
  const { order, cycle } = topologicalOrder(keys, edges);
  if (cycle.length > 0) throw new Error(`The graph has a cycle: ${cycle.join(' → ')}`);
  return { nodes: byKey, order };
}

/** Kahn's algorithm; `cycle` names the nodes of one cycle, its first node again at the end, or is empty. */
function topologicalOrder(
  keys: readonly string[],
  edges: readonly Pick<Edge, 'source' | 'target'>[],
): { order: string[]; cycle: string[] } {
  const waitingFor = new Map(keys.map((key) => [key, 0]));
  const targets = new Map<string, string[]>(keys.map((key) => [key, []]));
  for (const { source, target } of edges) {
    targets.get(source)!.push(target);
    waitingFor.set(target, waitingFor.get(target)! + 1);
  }
  const order = keys.filter((key) => waitingFor.get(key) === 0);
  for (const key of order) {
    for (const target of targets.get(key)!) {
      const left = waitingFor.get(target)! - 1;
      waitingFor.set(target, left);
      if (left === 0) order.push(target);
    }
  }
  const rest = new Set(keys.filter((key) => waitingFor.get(key)! > 0));
  return { order, cycle: rest.size === 0 ? [] : findCycle(rest, edges) };
}

/** Cycles that have no node in common, one or more wherever the graph goes in a circle. */
export function findCycles(
  keys: readonly string[],
  edges: readonly Pick<Edge, 'source' | 'target'>[],
): string[][] {
  const cycles: string[][] = [];
  const left = new Set(keys);
  for (;;) {
    const within = edges.filter(({ source, target }) => left.has(source) && left.has(target));
    const { cycle } = topologicalOrder([...left], within);
    if (cycle.length === 0) return cycles;
    cycles.push(cycle);
    for (const key of cycle) left.delete(key);
  }
}

/** Every node of `rest` has a source within it, so walking backwards must come round. */
function findCycle(rest: ReadonlySet<string>, edges: readonly Pick<Edge, 'source' | 'target'>[]): string[] {
  const path: string[] = [];
  let key = rest.values().next().value!;
  while (!path.includes(key)) {
    path.push(key);
    const current = key;
    key = edges.find(({ source, target }) => target === current && rest.has(source))!.source;
  }
  return [...path.slice(path.indexOf(key)), key].reverse();
}

/** Nodes that none of the starts leads to. */
export function unreachable(
  keys: readonly string[],
  starts: readonly string[],
  edges: readonly Pick<Edge, 'source' | 'target'>[],
): string[] {
  const reached = new Set(starts);
  for (const key of reached) {
    for (const { source, target } of edges) if (source === key) reached.add(target);
  }
  return keys.filter((key) => !reached.has(key));
}
