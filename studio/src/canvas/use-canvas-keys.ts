import { useReactFlow } from '@xyflow/react';
import type { KeyboardEvent } from 'react';
import type { FlowElements } from './flow-elements.ts';
import { isDirection, nextNode } from './navigate.ts';
import {
  type CanvasChange,
  type CanvasSelection,
  type CanvasView,
  emptySelection,
  type Position,
} from './types.ts';

export interface CanvasKeysInput {
  elements: FlowElements;
  selected: CanvasSelection;
  isReadOnly: boolean;
  onSelect: ((selected: CanvasSelection) => void) | undefined;
  onChange: ((change: CanvasChange) => void) | undefined;
  onOpen: ((key: string) => void) | undefined;
  view: CanvasView;
}

/** The canvas by keyboard. Keys that it does not know go on to the page. */
export function useCanvasKeys(input: CanvasKeysInput): (event: KeyboardEvent) => void {
  const flow = useReactFlow();
  return (event) => {
    if (event.defaultPrevented || event.altKey || isTyping(event.target)) return;
    if (actOn(event, input, flow)) event.preventDefault();
  };
}

/** Whether the key meant something here. */
function actOn(
  event: KeyboardEvent,
  { elements, selected, isReadOnly, onSelect, onChange, onOpen, view }: CanvasKeysInput,
  flow: { zoomIn(): unknown; zoomOut(): unknown },
): boolean {
  const { key, shiftKey } = event;
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() !== 'a' || onSelect === undefined) return false;
    onSelect({ nodes: elements.nodes.map(({ id }) => id), edges: [] });
    return true;
  }
  // A button within the canvas, such as a zoom control, has its own Enter.
  const isOwnKey = event.target === event.currentTarget;
  if (isDirection(key)) {
    if (!shiftKey) return choose(nextNode(placesOf(elements), selected.nodes.at(-1), key));
    const moved = new Set(selected.nodes);
    if (isReadOnly || moved.size === 0) return false;
    const [dx, dy] = steps[key];
    const positions = new Map<string, Position>();
    for (const [id, { x, y }] of placesOf(elements))
      if (moved.has(id)) positions.set(id, { x: x + dx * step, y: y + dy * step });
    onChange?.({ kind: 'move', positions });
    return true;
  }
  switch (key) {
    case 'Enter':
      if (!isOwnKey || selected.nodes.length !== 1) return false;
      onOpen?.(selected.nodes[0]!);
      return onOpen !== undefined;
    case 'Delete':
    case 'Backspace':
      if (isReadOnly || (selected.nodes.length === 0 && selected.edges.length === 0)) return false;
      onChange?.({ kind: 'remove', selection: selected });
      return true;
    case 'Escape':
      if (selected.nodes.length === 0 && selected.edges.length === 0) return false;
      onSelect?.(emptySelection);
      return true;
    case '+':
    case '=':
      flow.zoomIn();
      return true;
    case '-':
      flow.zoomOut();
      return true;
    case '0':
      view.fit();
      return true;
    default:
      return false;
  }

  function choose(next: string | undefined): boolean {
    if (next === undefined || onSelect === undefined) return next === undefined;
    onSelect({ nodes: [next], edges: [] });
    view.reveal(next);
    return true;
  }
}

const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const;
const step = 20;

function placesOf({ nodes }: FlowElements): Map<string, Position> {
  return new Map(nodes.map(({ id, position }) => [id, position]));
}

function isTyping(target: EventTarget): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
  );
}
