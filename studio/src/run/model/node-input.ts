import { outputPlaceAt } from './moment.ts';
import type { RunModel } from './records.ts';

export interface InputEdge {
  source: string;
  sourceHandle?: string | null | undefined;
  target: string;
  targetHandle?: string | null | undefined;
}

/** One of the values that came to a node, and the name that it has in `input` where there are several. */
export interface InputPart {
  name: string;
  source: string;
  /** Whether the source failed, and what comes is its error with the input that it had. */
  isError: boolean;
}

type Join = 'ALL' | 'ANY' | null | undefined;

/**
 * Where a node's input came from: its edges that lived. One gives its value as it is, several an object; a node without
 * edges gets the run's own input.
 */
export function inputParts(
  run: RunModel,
  edges: readonly InputEdge[],
  { key, join }: { key: string; join?: Join },
  sequence: number,
): InputPart[] {
  const incoming = edges.filter(({ target }) => target === key);
  const aliveFrom = (edge: InputEdge) => liveSince(run, edge, sequence);
  return arrivals(incoming, join, aliveFrom).map(({ edge, name }) => ({
    name,
    source: edge.source,
    isError: edge.sourceHandle === 'error',
  }));
}

/**
 * The edges whose values are a node's input, with their names, as the server has them: with ANY all that are live, with ALL
 * one for each input, of alternatives the first to come.
 *
 * @param liveSince when the edge came alive, in any order that grows; null where it is not
 */
export function arrivals<E extends InputEdge>(
  incoming: readonly E[],
  join: Join,
  liveSince: (edge: E) => number | null,
): { edge: E; name: string }[] {
  const live = incoming.flatMap((edge) => {
    const since = liveSince(edge);
    return since === null ? [] : [{ edge, since }];
  });
  const inputs = Map.groupBy(live, ({ edge }) => (join === 'ANY' ? edge : (edge.targetHandle ?? edge)));
  const first = [...inputs.values()].map((those) => those.reduce((a, b) => (b.since < a.since ? b : a)).edge);
  const names = first.map(({ targetHandle, source }) => targetHandle ?? source);
  return first.map((edge, index) => {
    const isOwn = names.indexOf(names[index]!) === names.lastIndexOf(names[index]!);
    return { edge, name: isOwn ? names[index]! : edge.source };
  });
}

function liveSince(run: RunModel, { source, sourceHandle }: InputEdge, sequence: number): number | null {
  const node = run.nodes.get(source);
  if (sourceHandle === 'error') {
    const failed = node?.attempts.at(-1);
    return failed?.outcome === 'FAILED' && failed.endSequence! <= sequence ? failed.endSequence : null;
  }
  const place = outputPlaceAt(node, sequence);
  const isLive =
    place !== null && (sourceHandle == null || place.handle === null || place.handle === sourceHandle);
  return isLive ? place.sequence : null;
}
