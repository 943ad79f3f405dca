import { type NodeChange, useReactFlow, useStoreApi } from '@xyflow/react';
import { type MouseEvent, type RefObject, useEffect, useMemo, useRef } from 'react';
import { nodeName } from '../../data/node-name.ts';
import type { FlowEdge, FlowNode } from '../flow-elements.ts';
import { type CanvasSelection, emptySelection, type Position } from '../types.ts';
import { useLatest } from '../use-latest.ts';
import { nodeAt, type Picture } from './picture.ts';

export interface FarPointerInput {
  /** Null while the workflow is not seen from far away: the pointer is React Flow's then. */
  picture: Picture | null;
  frame: RefObject<HTMLDivElement | null>;
  nodes: readonly FlowNode[];
  edges: readonly FlowEdge[];
  selected: CanvasSelection;
  isReadOnly: boolean;
  onSelect: ((selected: CanvasSelection) => void) | undefined;
  onOpen: ((key: string) => void) | undefined;
  onNodesChange: (changes: NodeChange<FlowNode>[]) => void;
}

/** What the pointer does on the picture, the same as on React Flow's nodes: choose, drag, open, choose all in a box. */
export function useFarPointer(input: FarPointerInput) {
  const flow = useReactFlow();
  const latest = useLatest(input);
  /** A click follows the end of a drag. */
  const hasDragged = useRef(false);
  useBoxSelection(input);
  const isFar = input.picture !== null;
  const { frame } = input;
  useEffect(() => (isFar ? () => point(frame.current, undefined) : undefined), [isFar, frame]);

  return useMemo(() => {
    const hit = (event: { clientX: number; clientY: number; target: EventTarget }) => {
      const { picture, nodes } = latest.current;
      const isPane = event.target instanceof Element && event.target.classList.contains('react-flow__pane');
      if (picture === null || !isPane) return null;
      const place = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
      return { place, node: nodeAt(nodes, place, 1 / flow.getZoom()) };
    };

    /** Before React Flow's own handler, which would pan. */
    const onMouseDownCapture = (event: MouseEvent) => {
      hasDragged.current = false;
      const { isReadOnly } = latest.current;
      const node = hit(event)?.node;
      if (node === undefined || isReadOnly || event.button !== 0 || event.shiftKey) return;
      event.stopPropagation();
      drag(node, event);
    };

    const drag = (node: FlowNode, start: MouseEvent) => {
      const zoom = flow.getZoom();
      const { selected, nodes } = latest.current;
      const isChosen = selected.nodes.includes(node.id);
      const keys = new Set(isChosen ? selected.nodes : [node.id]);
      const places = nodes.filter(({ id }) => keys.has(id)).map(({ id, position }) => ({ id, position }));
      let last: Position = { x: 0, y: 0 };
      const report = (dragging: boolean) =>
        latest.current.onNodesChange(
          places.map(({ id, position: { x, y } }) => ({
            type: 'position',
            id,
            position: { x: x + last.x, y: y + last.y },
            dragging,
          })),
        );
      const onMove = (event: globalThis.MouseEvent) => {
        if (!hasDragged.current && !isChosen) choose(node.id, false);
        hasDragged.current = true;
        last = { x: (event.clientX - start.clientX) / zoom, y: (event.clientY - start.clientY) / zoom };
        report(true);
      };
      const onUp = () => {
        removeEventListener('mousemove', onMove);
        if (hasDragged.current) report(false);
      };
      addEventListener('mousemove', onMove);
      addEventListener('mouseup', onUp, { once: true });
    };

    const choose = (key: string, isAdded: boolean) => {
      const { selected, onSelect } = latest.current;
      const others = selected.nodes.filter((each) => each !== key);
      const isChosen = others.length < selected.nodes.length;
      onSelect?.(
        isAdded ? { ...selected, nodes: isChosen ? others : [...others, key] } : { nodes: [key], edges: [] },
      );
    };

    const onPaneClick = (event: MouseEvent) => {
      if (hasDragged.current) return;
      const found = hit(event);
      if (found === null) return;
      const { onSelect, edges, picture } = latest.current;
      if (found.node) return choose(found.node.id, event.ctrlKey || event.metaKey);
      const edge = edgeAt(edges, picture!, found.place, 10 / flow.getZoom());
      onSelect?.(edge === undefined ? emptySelection : { nodes: [], edges: [edge.id] });
    };

    const onDoubleClick = (event: MouseEvent) => {
      const node = hit(event)?.node;
      if (node) latest.current.onOpen?.(node.id);
    };

    /** Names can hardly be read from far away: the node under the pointer tells its own. */
    const onMouseMove = (event: MouseEvent) => {
      if (event.buttons === 0) point(latest.current.frame.current, hit(event)?.node);
    };

    return { onMouseDownCapture, onMouseMove, onDoubleClick, onPaneClick };
  }, [flow, latest]);
}

/** React Flow keeps the box of a selection, and knows no nodes to look for in it. */
function useBoxSelection({ picture, nodes, onNodesChange }: FarPointerInput): void {
  const store = useStoreApi();
  const latest = useLatest({ nodes, onNodesChange });
  const isFar = picture !== null;
  useEffect(() => {
    if (!isFar) return undefined;
    return store.subscribe(({ userSelectionRect: box, transform: [x, y, zoom] }, before) => {
      if (box === null || box === before.userSelectionRect) return;
      const [left, top] = [(box.x - x) / zoom, (box.y - y) / zoom];
      const [right, bottom] = [left + box.width / zoom, top + box.height / zoom];
      const isWithin = ({ position, width = 0, height = 0 }: FlowNode) =>
        position.x >= left &&
        position.y >= top &&
        position.x + width <= right &&
        position.y + height <= bottom;
      const changes = latest.current.nodes
        .map((node) => ({
          type: 'select' as const,
          id: node.id,
          selected: isWithin(node),
          was: node.selected === true,
        }))
        .filter(({ selected, was }) => selected !== was);
      if (changes.length > 0) latest.current.onNodesChange(changes);
    });
  }, [isFar, store, latest]);
}

function edgeAt(
  edges: readonly FlowEdge[],
  picture: Picture,
  { x, y }: Position,
  width: number,
): FlowEdge | undefined {
  const context = new OffscreenCanvas(1, 1).getContext('2d')!;
  context.lineWidth = 2 * width;
  return edges.findLast(({ id }) => {
    const path = picture.edges.get(id);
    return path !== undefined && context.isPointInStroke(path, x, y);
  });
}

function point(frame: HTMLDivElement | null, node: FlowNode | undefined): void {
  if (frame === null) return;
  frame.classList.toggle('weft-canvas--on-node', node !== undefined);
  frame.title = node === undefined ? '' : nodeName(node.data.node);
}
