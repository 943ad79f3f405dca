import { Panel, type ReactFlowState, useReactFlow, useStore } from '@xyflow/react';
import { type PointerEvent, type ReactElement, useEffect, useMemo, useRef } from 'react';
import { resolveColour } from './far/draw.ts';
import type { FlowNode } from './flow-elements.ts';
import { categoryColour } from './looks.ts';

/**
 * The whole workflow in small, with a frame around what is seen; a click or a drag goes there. React Flow's own has a
 * component for each node, which each frame of a pan visits: this one is drawn once for each change of the nodes.
 */
export function Overview({ nodes }: { nodes: readonly FlowNode[] }): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { setCenter, getZoom } = useReactFlow();
  const bounds = useMemo(() => boundsOf(nodes), [nodes]);
  const scale = Math.min(width / bounds.width, height / bounds.height);
  useEffect(() => {
    // After the frame that changed the nodes: it may be one of many of a drag.
    const frame = requestAnimationFrame(() => canvas.current && draw(canvas.current, nodes, bounds, scale));
    return () => cancelAnimationFrame(frame);
  }, [nodes, bounds, scale]);
  const go = (event: PointerEvent<HTMLCanvasElement>) => {
    if (event.buttons === 0) return;
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const [x, y] = [(event.clientX - left) / scale, (event.clientY - top) / scale];
    void setCenter(bounds.x + x, bounds.y + y, { zoom: getZoom() });
  };
  return (
    <Panel position="bottom-right" className="weft-overview" style={{ width, height }} aria-hidden="true">
      <canvas ref={canvas} width={width * 2} height={height * 2} onPointerDown={go} onPointerMove={go} />
      <Frame bounds={bounds} scale={scale} />
    </Panel>
  );
}

const width = 180;
const height = 120;

interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

function boundsOf(nodes: readonly FlowNode[]): Bounds {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { position, width: w = 0, height: h = 0 } of nodes) {
    left = Math.min(left, position.x);
    top = Math.min(top, position.y);
    right = Math.max(right, position.x + w);
    bottom = Math.max(bottom, position.y + h);
  }
  // With room around, of the shape that it is drawn in.
  const w = Math.max((right - left) * 1.2, ((bottom - top) * 1.2 * width) / height, 1);
  const h = (w * height) / width;
  return { x: (left + right - w) / 2, y: (top + bottom - h) / 2, width: w, height: h };
}

function draw(canvas: HTMLCanvasElement, nodes: readonly FlowNode[], bounds: Bounds, scale: number): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const colours = new Map<string, string>();
  for (const node of nodes) {
    const { position, width: w = 0, height: h = 0 } = node;
    const name = colourOf(node);
    if (!colours.has(name)) colours.set(name, resolveColour(canvas, name));
    context.fillStyle = colours.get(name)!;
    const [x, y] = [(position.x - bounds.x) * scale * 2, (position.y - bounds.y) * scale * 2];
    context.fillRect(x, y, Math.max(w * scale * 2, 2), Math.max(h * scale * 2, 2));
  }
}

function colourOf({ data }: FlowNode): string {
  if (data.status === 'FAILED' || data.problems.some(({ severity }) => severity === 'error'))
    return 'var(--weft-failure-fill)';
  if (data.status === 'RUNNING') return 'var(--weft-running-fill)';
  return categoryColour(data.definition?.category);
}

function Frame({ bounds, scale }: { bounds: Bounds; scale: number }): ReactElement {
  const [x, y, w, h] = useStore(seen, isSame);
  const style = {
    width: w * scale,
    height: h * scale,
    transform: `translate(${(x - bounds.x) * scale}px, ${(y - bounds.y) * scale}px)`,
  };
  return <div className="weft-overview__frame" style={style} />;
}

function seen({ transform: [x, y, zoom], width: w, height: h }: ReactFlowState) {
  return [-x / zoom, -y / zoom, w / zoom, h / zoom] as const;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, index) => value === b[index]);
}
