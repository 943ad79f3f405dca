import type { Position } from './types.ts';

export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** The node that an arrow key leads to: the nearest in that direction, one beside the way counting as further off. */
export function nextNode(
  places: ReadonlyMap<string, Position>,
  from: string | undefined,
  direction: Direction,
): string | undefined {
  const start = from === undefined ? undefined : places.get(from);
  if (start === undefined) return firstNode(places);
  let best: { key: string; distance: number } | undefined;
  for (const [key, place] of places) {
    const dx = place.x - start.x;
    const dy = place.y - start.y;
    const [along, across] = {
      ArrowLeft: [-dx, dy],
      ArrowRight: [dx, dy],
      ArrowUp: [-dy, dx],
      ArrowDown: [dy, dx],
    }[direction] as [number, number];
    if (key === from || along <= 0) continue;
    const distance = along + 2 * Math.abs(across);
    if (best === undefined || distance < best.distance) best = { key, distance };
  }
  return best?.key;
}

function firstNode(places: ReadonlyMap<string, Position>): string | undefined {
  let first: [string, Position] | undefined;
  for (const entry of places)
    if (first === undefined || entry[1].x + entry[1].y < first[1].x + first[1].y) first = entry;
  return first?.[0];
}

export function isDirection(key: string): key is Direction {
  return /^Arrow(Left|Right|Up|Down)$/.test(key);
}
