import type { NodeDefinition } from '@weft/client';
import { handleUses, nodeGeometry, nodeWidth, noUse } from '../canvas/geometry.ts';
import { type LayoutNode, layoutNodes, placeNodes } from '../canvas/layout.ts';
import type { CanvasChange, Position } from '../canvas/types.ts';
import type { WorkflowDocument } from './model/document.ts';
import { addNode, connect, type Definitions, moveNodes, remove } from './model/operations.ts';
import type { EditOptions } from './use-editor.ts';

/** What a person did on the canvas, in the document. */
export function applyChange(
  document: WorkflowDocument,
  change: Exclude<CanvasChange, { kind: 'add' }>,
): WorkflowDocument {
  switch (change.kind) {
    case 'move':
      return moveNodes(document, change.positions);
    case 'connect':
      return connect(document, change.edge);
    case 'remove':
      return remove(document, change.selection);
    default:
      return change satisfies never;
  }
}

/** Moving on by the arrow keys is one step of undo. */
export function groupOf({ kind }: CanvasChange): EditOptions {
  return kind === 'move' ? { group: 'move' } : {};
}

/** The edit that adds a node and chooses it. */
export function adding(
  document: WorkflowDocument,
  definition: NodeDefinition,
  position: Position,
  after?: string,
): [change: () => WorkflowDocument, options: EditOptions] {
  const added = addNode(document, definition, position, after);
  return [() => added.document, { select: { nodes: [added.key], edges: [] } }];
}

/** Where the next node goes: right of the chosen one and joined to it, else in the middle of what is seen. */
export function placeOfNext(
  { nodes }: WorkflowDocument,
  chosen: string | undefined,
  center: Position,
): { position: Position; after?: string } {
  const place = nodes.find(({ key }) => key === chosen)?.position;
  if (place == null) return { position: { x: center.x - nodeWidth / 2, y: center.y - 28 } };
  return { position: { x: place.x + nodeWidth + 64, y: place.y }, after: chosen! };
}

/** The document with a place for each node, so that one that is added or moved does not move the others. */
export function withPlaces(document: WorkflowDocument, types: Definitions): WorkflowDocument {
  if (document.nodes.every(({ position }) => position != null)) return document;
  return moveNodes(document, placeNodes(boxesOf(document, types), document.edges));
}

/** A place for each node, by the automatic layout. */
export function layoutOf(document: WorkflowDocument, types: Definitions): Map<string, Position> {
  return layoutNodes(boxesOf(document, types), document.edges);
}

function boxesOf({ nodes, edges }: WorkflowDocument, types: Definitions): LayoutNode[] {
  const uses = handleUses(edges);
  return nodes.map((node) => {
    const { width, height } = nodeGeometry(node, types.get(node.type), uses.get(node.key) ?? noUse);
    return { key: node.key, position: node.position, width, height };
  });
}
