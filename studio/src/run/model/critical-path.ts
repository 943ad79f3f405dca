import type { RunModel } from './records.ts';

/**
 * The nodes that the length of the run hung on: from the one that ended last back over what each had waited for. A node
 * waits for its sources alone, and of these the last to end held it up.
 */
export function criticalPath(
  run: RunModel,
  edges: readonly { source: string; target: string }[],
): ReadonlySet<string> {
  const path = new Set<string>();
  const sources = new Map<string, string[]>();
  for (const { source, target } of edges) sources.set(target, [...(sources.get(target) ?? []), source]);
  let next = latest(run, run.nodes.keys());
  while (next !== null && !path.has(next)) {
    path.add(next);
    next = latest(run, sources.get(next) ?? []);
  }
  return path;
}

function latest(run: RunModel, keys: Iterable<string>): string | null {
  let found: string | null = null;
  let foundAt = Number.NEGATIVE_INFINITY;
  for (const key of keys) {
    const last = run.nodes.get(key)?.attempts.at(-1);
    if (last === undefined) continue;
    const endAt = last.endAt ?? Number.POSITIVE_INFINITY;
    if (endAt < foundAt) continue;
    found = key;
    foundAt = endAt;
  }
  return found;
}
