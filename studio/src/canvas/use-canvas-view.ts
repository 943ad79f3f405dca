import { getViewportForBounds, type ReactFlowInstance, useReactFlow } from '@xyflow/react';
import { type Ref, type RefObject, useImperativeHandle, useMemo } from 'react';
import type { FlowEdge, FlowElements, FlowNode } from './flow-elements.ts';
import { roundedOf } from './geometry.ts';
import type { CanvasSelection, CanvasView } from './types.ts';
import { useLatest } from './use-latest.ts';

export const minZoom = 0.05;
/** Below it the workflow is one picture (far/): no text can be read and no handle met. */
export const farZoom = 0.4;
export const fitViewOptions = { padding: 0.12, maxZoom: 1 };
/** At first what is shown can be read: where not all of it fits, its beginning. */
export const firstView = { ...fitViewOptions, minZoom: 0.7 };

export function useCanvasView(
  elements: FlowElements,
  frame: RefObject<HTMLDivElement | null>,
  ref: Ref<CanvasView> | undefined,
): CanvasView {
  const flow = useReactFlow();
  const latest = useLatest(elements);
  const view = useMemo<CanvasView>(
    () => ({
      center() {
        const { left, top, width, height } = frame.current!.getBoundingClientRect();
        return roundedOf(flow.screenToFlowPosition({ x: left + width / 2, y: top + height / 2 }));
      },
      reveal(key) {
        const node = latest.current.nodes.find(({ id }) => id === key);
        if (node === undefined || frame.current === null) return;
        const { x, y, zoom } = flow.getViewport();
        const { clientWidth, clientHeight } = frame.current;
        const { width = 0, height = 0, position } = node;
        const [left, top] = [position.x * zoom + x, position.y * zoom + y];
        const isSeen =
          left >= margin &&
          top >= margin &&
          left + width * zoom <= clientWidth - margin &&
          top + height * zoom <= clientHeight - margin;
        if (isSeen) return;
        const duration = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 180;
        const options = { zoom: Math.max(zoom, firstView.minZoom), duration };
        void flow.setCenter(position.x + width / 2, position.y + height / 2, options);
      },
      fit() {
        const { clientWidth, clientHeight } = frame.current!;
        const bounds = flow.getNodesBounds(latest.current.nodes);
        const { padding, maxZoom } = fitViewOptions;
        const whole = getViewportForBounds(bounds, clientWidth, clientHeight, minZoom, maxZoom, padding);
        if (whole.zoom >= farZoom || flow.getZoom() < farZoom) return void flow.setViewport(whole);
        // Else React Flow would draw each node of the whole before the picture takes over.
        void flow.zoomTo(farZoom * 0.99);
        requestAnimationFrame(() => requestAnimationFrame(() => void flow.setViewport(whole)));
      },
      focus: () =>
        frame.current?.querySelector<HTMLElement>('[role=application]')?.focus({ preventScroll: true }),
    }),
    [flow, frame, latest],
  );
  useImperativeHandle(ref, () => view, [view]);
  return view;
}

/** After all of it was fitted into the frame: goes to the chosen node, or to the first where not all of it fits. */
export function useFirstView(
  { nodes }: FlowElements,
  selected: CanvasSelection,
  frame: RefObject<HTMLDivElement | null>,
  view: CanvasView,
  showAll: boolean,
): (flow: ReactFlowInstance<FlowNode, FlowEdge>) => void {
  return (flow) => {
    const chosen = selected.nodes[0];
    if (chosen !== undefined) return view.reveal(chosen);
    const zoom = flow.getZoom();
    const [first] = nodes.toSorted((a, b) => a.position.x - b.position.x || a.position.y - b.position.y);
    if (showAll || zoom > firstView.minZoom || first === undefined || frame.current === null) return;
    const { position, height = 0 } = first;
    const y = frame.current.clientHeight / 2 - (position.y + height / 2) * zoom;
    void flow.setViewport({ x: firstMargin - position.x * zoom, y, zoom });
  };
}

/** Px between the left border and the first node. */
const firstMargin = 40;

/** Px at the border within which a node does not count as seen. */
const margin = 12;
