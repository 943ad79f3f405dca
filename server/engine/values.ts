import { type Arrival, ERROR_HANDLE_ID, type ExpressionScope } from '../nodes/definition.ts';
import { isDone, type NodeRun, type RunState } from './fold.ts';
import type { Edge, Graph, GraphNode } from './graph.ts';
import { edgeState } from './join.ts';

export interface ExecutionInfo {
  id: string;
  workflowId: string | null;
  input: unknown;
  /** How long it may take from its start, milliseconds; null for as long as it does. */
  timeoutMs: number | null;
}

/**
 * A node's input, once it may start. Without incoming edges it is the execution's; one edge gives its value; several give
 * an object with one value for each edge of `liveEdges`. The key of each value is the edge's target handle, or the key
 * of its source where the edge names no handle or another of these edges has the same name.
 */
export function inputOf(graph: Graph, state: RunState, execution: ExecutionInfo, nodeKey: string): unknown {
  const known = inputs.get(state) ?? new Map<string, unknown>();
  inputs.set(state, known);
  if (!known.has(nodeKey)) known.set(nodeKey, gather(graph, state, execution, nodeKey));
  return known.get(nodeKey);
}

/** An error handle emits its node's input too: along a chain of such handles, gathering each input again would double the work. */
const inputs = new WeakMap<RunState, Map<string, unknown>>();

function gather(graph: Graph, state: RunState, execution: ExecutionInfo, nodeKey: string): unknown {
  const { incoming } = graph.nodes.get(nodeKey)!;
  if (incoming.length === 0) return execution.input;
  const arrivals = arrivalsOf(graph, state, execution, nodeKey);
  return incoming.length === 1
    ? arrivals[0]!.value
    : Object.fromEntries(arrivals.map(({ name, value }) => [name, value]));
}

/** What came to a node that may start, by name; see `inputOf`. */
export function arrivalsOf(
  graph: Graph,
  state: RunState,
  execution: ExecutionInfo,
  nodeKey: string,
): Arrival[] {
  const edges = liveEdges(graph.nodes.get(nodeKey)!, state);
  const names = edges.map(({ targetHandle, source }) => targetHandle ?? source);
  const isOwn = (name: string) => names.indexOf(name) === names.lastIndexOf(name);
  return edges.map((edge, index) => ({
    name: isOwn(names[index]!) ? names[index]! : edge.source,
    value: edgeValue(graph, state, execution, edge),
  }));
}

/**
 * The edges whose values are the node's input: with ANY all that are live. With ALL one for each input: of alternatives
 * the first to come, because the node does not wait for the others, and has to get the same value when it starts again.
 */
function liveEdges({ join, incoming, inputs }: GraphNode, state: RunState): Edge[] {
  const live = (edges: readonly Edge[]) => edges.filter((edge) => edgeState(edge, state) === 'live');
  if (join === 'ANY') return live(incoming);
  const endOrder = ({ source }: Edge) => state.nodes.get(source)!.endOrder!;
  return inputs.map((edges) => live(edges).reduce((a, b) => (endOrder(b) < endOrder(a) ? b : a)));
}

/**
 * What a node has emitted, and where; null for one that has not. The error handle emits the node's input too, which takes
 * the graph that the node ran in.
 */
export function emissionOf(
  graph: Graph | null,
  state: RunState,
  execution: ExecutionInfo,
  nodeKey: string,
): { handle: string; output: unknown } | null {
  const run = state.nodes.get(nodeKey);
  if (isDone(run)) return { handle: run!.handle!, output: run!.output };
  if (run?.status !== 'FAILED' || graph === null) return null;
  return { handle: ERROR_HANDLE_ID, output: failureValue(graph, state, execution, nodeKey) };
}

function edgeValue(graph: Graph, state: RunState, execution: ExecutionInfo, edge: Edge): unknown {
  const source = state.nodes.get(edge.source)!;
  return edge.sourceHandle === ERROR_HANDLE_ID && source.status === 'FAILED'
    ? failureValue(graph, state, execution, edge.source)
    : source.output;
}

function failureValue(graph: Graph, state: RunState, execution: ExecutionInfo, nodeKey: string): unknown {
  const run = state.nodes.get(nodeKey)!;
  return {
    error: { ...run.error, ...succeededItems(run) },
    input: inputOf(graph, state, execution, nodeKey),
  };
}

/** What a list had done before it failed by one of its items, so that no work is lost. */
function succeededItems({ items, error }: NodeRun): object {
  if (error?.item == null) return {};
  const done = [...items].filter(([, run]) => isDone(run)).sort(([a], [b]) => a - b);
  return { succeeded: done.map(([item, { output }]) => ({ item, output })) };
}

/**
 * What the expressions of a node see. `nodes` has those that have ended by now, and is made when something reads it: most
 * nodes read no other node's output, and a graph may have thousands.
 */
export function scopeOf(
  state: RunState,
  execution: ExecutionInfo,
  input: unknown,
  ofList: Pick<ExpressionScope, 'item' | 'index' | 'nodeInput'> = {},
): ExpressionScope {
  const ends = state.ended.length;
  return {
    input,
    get nodes() {
      const done = [...state.nodes].filter(([, run]) => isDone(run) && run.endOrder! < ends);
      return Object.fromEntries(done.map(([key, { output }]) => [key, { output }]));
    },
    execution: { id: execution.id, workflowId: execution.workflowId, input: execution.input },
    ...ofList,
  };
}

/** One output node gives its value; several an object by key, without those that did not run. */
export function executionOutput(state: RunState, outputs: readonly string[]): unknown {
  const value = (key: string) => state.nodes.get(key)?.output ?? null;
  if (outputs.length === 1) return value(outputs[0]!);
  const ran = outputs.filter((key) => isDone(state.nodes.get(key)));
  return Object.fromEntries(ran.map((key) => [key, value(key)]));
}
