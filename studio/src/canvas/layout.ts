import dagre from '@dagrejs/dagre';
import type { CanvasEdge, Position } from './types.ts';

export interface LayoutNode {
  key: string;
  width: number;
  height: number;
  position?: Position | null | undefined;
}

/** A place for each node, left to right along the edges. The same graph always gets the same places. */
export function layoutNodes(
  nodes: readonly LayoutNode[],
  edges: readonly CanvasEdge[],
): Map<string, Position> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({
    rankdir: 'LR',
    ranksep: 64,
    nodesep: 44,
    // Its default, network simplex, takes seconds for a thousand nodes.
    ranker: nodes.length > 200 ? 'longest-path' : 'network-simplex',
  });
  graph.setDefaultEdgeLabel(() => ({}));
  // By number: a key such as `__proto__` is a key like any other.
  const numbers = new Map(nodes.map(({ key }, index) => [key, String(index)]));
  for (const { key, width, height } of nodes) graph.setNode(numbers.get(key)!, { width, height });
  for (const { source, target } of edges) {
    const [from, to] = [numbers.get(source), numbers.get(target)];
    if (from !== undefined && to !== undefined && from !== to) graph.setEdge(from, to);
  }
  dagre.layout(graph);
  return new Map(
    nodes.map(({ key, width, height }) => {
      const { x, y } = graph.node(numbers.get(key)!) as Position;
      return [key, { x: Math.round(x - width / 2), y: Math.round(y - height / 2) }];
    }),
  );
}

/** The places of all nodes: their own, and for those that have none a layout below the others. */
export function placeNodes(
  nodes: readonly LayoutNode[],
  edges: readonly CanvasEdge[],
): Map<string, Position> {
  const placed = nodes.filter(({ position }) => isPosition(position));
  const rest = nodes.filter(({ position }) => !isPosition(position));
  const places = new Map(placed.map(({ key, position }) => [key, position as Position]));
  if (rest.length === 0) return places;
  const layout = layoutNodes(rest, edges);
  const left = placed.length === 0 ? 0 : Math.min(...placed.map(({ position }) => position!.x));
  const top =
    placed.length === 0 ? 0 : Math.max(...placed.map(({ position, height }) => position!.y + height)) + 64;
  for (const [key, { x, y }] of layout) places.set(key, { x: left + x, y: top + y });
  return places;
}

function isPosition(position: Position | null | undefined): boolean {
  return position != null && Number.isFinite(position.x) && Number.isFinite(position.y);
}
