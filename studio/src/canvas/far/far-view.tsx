import { type ReactFlowState, useStore } from '@xyflow/react';
import { type ReactElement, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { draw } from './draw.ts';
import type { Picture } from './picture.ts';

/**
 * The workflow from far away, drawn as one picture. React Flow has a component for each node and each edge; a thousand of
 * them took 1.2 s to appear, and 117 ms for each step of a drag in React Flow alone.
 */
export function FarView({ picture }: { picture: Picture }): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [x, y, zoom, width, height] = useStore(sightOf, isSame);
  const scheme = useSyncExternalStore(onSchemeChange, () => darkScheme().matches);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours depend on `scheme`
  useLayoutEffect(() => {
    if (canvas.current) draw(canvas.current, picture, { x, y, zoom, width, height });
  }, [picture, x, y, zoom, width, height, scheme]);
  return <canvas ref={canvas} className="weft-canvas__far" />;
}

function sightOf({ transform: [x, y, zoom], width, height }: ReactFlowState) {
  return [x, y, zoom, width, height] as const;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, index) => value === b[index]);
}

const darkScheme = () => matchMedia('(prefers-color-scheme: dark)');

function onSchemeChange(listener: () => void): () => void {
  const scheme = darkScheme();
  scheme.addEventListener('change', listener);
  return () => scheme.removeEventListener('change', listener);
}
