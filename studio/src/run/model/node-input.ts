import { outputPlaceAt } from './moment.ts';
import type { RunModel } from './records.ts';

export interface InputEdge {
  source: string;
  sourceHandle: string | null;
  target: string;
  targetHandle: string | null;
}

/** One of the values that came to a node, and the name that it has in `input` where there are several. */
export interface InputPart {
  name: string;
  source: string;
  /** Whether the source failed, and what comes is its error with the input that it had. */
  isError: boolean;
}

/**
 * Where a node's input came from: its edges that lived. One gives its value as it is, several an object; a node without
 * edges gets the run's own input.
 */
export function inputParts(
  run: RunModel,
  edges: readonly InputEdge[],
  nodeKey: string,
  sequence: number,
): InputPart[] {
  const alive = edges.filter((edge) => edge.target === nodeKey && isAlive(run, edge, sequence));
  const named = alive
    .filter(({ targetHandle }) => targetHandle !== null)
    .map(({ targetHandle }) => targetHandle);
  const areDistinct = named.length === alive.length && new Set(named).size === named.length;
  return alive.map(({ source, sourceHandle, targetHandle }) => ({
    name: areDistinct ? targetHandle! : source,
    source,
    isError: sourceHandle === 'error',
  }));
}

function isAlive(run: RunModel, { source, sourceHandle }: InputEdge, sequence: number): boolean {
  const node = run.nodes.get(source);
  if (sourceHandle === 'error') {
    const failed = node?.attempts.at(-1);
    return failed?.outcome === 'FAILED' && failed.endSequence! <= sequence;
  }
  const place = outputPlaceAt(node, sequence);
  return place !== null && (sourceHandle === null || place.handle === null || place.handle === sourceHandle);
}
