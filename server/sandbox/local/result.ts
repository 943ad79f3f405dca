import { countContainers } from '../../shared/json-size.ts';
import { runLimits } from './limits.ts';

export type ParsedResult = { ok: true; value: unknown } | { ok: false; problem: string };

const { jsonCharacters, containers, depth } = runLimits.result;

/**
 * Parses the result of a run. Its size is checked first, because parsing megabytes of empty lists would block this
 * process for seconds. Python checks the size too (python/results.py), but a forged result does not pass there.
 */
export function parseResult(json: string): ParsedResult {
  if (json.length > jsonCharacters) return tooLarge(`${jsonCharacters} characters of JSON`);
  if (countContainers(json, containers) > containers) return tooLarge(`${containers} lists and objects`);
  try {
    const value: unknown = JSON.parse(json);
    if (depthOf(value, depth) <= depth) return { ok: true, value };
    return { ok: false, problem: `Expected a result nested at most ${depth} deep, got a deeper one` };
  } catch {
    return {
      ok: false,
      problem: 'Expected the result to be JSON; the code wrote something else to its private channel',
    };
  }
}

function tooLarge(limit: string): ParsedResult {
  return {
    ok: false,
    problem: `Expected a result of at most ${limit}, got more; return a summary, or fewer or flatter rows`,
  };
}

/** How deep a value is nested, looking no further than one level past `limit`. */
function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit < 0) return 1;
  let deepest = 0;
  for (const child of Object.values(value)) {
    if (typeof child !== 'object' || child === null) continue;
    deepest = Math.max(deepest, depthOf(child, limit - 1));
    if (deepest > limit) break;
  }
  return 1 + deepest;
}
