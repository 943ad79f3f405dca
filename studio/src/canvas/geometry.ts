import type { NodeDefinition } from '@weft/client';
import type { CanvasNode, Position } from './types.ts';

/** A place on a node where edges begin or end, px from the node's top left corner. */
export interface PlacedHandle {
  id: string;
  label: string;
  description: string | null;
  role: 'input' | 'output' | 'error';
  /** An edge names it, and the node's type does not have it. */
  isUnknown: boolean;
  /** Whether it has a row of its own, with its label. */
  hasRow: boolean;
  x: number;
  y: number;
}

export interface NodeGeometry {
  width: number;
  height: number;
  handles: readonly PlacedHandle[];
}

/** What the edges of a node use of it. */
export interface HandleUse {
  /** The `sourceHandle`s of edges that begin here and name one. */
  outputs: readonly string[];
  isTarget: boolean;
}

/**
 * The size of a node and the places of its handles, without a browser: React Flow measures nothing, so that nodes out of
 * sight are never drawn. Inputs left, outputs right, `error` below. canvas.css has the same figures.
 */
export function nodeGeometry(
  node: CanvasNode,
  definition: NodeDefinition | undefined,
  use: HandleUse,
): NodeGeometry {
  const { inputs, outputs, error } = handlesOf(node, definition, use);
  const rows = Math.max(inputs.length > 1 ? inputs.length : 0, outputs.length > 1 ? outputs.length : 0);
  const height = headerHeight + (rows === 0 ? 0 : rows * rowHeight + rowsPadding);
  const place = (x: number) => (handle: BareHandle, index: number, all: BareHandle[]) => ({
    ...handle,
    hasRow: all.length > 1,
    x,
    y: all.length > 1 ? headerHeight + index * rowHeight + rowHeight / 2 : headerHeight / 2,
  });
  return {
    width: nodeWidth,
    height,
    handles: [
      ...inputs.map(place(0)),
      ...outputs.map(place(nodeWidth)),
      ...(error === null ? [] : [{ ...error, hasRow: false, x: nodeWidth - errorInset, y: height }]),
    ],
  };
}

export const nodeWidth = 224;
const headerHeight = 56;
const rowHeight = 22;
const rowsPadding = 8;
const errorInset = 36;

type BareHandle = Omit<PlacedHandle, 'x' | 'y' | 'hasRow'>;

/**
 * The handles of a node. The definition lists those of an empty configuration; a field that is drawn by the widget
 * `cases` has one more output for each of its items.
 */
export function handlesOf(
  { config }: CanvasNode,
  definition: NodeDefinition | undefined,
  use: HandleUse,
): { inputs: BareHandle[]; outputs: BareHandle[]; error: BareHandle | null } {
  const bare = (role: BareHandle['role']) => (handle: NodeDefinition['inputs'][number]) => ({
    id: handle.id,
    label: handle.label,
    description: handle.description ?? null,
    role,
    isUnknown: false,
  });
  const named = (id: string) => bare('output')({ id, label: id, description: null });
  const inputs = (definition?.inputs ?? []).map(bare('input'));
  if (inputs.length === 0 && (use.isTarget || definition === undefined))
    inputs.push({ ...bare('input')({ ...unknownInput }), isUnknown: definition !== undefined });

  const cases = caseHandles(config, definition).map(named);
  const outputs = [...cases, ...(definition?.outputs ?? []).map(bare('output'))];
  const error = definition?.errorHandle ? bare('error')(definition.errorHandle) : null;
  const known = new Set([...outputs.map(({ id }) => id), error?.id]);
  const strays = [...new Set(use.outputs)].filter((id) => !known.has(id));
  if (definition === undefined && strays.length === 0) strays.push('output');
  outputs.push(...strays.map((id) => ({ ...named(id), isUnknown: definition !== undefined })));
  return { inputs, outputs, error };
}

const unknownInput = { id: 'input', label: 'Input', description: null };

function caseHandles(config: unknown, definition: NodeDefinition | undefined): string[] {
  const values = (config ?? {}) as Record<string, unknown>;
  const items = (definition?.fields ?? [])
    .filter(({ widget }) => widget === 'cases')
    .flatMap(({ name }) => (Array.isArray(values[name]) ? (values[name] as unknown[]) : []));
  const handles = items.map((item) => (item as { handle?: unknown } | null)?.handle);
  return [...new Set(handles.filter((handle) => typeof handle === 'string' && handle !== ''))] as string[];
}

/** How the edges use each node, by its key. */
export function handleUses(
  edges: readonly { source: string; sourceHandle?: string | null | undefined; target: string }[],
): Map<string, HandleUse> {
  const uses = new Map<string, { outputs: string[]; isTarget: boolean }>();
  const entryOf = (key: string) => {
    const known = uses.get(key) ?? { outputs: [], isTarget: false };
    uses.set(key, known);
    return known;
  };
  for (const { source, sourceHandle, target } of edges) {
    if (sourceHandle != null) entryOf(source).outputs.push(sourceHandle);
    entryOf(target).isTarget = true;
  }
  return uses;
}

export const noUse: HandleUse = { outputs: [], isTarget: false };

/** Whole pixels, which is what a workflow keeps. */
export function roundedOf({ x, y }: Position): Position {
  return { x: Math.round(x), y: Math.round(y) };
}
