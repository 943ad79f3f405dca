import type { NodeExecutionStatus } from '@weft/client';

/** What the canvas draws: a version of a workflow as the API gives it, or one that is being written. */
export interface CanvasWorkflow {
  nodes: readonly CanvasNode[];
  edges: readonly CanvasEdge[];
}

export interface CanvasNode {
  key: string;
  type: string;
  name?: string | null | undefined;
  config?: unknown;
  /** Where there is none, the automatic layout places it. */
  position?: Position | null | undefined;
  /** ALL where there is none. */
  join?: 'ALL' | 'ANY' | null | undefined;
  retry?: unknown;
  forEach?: unknown;
}

export interface CanvasEdge {
  source: string;
  sourceHandle?: string | null | undefined;
  target: string;
  targetHandle?: string | null | undefined;
}

export interface Position {
  x: number;
  y: number;
}

/** How a node stands in a run; `useExecution(id).nodes` fits. */
export interface CanvasNodeState {
  status: NodeExecutionStatus;
  progress?: { current: number; total: number | null } | null;
}

/** Something that is wrong with a node, or may be. */
export interface CanvasProblem {
  nodeKey: string;
  severity: 'error' | 'warning';
  message: string;
}

/** How a node differs from another version. */
export type CanvasMark = 'added' | 'removed' | 'changed';

/** Keys of nodes, and ids of edges as `edgeIds` gives them. */
export interface CanvasSelection {
  nodes: readonly string[];
  edges: readonly string[];
}

/** What a person did on the canvas. It draws what its `workflow` says: the caller applies the change. */
export type CanvasChange =
  | { kind: 'add'; type: string; position: Position }
  | { kind: 'move'; positions: ReadonlyMap<string, Position> }
  | { kind: 'connect'; edge: CanvasEdge }
  | { kind: 'remove'; selection: CanvasSelection };

/** What a caller can do to the view. */
export interface CanvasView {
  /** The middle of what is seen, in the canvas's own coordinates. */
  center(): Position;
  /** Brings a node into view. */
  reveal(key: string): void;
  /** Shows all. */
  fit(): void;
  focus(): void;
}

export const emptySelection: CanvasSelection = { nodes: [], edges: [] };

/** An id for each edge, in their order; the same for the same ends, with a number where several have the same ends. */
export function edgeIds(edges: readonly CanvasEdge[]): string[] {
  const counts = new Map<string, number>();
  return edges.map(({ source, sourceHandle, target, targetHandle }) => {
    const id = `${source}:${sourceHandle ?? ''}>${target}:${targetHandle ?? ''}`;
    const count = counts.get(id) ?? 0;
    counts.set(id, count + 1);
    return count === 0 ? id : `${id}#${count}`;
  });
}
