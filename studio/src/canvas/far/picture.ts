import { getBezierPath } from '@xyflow/react';
import { nodeName } from '../../data/node-name.ts';
import { statusTone } from '../../ui/status-badge.tsx';
import { type FlowEdge, type FlowNode, sideOf } from '../flow-elements.ts';
import { categoryColour } from '../looks.ts';
import type { Position } from '../types.ts';

/** A workflow as a few paths, in the canvas's own coordinates. Colours are CSS values, mostly variables. */
export interface Picture {
  strokes: Stroke[];
  fills: Fill[];
  /** The outlines of what is chosen, and nodes' borders. */
  outlines: Stroke[];
  names: { text: string; x: number; y: number }[];
  edges: ReadonlyMap<string, Path2D>;
}

interface Stroke {
  colour: string;
  width: number;
  dash: readonly number[];
  alpha: number;
  path: Path2D;
}

interface Fill {
  colour: string;
  path: Path2D;
}

export function makePicture(nodes: readonly FlowNode[], edges: readonly FlowEdge[]): Picture {
  const strokes = new Grouped<Omit<Stroke, 'path'>>();
  const outlines = new Grouped<Omit<Stroke, 'path'>>();
  const [bodies, icons, badges] = [
    new Grouped<{ colour: string }>(),
    new Grouped<{ colour: string }>(),
    new Grouped<{ colour: string }>(),
  ];
  const names: Picture['names'] = [];
  for (const node of nodes) {
    const { data, position, width = 0, height = 0 } = node;
    const { x, y } = position;
    const { fill, border } = bodyOf(node);
    const box = [x, y, width, height, 10] as const;
    bodies.pathOf({ colour: fill }).roundRect(...box);
    outlines.pathOf({ ...plain, ...border }).roundRect(...box);
    if (node.selected === true)
      outlines
        .pathOf({ ...plain, colour: 'var(--weft-accent)', width: 3 })
        .roundRect(x - 4, y - 4, width + 8, height + 8, 13);
    icons.pathOf({ colour: categoryColour(data.definition?.category) }).roundRect(x + 10, y + 11, 34, 34, 8);
    const severity = data.problems.some((problem) => problem.severity === 'error') ? 'failure' : 'waiting';
    if (data.problems.length > 0)
      badges.pathOf({ colour: `var(--weft-${severity}-fill)` }).roundRect(x + width - 34, y - 9, 24, 18, 9);
    names.push({ text: nodeName(data.node), x: x + 54, y: y + 28 });
  }
  const paths = edgePaths(nodes, edges);
  for (const edge of edges) {
    const path = paths.get(edge.id);
    if (path) strokes.pathOf({ ...plain, ...edgeLook(edge) }).addPath(path);
  }
  return {
    strokes: strokes.all(),
    fills: [...bodies.all(), ...icons.all(), ...badges.all()],
    outlines: outlines.all(),
    names,
    edges: paths,
  };
}

const plain = { width: 1.5, dash: [] as readonly number[], alpha: 1 };

/** As node-view.tsx and its styles have it, with a background for a state: from afar a border alone is not seen. */
function bodyOf({ data: { status, mark, definition } }: FlowNode): {
  fill: string;
  border: { colour: string; width: number };
} {
  const tone = mark ? markTones[mark] : status && statusTone(status);
  if (tone !== undefined && tone !== 'neutral')
    return {
      fill: `var(--weft-${tone}-soft)`,
      border: { colour: `var(--weft-${tone}-fill)`, width: mark ? 3 : 2 },
    };
  const fill = status !== undefined || definition === undefined ? 'var(--weft-sunken)' : 'var(--weft-raised)';
  return { fill, border: { colour: 'var(--weft-line-strong)', width: 1 } };
}

const markTones = { added: 'success', removed: 'failure', changed: 'waiting' } as const;

function edgeLook({ data, selected }: FlowEdge): Partial<Stroke> & { colour: string } {
  const { kind = 'plain', flow = 'none' } = data ?? {};
  const alpha = flow === 'dim' ? 0.4 : 1;
  if (selected) return { colour: 'var(--weft-accent)', width: 3, alpha };
  if (kind === 'error') return { colour: 'var(--weft-failure-fill)', dash: [5, 4], alpha };
  if (flow === 'done') return { colour: 'var(--weft-success-fill)', alpha };
  if (flow === 'moving') return { colour: 'var(--weft-running-fill)', dash: [6, 5], alpha };
  if (kind === 'stray') return { colour: 'var(--weft-waiting-fill)', dash: [2, 4], alpha };
  return { colour: 'var(--xy-edge-stroke)', alpha };
}

function edgePaths(nodes: readonly FlowNode[], edges: readonly FlowEdge[]): Map<string, Path2D> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const paths = new Map<string, Path2D>();
  for (const { id, source, target, sourceHandle, targetHandle } of edges) {
    const from = endOf(byId.get(source), 'output', sourceHandle);
    const to = endOf(byId.get(target), 'input', targetHandle);
    if (from === undefined || to === undefined) continue;
    const [path] = getBezierPath({
      sourceX: from.x,
      sourceY: from.y,
      sourcePosition: from.side,
      targetX: to.x,
      targetY: to.y,
      targetPosition: to.side,
    });
    paths.set(id, new Path2D(path));
  }
  return paths;
}

function endOf(node: FlowNode | undefined, end: 'input' | 'output', id: string | null | undefined) {
  const handles = node?.data.geometry.handles.filter(({ role }) => (role === 'input') === (end === 'input'));
  const handle = handles?.find((each) => each.id === id) ?? handles?.[0];
  if (node === undefined || handle === undefined) return undefined;
  return { x: node.position.x + handle.x, y: node.position.y + handle.y, side: sideOf(handle.role) };
}

/** The topmost node at a place; `margin` around a node counts as the node. */
export function nodeAt(nodes: readonly FlowNode[], { x, y }: Position, margin: number): FlowNode | undefined {
  return nodes.findLast(
    ({ position, width = 0, height = 0 }) =>
      x >= position.x - margin &&
      y >= position.y - margin &&
      x <= position.x + width + margin &&
      y <= position.y + height + margin,
  );
}

/** One path for all that looks alike. */
class Grouped<Look extends object> {
  readonly #paths = new Map<string, Look & { path: Path2D }>();

  pathOf(look: Look): Path2D {
    const key = JSON.stringify(look);
    const known = this.#paths.get(key) ?? { ...look, path: new Path2D() };
    this.#paths.set(key, known);
    return known.path;
  }

  all(): (Look & { path: Path2D })[] {
    return [...this.#paths.values()];
  }
}
