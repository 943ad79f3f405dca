/**
 * What all nodes of a run have printed, as lines in the order in which they began. It keeps the last lines alone, in
 * chunks, so that a run that prints for ever costs a bounded amount of memory; a chunk that was let go remembers where in
 * the journal it begins, and can be read again.
 *
 * A line is kept as it was printed: colours, carriage returns and control characters are looked at when it is shown.
 */
export interface LogLines {
  /** Whose lines they are; `source` of a line is an index into it. */
  readonly sources: readonly LogSource[];
  /** Lines so far, kept or not. A line's id is its place in this count and never changes. */
  readonly count: number;
  /** Of lines that were let go: ids below this are kept no more. */
  readonly firstKept: number;
  append(output: LogPiece): void;
  /** Undefined where it was let go and not read again. */
  line(id: number): LogLine | undefined;
  /** The source of any line, kept or not. */
  sourceOf(id: number): number;
  /** How many lines had begun by an event. */
  countAt(sequence: number): number;
  /** Where to read a line again that was let go. */
  placeOf(id: number): ChunkPlace;
  /** Puts back what was read again. The least recently restored chunks are let go in exchange. */
  restore(chunk: number, lines: readonly LogLine[]): void;
}

export interface LogSource {
  nodeKey: string;
  item: number | null;
  attempt: number;
  /** PACKAGES: what Weft says of the installation that the node waits for. REQUESTS: of a request that its code sent. */
  stream: 'STDOUT' | 'STDERR' | 'PACKAGES' | 'REQUESTS';
}

export interface LogPiece extends LogSource {
  sequence: number;
  /** Of the event before it; null before the first. */
  cursorBefore: string | null;
  text: string;
}

export interface LogLine {
  source: number;
  /** In the order of their events; most lines are of one. */
  parts: readonly LogPart[];
}

export interface LogPart {
  sequence: number;
  text: string;
}

export interface ChunkPlace {
  chunk: number;
  /** Of the event before the one with its first line. */
  cursor: string | null;
  /** Lines of the first event that belong to the chunk before. */
  skip: number;
  /** Sources in the middle of a line then: their text up to the next line's end belongs to earlier chunks. */
  openSources: readonly LogSource[];
}

export const linesPerChunk = 4_096;

export interface LogLimits {
  maxLines: number;
  maxCharacters: number;
}

/** About 150 MB in a browser at the worst. */
export const defaultLimits: LogLimits = { maxLines: 400_000, maxCharacters: 48_000_000 };

/** Chunks that were read again, at a time. */
const maxRestored = 6;

interface Chunk {
  place: ChunkPlace;
  characters: number;
  /** One string for a line of one part; null where the chunk was let go. */
  lines: (string | LogPart[])[] | null;
  sources: Uint32Array;
  /** Of the event in which each line began. */
  sequences: Uint32Array;
}

export function makeLogLines(limits: LogLimits = defaultLimits): LogLines {
  const sources: LogSource[] = [];
  const sourceIds = new Map<string, number>();
  const chunks: Chunk[] = [];
  const restored: number[] = [];
  /** The line that each source is in the middle of. */
  const open = new Map<number, number>();
  let count = 0;
  let firstKeptChunk = 0;
  let characters = 0;

  return {
    sources,
    get count() {
      return count;
    },
    get firstKept() {
      return Math.min(firstKeptChunk * linesPerChunk, count);
    },
    append(piece) {
      const source = sourceId(piece);
      const begun = { lines: 0 };
      for (let from = 0; from < piece.text.length; ) {
        const end = piece.text.indexOf('\n', from);
        const to = end === -1 ? piece.text.length : end;
        addText(source, piece.text.slice(from, to), piece, begun);
        if (end === -1) return;
        open.delete(source);
        from = end + 1;
      }
    },
    line(id) {
      const chunk = chunks[Math.floor(id / linesPerChunk)];
      const index = id % linesPerChunk;
      const kept = chunk?.lines?.[index];
      if (chunk === undefined || kept === undefined) return undefined;
      const source = chunk.sources[index]!;
      const parts = typeof kept === 'string' ? [{ sequence: chunk.sequences[index]!, text: kept }] : kept;
      return { source, parts };
    },
    sourceOf: (id) => chunks[Math.floor(id / linesPerChunk)]?.sources[id % linesPerChunk] ?? 0,
    countAt(sequence) {
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >> 1;
        const began = chunks[Math.floor(middle / linesPerChunk)]!.sequences[middle % linesPerChunk]!;
        if (began <= sequence) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    placeOf: (id) => chunks[Math.floor(id / linesPerChunk)]!.place,
    restore(index, lines) {
      const chunk = chunks[index];
      if (chunk === undefined || chunk.lines !== null) return;
      chunk.lines = lines.map(({ parts }) => (parts.length === 1 ? parts[0]!.text : [...parts]));
      restored.push(index);
      if (restored.length > maxRestored) chunks[restored.shift()!]!.lines = null;
    },
  };

  function sourceId({ nodeKey, item, attempt, stream }: LogSource): number {
    const key = `${stream}/${attempt}/${item}/${nodeKey}`;
    let id = sourceIds.get(key);
    if (id === undefined) {
      id = sources.push({ nodeKey, item, attempt, stream }) - 1;
      sourceIds.set(key, id);
    }
    return id;
  }

  function addText(source: number, text: string, piece: LogPiece, begun: { lines: number }): void {
    const id = open.get(source);
    if (id !== undefined) {
      continueLine(id, text, piece.sequence);
      return;
    }
    const index = count % linesPerChunk;
    if (index === 0) openChunk(piece, begun.lines);
    const chunk = chunks.at(-1)!;
    chunk.lines!.push(text);
    chunk.sources[index] = source;
    chunk.sequences[index] = piece.sequence;
    open.set(source, count);
    begun.lines += 1;
    count += 1;
    weigh(chunk, text.length);
  }

  function continueLine(id: number, text: string, sequence: number): void {
    const chunk = chunks[Math.floor(id / linesPerChunk)]!;
    const index = id % linesPerChunk;
    const kept = chunk.lines?.[index];
    if (kept === undefined || text === '') return;
    const first = { sequence: chunk.sequences[index]!, text: kept as string };
    const parts = typeof kept === 'string' ? [first] : kept;
    const last = parts.at(-1)!;
    if (last.sequence === sequence) last.text += text;
    else parts.push({ sequence, text });
    chunk.lines![index] = parts.length > maxParts ? joined(parts) : parts;
    weigh(chunk, text.length);
  }

  function openChunk(piece: LogPiece, skip: number): void {
    const place = {
      chunk: chunks.length,
      cursor: piece.cursorBefore,
      skip,
      openSources: [...open.keys()].map((source) => sources[source]!),
    };
    chunks.push({
      place,
      characters: 0,
      lines: [],
      sources: new Uint32Array(linesPerChunk),
      sequences: new Uint32Array(linesPerChunk),
    });
  }

  function weigh(chunk: Chunk, added: number): void {
    chunk.characters += added;
    characters += added;
    while (
      firstKeptChunk < chunks.length - 1 &&
      (count - firstKeptChunk * linesPerChunk > limits.maxLines || characters > limits.maxCharacters)
    ) {
      const oldest = chunks[firstKeptChunk]!;
      firstKeptChunk += 1;
      characters -= oldest.characters;
      oldest.lines = null;
    }
  }
}

/** A bar that redraws itself is one line of thousands of parts: the older half becomes what it showed last. */
const maxParts = 256;

function joined(parts: LogPart[]): LogPart[] {
  const half = parts.length >> 1;
  const older = parts.slice(0, half).map(({ text }) => text);
  const text = older.join('');
  const shown = text.slice(text.lastIndexOf('\r', text.length - 2) + 1);
  return [{ sequence: parts[0]!.sequence, text: shown }, ...parts.slice(half)];
}

/** The text of a line as it stood after an event; all of it unless given. */
export function textOfLine({ parts }: LogLine, sequence = Number.POSITIVE_INFINITY): string {
  if (parts.length === 1) return parts[0]!.text;
  return parts
    .filter((part) => part.sequence <= sequence)
    .map(({ text }) => text)
    .join('');
}

/**
 * Makes the lines of a chunk again from the journal's events, read from its place on.
 * @param enough is true once the chunk is whole
 */
export function remakeChunk(place: ChunkPlace) {
  const lines: LogLine[] = [];
  const log = makeLogLines({ maxLines: Number.POSITIVE_INFINITY, maxCharacters: Number.POSITIVE_INFINITY });
  const skipping = new Set(place.openSources.map(nameOf));
  let isFirst = true;
  return {
    append(piece: LogPiece): void {
      let { text } = piece;
      if (skipping.has(nameOf(piece))) {
        const end = text.indexOf('\n');
        if (end === -1) return;
        skipping.delete(nameOf(piece));
        text = text.slice(end + 1);
      }
      if (isFirst) text = withoutLines(text, place.skip);
      isFirst = false;
      log.append({ ...piece, text });
    },
    /** One line more than the chunk has: its last is then likely to be whole. */
    get isWhole() {
      return log.count > linesPerChunk;
    },
    lines(): readonly LogLine[] {
      for (let id = lines.length; id < Math.min(log.count, linesPerChunk); id++) lines.push(log.line(id)!);
      return lines;
    },
  };
}

function withoutLines(text: string, lines: number): string {
  let from = 0;
  for (let n = 0; n < lines; n++) from = text.indexOf('\n', from) + 1;
  return text.slice(from);
}

function nameOf({ nodeKey, item, attempt, stream }: LogSource): string {
  return `${stream}/${attempt}/${item}/${nodeKey}`;
}
