import type { NodeDefinition } from '@weft/client';
import { type CanvasSelection, edgeIds, type Position } from '../../canvas/types.ts';
import { type DocumentEdge, type DocumentNode, freeKey, isEqual, type WorkflowDocument } from './document.ts';
import { renameInNode } from './references.ts';

export type Definitions = ReadonlyMap<string, NodeDefinition>;

/** Adds a node of a type, joined to the first output of `after` where one is given. */
export function addNode(
  document: WorkflowDocument,
  definition: NodeDefinition,
  position: Position,
  after?: string,
): { document: WorkflowDocument; key: string } {
  const key = freeKey(definition.type, keysOf(document));
  const config = firstConfig(definition);
  const node: DocumentNode = {
    key,
    type: definition.type,
    ...(Object.keys(config).length > 0 ? { config } : {}),
    position: freePlace(document, position),
  };
  const isJoined = after !== undefined && definition.inputs.length > 0 && keysOf(document).has(after);
  const edges = isJoined ? [...document.edges, { source: after, target: key }] : document.edges;
  return { document: { ...document, nodes: [...document.nodes, node], edges }, key };
}

/** What a node has before anybody has configured it: its defaults, and a line of Python where code is required. */
function firstConfig({ fields }: NodeDefinition): Record<string, unknown> {
  return Object.fromEntries(
    fields
      .filter(({ required }) => required)
      .flatMap(({ name, default: value, language }) =>
        value != null ? [[name, value]] : language === 'python' ? [[name, 'result = input_data\n']] : [],
      ),
  );
}

/** The place, or the next one below it that no node covers. */
function freePlace({ nodes }: WorkflowDocument, { x, y }: Position): Position {
  // As wide and as tall as nodes with a few handles are.
  const isTaken = (top: number) =>
    nodes.some(
      ({ position }) =>
        position && Math.abs(position.x - x) < 200 && position.y > top - 130 && position.y < top + 70,
    );
  let top = y;
  while (isTaken(top)) top += 100;
  return { x, y: top };
}

export function moveNodes(
  document: WorkflowDocument,
  positions: ReadonlyMap<string, Position>,
): WorkflowDocument {
  return mapNodes(document, (node) => {
    const position = positions.get(node.key);
    return position === undefined || isEqual(position, node.position) ? node : { ...node, position };
  });
}

/** The same document where the edge is there already, leads back to its own node, or leads from or to nothing. */
export function connect(document: WorkflowDocument, edge: DocumentEdge): WorkflowDocument {
  const keys = keysOf(document);
  const isKnown = document.edges.some((each) => isEqual(each, edge));
  if (isKnown || edge.source === edge.target || !keys.has(edge.source) || !keys.has(edge.target))
    return document;
  return { ...document, edges: [...document.edges, edge] };
}

/** Names the input that an edge leads to; null for the key of its source. */
export function nameInput(document: WorkflowDocument, edgeId: string, name: string | null): WorkflowDocument {
  const index = edgeIds(document.edges).indexOf(edgeId);
  const edge = document.edges[index];
  if (edge === undefined || (edge.targetHandle ?? null) === name) return document;
  const { targetHandle: _, ...rest } = edge;
  const named = name === null ? rest : { ...rest, targetHandle: name };
  return { ...document, edges: document.edges.with(index, named) };
}

/** Removes nodes with their edges, and edges. */
export function remove(document: WorkflowDocument, selection: CanvasSelection): WorkflowDocument {
  const nodes = new Set(selection.nodes);
  const edges = new Set(selection.edges);
  const ids = edgeIds(document.edges);
  return {
    ...document,
    nodes: document.nodes.filter(({ key }) => !nodes.has(key)),
    edges: document.edges.filter(
      ({ source, target }, index) => !nodes.has(source) && !nodes.has(target) && !edges.has(ids[index]!),
    ),
  };
}

export function updateNode(document: WorkflowDocument, key: string, node: DocumentNode): WorkflowDocument {
  return mapNodes(document, (each) => (each.key === key ? node : each));
}

/**
 * Gives a node another key. Its edges follow, and `nodes.<key>` in every expression. Where several edges end, the key is
 * also the name of a value in the input: expressions follow there too, and where Python may use the name, the edge keeps
 * it as its `targetHandle`.
 */
export function renameKey(
  document: WorkflowDocument,
  from: string,
  to: string,
  definitions: Definitions,
): WorkflowDocument {
  if (from === to || keysOf(document).has(to)) return document;
  const incoming = Map.groupBy(document.edges, ({ target }) => target);
  const namesValue = (edge: DocumentEdge) =>
    edge.source === from && edge.targetHandle == null && (incoming.get(edge.target)?.length ?? 0) > 1;
  const targets = new Set(document.edges.filter(namesValue).map(({ target }) => target));
  const byKey = new Map(document.nodes.map((node) => [node.key, node]));
  const mayNameInCode = (key: string) => hasInCode(byKey.get(key), from, definitions);

  const nodes = document.nodes.map((node) => {
    const definition = definitions.get(node.type);
    let next = renameInNode(node, definition, { root: 'nodes', from, to });
    if (targets.has(node.key) && !mayNameInCode(node.key))
      next = renameInNode(next, definition, { root: 'input', from, to });
    return node.key === from ? { ...next, key: to } : next;
  });
  const edges = document.edges.map((edge) => {
    if (edge.source !== from && edge.target !== from) return edge;
    return {
      ...edge,
      source: edge.source === from ? to : edge.source,
      target: edge.target === from ? to : edge.target,
      ...(namesValue(edge) && mayNameInCode(edge.target) ? { targetHandle: from } : {}),
    };
  });
  return { ...document, nodes, edges };
}

function hasInCode(node: DocumentNode | undefined, name: string, definitions: Definitions): boolean {
  const definition = node && definitions.get(node.type);
  if (definition === undefined) return true;
  const config = (node?.config ?? {}) as Record<string, unknown>;
  return definition.fields.some(
    ({ name: field, language }) => language === 'python' && String(config[field] ?? '').includes(name),
  );
}

/** Nodes and the edges among them, as copying takes them. */
export interface Clip {
  nodes: readonly DocumentNode[];
  edges: readonly DocumentEdge[];
}

export function copyNodes(document: WorkflowDocument, keys: readonly string[]): Clip {
  const chosen = new Set(keys);
  return {
    nodes: document.nodes.filter(({ key }) => chosen.has(key)),
    edges: document.edges.filter(({ source, target }) => chosen.has(source) && chosen.has(target)),
  };
}

/** Adds copies. Keys that are taken get others, and what names them within the copies follows. */
export function pasteNodes(
  document: WorkflowDocument,
  clip: Clip,
  definitions: Definitions,
  at?: Position,
): { document: WorkflowDocument; keys: string[] } {
  let copy: WorkflowDocument = { name: '', nodes: clip.nodes, edges: clip.edges };
  const taken = new Set([...keysOf(document), ...keysOf(copy)]);
  const own = keysOf(document);
  for (const { key } of clip.nodes) {
    if (!own.has(key)) continue;
    const free = freeKey(key, taken);
    taken.add(free);
    copy = renameKey(copy, key, free, definitions);
  }
  const shift = shiftOf(document, copy.nodes, at);
  const nodes = copy.nodes.map((node) =>
    node.position
      ? { ...node, position: { x: node.position.x + shift.x, y: node.position.y + shift.y } }
      : node,
  );
  return {
    document: {
      ...document,
      nodes: [...document.nodes, ...nodes],
      edges: [...document.edges, ...copy.edges],
    },
    keys: nodes.map(({ key }) => key),
  };
}

/** To `at`, or aside by as much as it takes to cover no node. */
function shiftOf({ nodes }: WorkflowDocument, copies: readonly DocumentNode[], at?: Position): Position {
  const places = copies.flatMap(({ position }) => (position ? [position] : []));
  if (places.length === 0) return { x: 0, y: 0 };
  if (at) {
    const left = Math.min(...places.map(({ x }) => x));
    const top = Math.min(...places.map(({ y }) => y));
    return { x: at.x - left, y: at.y - top };
  }
  const taken = new Set(nodes.flatMap(({ position }) => (position ? [`${position.x} ${position.y}`] : [])));
  let shift = 40;
  while (places.some(({ x, y }) => taken.has(`${x + shift} ${y + shift}`))) shift += 40;
  return { x: shift, y: shift };
}

export function keysOf({ nodes }: Pick<WorkflowDocument, 'nodes'>): Set<string> {
  return new Set(nodes.map(({ key }) => key));
}

function mapNodes(
  document: WorkflowDocument,
  change: (node: DocumentNode) => DocumentNode,
): WorkflowDocument {
  const nodes = document.nodes.map(change);
  return nodes.every((node, index) => node === document.nodes[index]) ? document : { ...document, nodes };
}
