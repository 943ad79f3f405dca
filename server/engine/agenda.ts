import type { RunState } from './fold.ts';
import type { Edge, Graph, GraphNode } from './graph.ts';
import { edgeState, handlesFailure } from './join.ts';

/**
 * Which nodes a step has to look at, so that a step costs what has changed and not the size of the graph. Follows from
 * the graph and the state alone: each end settles the edges that leave the node, and what they decide is noted here.
 */
export interface Agenda {
  /** Nodes that have not ended. */
  open: number;
  /** Nodes whose inputs are decided, until they have begun or are skipped. */
  decided: Map<string, 'ready' | 'skipped'>;
  /** Nodes that failed, where no edge handles that. */
  failed: string[];
}

interface Progress extends Agenda {
  graph: Graph;
  inputs: ReadonlyMap<Edge, Input>;
  /** How many of `state.ended` are taken account of. */
  seen: number;
}

/** Edges that are alternatives; for a join ANY, all edges of the node. */
interface Input {
  node: { key: string; awaited: number };
  /** Whether it is decided only when all of its edges are settled. */
  waitsForAll: boolean;
  open: number;
  isLive: boolean;
  isDecided: boolean;
}

/** A memo of a pure function: the ends that came since the last call are added to what was known. */
const known = new WeakMap<RunState, Progress>();

export function agendaOf(graph: Graph, state: RunState): Agenda {
  let progress = known.get(state);
  if (progress?.graph !== graph) {
    progress = beginning(graph);
    known.set(state, progress);
  }
  for (; progress.seen < state.ended.length; progress.seen++)
    settle(progress, graph.nodes.get(state.ended[progress.seen]!), state);
  return progress;
}

function beginning(graph: Graph): Progress {
  const inputs = new Map<Edge, Input>();
  const decided: Agenda['decided'] = new Map();
  for (const node of graph.nodes.values()) {
    if (node.incoming.length === 0) decided.set(node.key, 'ready');
    const waitsForAll = node.join === 'ANY';
    const groups = waitsForAll ? [node.incoming] : node.inputs;
    const target = { key: node.key, awaited: groups.length };
    for (const edges of groups) {
      const input = { node: target, waitsForAll, open: edges.length, isLive: false, isDecided: false };
      for (const edge of edges) inputs.set(edge, input);
    }
  }
  return { graph, inputs, decided, open: graph.nodes.size, failed: [], seen: 0 };
}

/** A node that has ended; undefined for one that is not of this graph. */
function settle(progress: Progress, node: GraphNode | undefined, state: RunState): void {
  if (node === undefined) return;
  progress.open -= 1;
  progress.decided.delete(node.key);
  if (state.nodes.get(node.key)!.status === 'FAILED' && !handlesFailure(node)) progress.failed.push(node.key);
  for (const edge of node.outgoing) {
    const input = progress.inputs.get(edge)!;
    input.open -= 1;
    input.isLive ||= edgeState(edge, state) === 'live';
    if (!input.isDecided && isDecided(input)) decide(input, progress.decided);
  }
}

function isDecided({ open, isLive, waitsForAll }: Input): boolean {
  return open === 0 || (isLive && !waitsForAll);
}

/** A node is ready when its last input has come, and skipped with the first that cannot come. */
function decide(input: Input, decided: Agenda['decided']): void {
  const { node, isLive } = input;
  input.isDecided = true;
  if (isLive) node.awaited -= 1;
  if (!isLive) decided.set(node.key, 'skipped');
  else if (node.awaited === 0) decided.set(node.key, 'ready');
}
