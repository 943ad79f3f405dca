import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * For `Error.prepareStackTrace`: stacks with the places of the sources, as Node makes them for modules where source maps
 * are on, for a script that Node does not load as one. The map (`<script>.map`) is read for the first stack. Where it
 * cannot be read, as when the process has no descriptor left, a stack has the places of the script.
 */
export function stackWithSources(scriptFile: string): NonNullable<typeof Error.prepareStackTrace> {
  let map: SourceMap | undefined;
  return (error, frames) =>
    [Error.prototype.toString.call(error), ...frames.map((frame) => `    at ${toSource(frame)}`)].join('\n');

  function toSource(frame: NodeJS.CallSite): string {
    const [file, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
    if (file !== scriptFile || line === null || column === null) return String(frame);
    map ??= readMap();
    const found = map?.findEntry(line - 1, column - 1);
    if (!found || !('originalSource' in found) || found.originalSource === undefined) return String(frame);
    const source = join(dirname(scriptFile), found.originalSource);
    const place = `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
    return String(frame).replace(`${file}:${line}:${column}`, place);
  }

  function readMap(): SourceMap | undefined {
    try {
      return new SourceMap(JSON.parse(readFileSync(`${scriptFile}.map`, 'utf8')));
    } catch {
      return undefined; // the next stack tries again
    }
  }
}
