import type { LogLines, LogSource } from './log-lines.ts';

/** Which lines are shown; what is left out does not matter. */
export interface LogFilter {
  nodeKey?: string | undefined;
  item?: number | undefined;
  stream?: LogSource['stream'] | undefined;
}

/** The ids of the lines that a filter lets through, in order. It grows with the lines and never reads one twice. */
export interface LogIndex {
  /** Takes in the lines that have come since. */
  update(): void;
  readonly length: number;
  idAt(index: number): number;
  /** How many of them have an id below `id`. */
  countBelow(id: number): number;
}

export function makeLogIndex(lines: LogLines, filter: LogFilter): LogIndex {
  if (Object.values(filter).every((value) => value === undefined)) return identity(lines);
  let ids = new Uint32Array(1_024);
  let length = 0;
  let seen = 0;
  const isWanted: boolean[] = [];
  return {
    update() {
      for (let id = isWanted.length; id < lines.sources.length; id++)
        isWanted.push(matches(lines.sources[id]!, filter));
      for (; seen < lines.count; seen++) {
        if (!isWanted[lines.sourceOf(seen)]) continue;
        if (length === ids.length) ids = grown(ids);
        ids[length] = seen;
        length += 1;
      }
    },
    get length() {
      return length;
    },
    idAt: (index) => ids[index]!,
    countBelow(id) {
      let low = 0;
      let high = length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ids[middle]! < id) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  };
}

function identity(lines: LogLines): LogIndex {
  return {
    update() {},
    get length() {
      return lines.count;
    },
    idAt: (index) => index,
    countBelow: (id) => Math.min(id, lines.count),
  };
}

function matches(source: LogSource, { nodeKey, item, stream }: LogFilter): boolean {
  return (
    (nodeKey === undefined || source.nodeKey === nodeKey) &&
    (item === undefined || source.item === item) &&
    (stream === undefined || source.stream === stream)
  );
}

function grown(ids: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(ids.length * 2);
  larger.set(ids);
  return larger;
}
