import { plainText } from './ansi.ts';
import type { LogIndex } from './log-index.ts';
import { type LogLines, textOfLine } from './log-lines.ts';

/** The lines of an index that contain a text, upper and lower case alike; found a slice at a time, so that nothing stalls. */
export interface LogSearch {
  /** Looks at lines that were not looked at yet, for so long at most. Returns whether all were. */
  advance(budgetMs: number): boolean;
  /** Places in the index. */
  readonly found: readonly number[];
}

/** More than anybody steps through; counting ends there. */
export const maxFound = 100_000;

export function makeLogSearch(
  lines: LogLines,
  index: LogIndex,
  query: string,
  now: () => number = () => performance.now(),
): LogSearch {
  const wanted = query.toLowerCase();
  const found: number[] = [];
  let next = index.countBelow(lines.firstKept);
  return {
    found,
    advance(budgetMs) {
      const deadline = now() + budgetMs;
      while (next < index.length && found.length < maxFound) {
        const until = Math.min(next + 256, index.length);
        for (; next < until; next++) {
          const line = lines.line(index.idAt(next));
          if (line !== undefined && plainText(textOfLine(line)).toLowerCase().includes(wanted))
            found.push(next);
        }
        if (now() >= deadline) break;
      }
      return next >= index.length || found.length >= maxFound;
    },
  };
}
