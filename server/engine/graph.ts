import type { Join } from '../nodes/draft.ts';

/**
 * A workflow's graph as the engine sees it: nodes by key, and for each the edges that arrive and leave. Pure;
 * knows nothing of node types.
 */
export interface Graph {
  nodes: ReadonlyMap<string, GraphNode>;
  /** Each node comes after all that it depends on. */
  order: readonly string[];
}

export interface GraphNode {
  key: string;
  /** Its place in `order`. */
  rank: number;
  join: Join;
  incoming: readonly Edge[];
  /** The incoming edges by the input that they are alternatives for. */
  inputs: readonly (readonly Edge[])[];
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
export function makeGraph(joins: readonly Pick<GraphNode, 'key' | 'join'>[], edges: readonly Edge[]): Graph {
  const keys = joins.map(({ key }) => key);
  const incomingOf = grouped(keys, edges, ({ target }) => target);
  const outgoing = grouped(keys, edges, ({ source }) => source);
  const nodes = new Map(
    joins.map(({ key, join }): [string, GraphNode] => {
      const incoming = incomingOf.get(key)!;
      return [
        key,
        { key, rank: 0, join, incoming, inputs: inputsOf(incoming), outgoing: outgoing.get(key)! },
      ];
    }),
  );
  const order = topologicalOrder(nodes);
  if (order.length < keys.length)
    throw new Error(`The graph has a cycle: ${findCycles(keys, edges, 1)[0]!.join(' → ')}`);
  for (const [rank, key] of order.entries()) nodes.get(key)!.rank = rank;
  return { nodes, order };
}

/** Edges that name the same target handle are alternatives for one input; one that names none is an input of its own. */
function inputsOf(incoming: readonly Edge[]): Edge[][] {
  const named = Map.groupBy(
    incoming.filter(({ targetHandle }) => targetHandle !== null),
    ({ targetHandle }) => targetHandle,
  );
  return incoming.flatMap((edge) => {
    if (edge.targetHandle === null) return [[edge]];
    const alternatives = named.get(edge.targetHandle)!;
    return alternatives[0] === edge ? [alternatives] : [];
  });
}

/** Kahn's algorithm; nodes on a cycle, and those that only a cycle leads to, are left out. */
function topologicalOrder(nodes: Graph['nodes']): string[] {
  const waitingFor = new Map([...nodes].map(([key, { incoming }]) => [key, incoming.length]));
  const order = [...nodes.keys()].filter((key) => waitingFor.get(key) === 0);
  for (const key of order) {
    for (const { target } of nodes.get(key)!.outgoing) {
      const left = waitingFor.get(target)! - 1;
      waitingFor.set(target, left);
      if (left === 0) order.push(target);
    }
  }
  return order;
}

type Ends = Pick<Edge, 'source' | 'target'>;

/**
 * Cycles that have no node in common, at least one where the graph has any, at most `most`; each repeats its first node
 * at its end. One depth-first walk over all edges: an edge that leads back onto the path closes a cycle.
 */
export function findCycles(keys: readonly string[], edges: readonly Ends[], most: number): string[][] {
  const outgoing = grouped(keys, edges, ({ source }) => source);
  const seen = new Set<string>();
  const path: { key: string; rest: Iterator<Ends> }[] = [];
  const onPath = new Set<string>();
  const inCycle = new Set<string>();
  const cycles: string[][] = [];

  for (const start of keys) {
    if (!seen.has(start)) enter(start);
    while (path.length > 0 && cycles.length < most) {
      const { key, rest } = path.at(-1)!;
      const { value: edge } = rest.next();
      if (edge === undefined) leave(key);
      else if (onPath.has(edge.target)) close(edge.target);
      else if (!seen.has(edge.target)) enter(edge.target);
    }
  }
  return cycles;

  function enter(key: string): void {
    seen.add(key);
    onPath.add(key);
    path.push({ key, rest: outgoing.get(key)!.values() });
  }

  function leave(key: string): void {
    onPath.delete(key);
    path.pop();
  }

  function close(first: string): void {
    const cycle = path.slice(path.findIndex(({ key }) => key === first)).map(({ key }) => key);
    if (cycle.some((key) => inCycle.has(key))) return;
    for (const key of cycle) inCycle.add(key);
    cycles.push([...cycle, first]);
  }
}

/** Nodes that none of the starts leads to. */
export function unreachable(
  keys: readonly string[],
  starts: readonly string[],
  edges: readonly Ends[],
): string[] {
  const outgoing = grouped(keys, edges, ({ source }) => source);
  const reached = closure(starts, (key) => outgoing.get(key)!.map(({ target }) => target));
  return keys.filter((key) => !reached.has(key));
}

/** Gives the nodes that lead to a node over any number of edges; computed once for each node. */
export function makeAncestors(edges: readonly Ends[]): (key: string) => ReadonlySet<string> {
  const incoming = Map.groupBy(edges, ({ target }) => target);
  const sources = new Map([...incoming].map(([key, those]) => [key, those.map(({ source }) => source)]));
  const sourcesOf = (key: string) => sources.get(key) ?? [];
  const known = new Map<string, ReadonlySet<string>>();
  return (key) => {
    const found = known.get(key) ?? closure(sourcesOf(key), sourcesOf);
    known.set(key, found);
    return found;
  };
}

/** The starts, and all that `next` leads to from them. */
export function closure(starts: readonly string[], next: (key: string) => readonly string[]): Set<string> {
  const found = new Set(starts);
  for (const key of found) for (const each of next(key)) found.add(each);
  return found;
}

/** The edges at each node; for some nodes an empty list. */
function grouped<E extends Ends>(
  keys: readonly string[],
  edges: readonly E[],
  endOf: (edge: E) => string,
): Map<string, E[]> {
  const groups = new Map<string, E[]>(keys.map((key) => [key, []]));
  for (const edge of edges) groups.get(endOf(edge))!.push(edge);
  return groups;
}
