import type { Edge, Graph, GraphNode } from '../engine/graph.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';

/**
 * What must have happened where a node starts: for each source, the handles of which it must have emitted on one. A node
 * emits on one handle alone, by `error` where it fails, so conditions that leave it none cannot hold.
 */
export type Conditions = ReadonlyMap<string, ReadonlySet<string>>;

export interface StartConditions {
  /** A node that could emit on no handle if all of these held; null where they may hold together. */
  conflict(all: readonly Conditions[]): string | null;
  /** Null for a node that can never start. */
  of(nodeKey: string): Conditions | null;
  /** That the source starts and emits on this edge's handle. */
  ofEdge(edge: Edge): Conditions | null;
  /** That one of these edges is live. */
  ofAny(edges: readonly Edge[]): Conditions | null;
}

/**
 * Derives the conditions of each node, in the order of the graph: those of all of its inputs, and of alternatives what
 * they have in common. Each condition is necessary, so that what contradicts itself can never happen in a run; whether
 * what does not contradict itself can happen is not known, as that is a matter of expressions and data.
 *
 * @param budget operations, a tenth of a second; past that null, for graphs that no author has drawn
 */
export function findStartConditions(graph: Graph, budget = 500_000): StartConditions | null {
  const forks = findForks(graph);
  const known = new Map<string, Conditions | null>();
  const without: Conditions = new Map();
  let spent = 0;
  const conditions: StartConditions = { conflict, of: (key) => known.get(key) ?? null, ofEdge, ofAny };
  for (const key of graph.order) {
    known.set(key, ofNode(graph.nodes.get(key)!));
    if (spent > budget) return null;
  }
  return conditions;

  function ofNode({ join, incoming, inputs }: GraphNode): Conditions | null {
    if (incoming.length === 0) return without;
    return join === 'ANY' ? ofAny(incoming) : ofAll(inputs.map(ofAny));
  }

  function ofEdge({ source, sourceHandle }: Edge): Conditions | null {
    const before = known.get(source) ?? null;
    if (before === null || !forks.has(source)) return before;
    spent += before.size;
    return new Map(before).set(source, new Set([sourceHandle]));
  }

  function ofAny(edges: readonly Edge[]): Conditions | null {
    const possible = edges.map(ofEdge).filter((each) => each !== null);
    return possible.length === 0 ? null : possible.reduce(either);
  }

  function ofAll(all: readonly (Conditions | null)[]): Conditions | null {
    const needed = all.filter((each) => each !== null);
    return needed.length < all.length || conflict(needed) !== null ? null : needed.reduce(both);
  }

  function either(a: Conditions, b: Conditions): Conditions {
    if (a === b) return a;
    spent += a.size;
    const common = [...a].filter(([key]) => b.has(key));
    return new Map(common.map(([key, handles]) => [key, union(handles, b.get(key)!)]));
  }

  function both(a: Conditions, b: Conditions): Conditions {
    if (a === b) return a;
    spent += a.size + b.size;
    const merged = new Map(a);
    for (const [key, handles] of b) {
      const other = merged.get(key);
      merged.set(key, other === undefined ? handles : intersection(other, handles));
    }
    return merged;
  }

  function conflict(all: readonly Conditions[]): string | null {
    const left = new Map<string, ReadonlySet<string>>();
    for (const each of all) {
      spent += each.size;
      for (const [key, handles] of each) {
        const before = left.get(key);
        const rest = before === undefined ? handles : intersection(before, handles);
        if (rest.size === 0) return key;
        left.set(key, rest);
      }
    }
    return null;
  }
}

/** Nodes whose handle decides anything: of which edges leave by several handles, or by `error`. */
function findForks({ nodes }: Graph): Set<string> {
  const forks = new Set<string>();
  for (const { key, outgoing } of nodes.values()) {
    const handles = new Set(outgoing.map(({ sourceHandle }) => sourceHandle));
    if (handles.size > 1 || handles.has(ERROR_HANDLE_ID)) forks.add(key);
  }
  return forks;
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return a === b ? a : new Set([...a, ...b]);
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return a === b ? a : new Set([...a].filter((handle) => b.has(handle)));
}
