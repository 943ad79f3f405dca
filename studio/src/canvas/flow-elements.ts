import type { NodeDefinition } from '@weft/client';
import { type Edge, type Node, type NodeHandle, Position as Side } from '@xyflow/react';
import { handleUses, type NodeGeometry, nodeGeometry, noUse, type PlacedHandle } from './geometry.ts';
import { placeNodes } from './layout.ts';
import {
  type CanvasEdge,
  type CanvasMark,
  type CanvasNode,
  type CanvasNodeState,
  type CanvasProblem,
  type CanvasSelection,
  type CanvasWorkflow,
  edgeIds,
  type Position,
} from './types.ts';

/** What React Flow is given for a node. */
export type FlowNode = Node<NodeData, 'weft'>;
export type FlowEdge = Edge<EdgeData, 'weft'>;

export interface NodeData extends Record<string, unknown> {
  node: CanvasNode;
  definition: NodeDefinition | undefined;
  geometry: NodeGeometry;
  status: CanvasNodeState['status'] | undefined;
  /** 0 to 1; null where there is progress without an end; undefined where there is none. */
  progress: number | null | undefined;
  problems: readonly CanvasProblem[];
  mark: CanvasMark | undefined;
  isReadOnly: boolean;
  /** Whether it starts with what comes of several edges; a join of one edge is none. */
  joinsAny: boolean;
  /** Whether an output stands in for it. */
  isPinned: boolean;
}

export interface EdgeData extends Record<string, unknown> {
  label: string | undefined;
  kind: 'plain' | 'error' | 'stray';
  /** `moving`: its source has ended and its target runs; `done`: both have been; `dim`: nothing came this way. */
  flow: 'moving' | 'done' | 'dim' | 'none';
}

export interface FlowInput {
  workflow: CanvasWorkflow;
  definitions: readonly NodeDefinition[];
  states: Readonly<Record<string, CanvasNodeState>> | undefined;
  problems: readonly CanvasProblem[] | undefined;
  marks: ReadonlyMap<string, CanvasMark> | undefined;
  pinned: ReadonlySet<string> | undefined;
  selected: CanvasSelection;
  isReadOnly: boolean;
}

export interface FlowElements {
  nodes: FlowNode[];
  edges: FlowEdge[];
}

/**
 * Turns a workflow into React Flow's nodes and edges. What has not changed since the last call stays the same object:
 * React Flow and the memoised views skip it, which is what makes a thousand nodes editable.
 */
export function makeFlowElements(): (input: FlowInput) => FlowElements {
  const geometries = makeGeometries();
  const places = makePlaces();
  let nodes = new Map<string, { from: unknown[]; node: FlowNode }>();
  let edges = new Map<string, { from: unknown[]; edge: FlowEdge }>();
  let last: FlowElements = { nodes: [], edges: [] };

  return (input) => {
    const { workflow, definitions, states, problems, marks, pinned, selected, isReadOnly } = input;
    const types = new Map(definitions.map((definition) => [definition.type, definition]));
    const shapes = geometries(workflow, types);
    const positions = places(workflow, shapes);
    const problemsOf = groupProblems(problems);
    const incoming = countByTarget(workflow.edges);
    const selectedNodes = new Set(selected.nodes);
    const selectedEdges = new Set(selected.edges);
    const stateOf = (key: string) => (states && Object.hasOwn(states, key) ? states[key] : undefined);

    const nextNodes: typeof nodes = new Map();
    for (const node of workflow.nodes) {
      if (nextNodes.has(node.key)) continue; // A key twice: the second is a problem of the list, not of the canvas.
      const geometry = shapes.get(node.key)!;
      const state = stateOf(node.key);
      const data: NodeData = {
        node,
        definition: types.get(node.type),
        geometry,
        status: state?.status,
        progress: progressOf(state),
        problems: problemsOf.get(node.key) ?? noProblems,
        mark: marks?.get(node.key),
        isReadOnly,
        joinsAny: (types.get(node.type)?.join ?? node.join) === 'ANY' && (incoming.get(node.key) ?? 0) > 1,
        isPinned: pinned?.has(node.key) ?? false,
      };
      const { x, y } = positions.get(node.key)!;
      const isSelected = selectedNodes.has(node.key);
      const from = [...Object.values(data), x, y, isSelected];
      const known = nodes.get(node.key);
      nextNodes.set(
        node.key,
        known && isSame(known.from, from)
          ? known
          : { from, node: toFlowNode(data, { x, y }, isSelected, known?.node) },
      );
    }
    nodes = nextNodes;

    const nextEdges: typeof edges = new Map();
    const ids = edgeIds(workflow.edges);
    workflow.edges.forEach((edge, index) => {
      const [source, target] = [shapes.get(edge.source), shapes.get(edge.target)];
      if (source === undefined || target === undefined) return; // The list of problems says that it leads nowhere.
      const id = ids[index]!;
      const ends = endsOf(edge, source, target);
      const flow = flowOf(stateOf(edge.source)?.status, stateOf(edge.target)?.status, ends.kind === 'error');
      const from = [ends.sourceHandle, ends.targetHandle, ends.label, ends.kind, flow, selectedEdges.has(id)];
      const known = edges.get(id);
      nextEdges.set(
        id,
        known && isSame(known.from, from)
          ? known
          : { from, edge: toFlowEdge(id, edge, ends, flow, selectedEdges.has(id)) },
      );
    });
    edges = nextEdges;
    last = {
      nodes: sameOr(
        last.nodes,
        [...nodes.values()].map(({ node }) => node),
      ),
      edges: sameOr(
        last.edges,
        [...edges.values()].map(({ edge }) => edge),
      ),
    };
    return last;
  };
}

const noProblems: readonly CanvasProblem[] = [];

/** The shape of each node; the same object until its type, configuration or use changes. */
function makeGeometries() {
  let known = new Map<string, { from: unknown[]; geometry: NodeGeometry }>();
  return ({ nodes, edges }: CanvasWorkflow, types: ReadonlyMap<string, NodeDefinition>) => {
    const uses = handleUses(edges);
    const next: typeof known = new Map();
    for (const node of nodes) {
      const use = uses.get(node.key) ?? noUse;
      const definition = types.get(node.type);
      const from = [definition, node.config, use.isTarget, use.outputs.join(' ')];
      const last = known.get(node.key);
      next.set(
        node.key,
        last && isSame(last.from, from) ? last : { from, geometry: nodeGeometry(node, definition, use) },
      );
    }
    known = next;
    return new Map([...next].map(([key, { geometry }]) => [key, geometry]));
  };
}

/** The place of each node. The automatic layout runs only where a node has no place, and again when the graph changes. */
function makePlaces() {
  let last: { signature: string; layout: Map<string, Position> } | undefined;
  return ({ nodes, edges }: CanvasWorkflow, shapes: ReadonlyMap<string, NodeGeometry>) => {
    const boxes = nodes.map(({ key, position }) => ({ key, position, ...shapes.get(key)! }));
    if (nodes.every(({ position }) => position != null)) return placeNodes(boxes, []);
    const signature = JSON.stringify([
      nodes.map(({ key, position }) => [key, position, shapes.get(key)!.height]),
      edgeIds(edges),
    ]);
    if (last?.signature !== signature) last = { signature, layout: placeNodes(boxes, edges) };
    return last.layout;
  };
}

function groupProblems(problems: readonly CanvasProblem[] | undefined): Map<string, CanvasProblem[]> {
  return Map.groupBy(problems ?? [], ({ nodeKey }) => nodeKey);
}

function countByTarget(edges: readonly CanvasEdge[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { target } of edges) counts.set(target, (counts.get(target) ?? 0) + 1);
  return counts;
}

function progressOf(state: CanvasNodeState | undefined): number | null | undefined {
  if (state?.status !== 'RUNNING' || state.progress == null) return undefined;
  const { current, total } = state.progress;
  return total === null || !(total > 0) ? null : Math.min(Math.max(current / total, 0), 1);
}

function toFlowNode(data: NodeData, position: Position, selected: boolean, last?: FlowNode): FlowNode {
  const { width, height, handles } = data.geometry;
  const isSameData = last !== undefined && isSame(Object.values(last.data), Object.values(data));
  return {
    id: data.node.key,
    type: 'weft',
    position,
    width,
    height,
    measured: { width, height },
    handles: handles.map(toNodeHandle),
    selected,
    data: isSameData ? last.data : data,
  };
}

/** The handle is a point: edges end at the node's very border. */
function toNodeHandle({ id, role, x, y }: PlacedHandle): NodeHandle {
  const type = role === 'input' ? 'target' : 'source';
  return { id, type, position: sideOf(role), x, y, width: 0, height: 0 };
}

export function sideOf(role: PlacedHandle['role']): Side {
  return { input: Side.Left, output: Side.Right, error: Side.Bottom }[role];
}

interface EdgeEnds {
  sourceHandle: string | undefined;
  targetHandle: string | undefined;
  label: string | undefined;
  kind: EdgeData['kind'];
}

/** An edge without a `sourceHandle` begins at the first; a `targetHandle` that is no handle is a name for the value. */
function endsOf(edge: CanvasEdge, source: NodeGeometry, target: NodeGeometry): EdgeEnds {
  const outputs = source.handles.filter(({ role }) => role !== 'input');
  const inputs = target.handles.filter(({ role }) => role === 'input');
  const from = outputs.find(({ id }) => id === (edge.sourceHandle ?? outputs[0]?.id));
  const to = inputs.find(({ id }) => id === edge.targetHandle) ?? inputs[0];
  const plainOutputs = outputs.filter(({ role }) => role === 'output').length;
  const handleLabel = from?.role === 'error' || plainOutputs > 1 ? from?.label : undefined;
  const valueName = edge.targetHandle != null && edge.targetHandle !== to?.id ? edge.targetHandle : undefined;
  const label = [handleLabel, valueName && `as ${valueName}`].filter(Boolean).join(' ');
  const isStray = from === undefined || from.isUnknown || to?.isUnknown !== false;
  return {
    sourceHandle: from?.id,
    targetHandle: to?.id,
    label: label === '' ? undefined : label,
    kind: from?.role === 'error' ? 'error' : isStray ? 'stray' : 'plain',
  };
}

function toFlowEdge(
  id: string,
  { source, target }: CanvasEdge,
  { sourceHandle, targetHandle, label, kind }: EdgeEnds,
  flow: EdgeData['flow'],
  selected: boolean,
): FlowEdge {
  return {
    id,
    type: 'weft',
    source,
    target,
    sourceHandle: sourceHandle ?? null,
    targetHandle: targetHandle ?? null,
    selected,
    data: { label, kind, flow },
  };
}

type Status = CanvasNodeState['status'] | undefined;

function flowOf(source: Status, target: Status, isError: boolean): EdgeData['flow'] {
  if (source === undefined && target === undefined) return 'none';
  const hasEmitted = isError ? source === 'FAILED' : source === 'SUCCEEDED' || source === 'REUSED';
  if (target === 'SKIPPED' || source === 'SKIPPED') return 'dim';
  if (!hasEmitted)
    return source === 'SUCCEEDED' || source === 'REUSED' || source === 'FAILED' ? 'dim' : 'none';
  if (target === 'RUNNING') return 'moving';
  return target === undefined || target === 'QUEUED' ? 'none' : 'done';
}

/** The list of before where it has the same items: React Flow then does not read it again. */
function sameOr<T>(before: T[], after: T[]): T[] {
  return isSame(before, after) ? before : after;
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}
