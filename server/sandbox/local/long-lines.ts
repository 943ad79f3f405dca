/** A part of some bytes that is to be kept; after one that is cut, the rest of its line is not. */
export interface KeptRange {
  start: number;
  end: number;
  isCut: boolean;
}

/** Finds what of a stream is within the limit of its lines. A line's end is always kept, so that lines stay lines. */
export class LongLines {
  /** Of the line that the stream is in, kept or not. */
  private lineBytes = 0;

  constructor(private readonly maxLineBytes: number) {}

  /** The parts of the stream's next bytes that are kept, in order. */
  keep(bytes: Buffer): KeptRange[] {
    const ranges: KeptRange[] = [];
    let keptFrom = this.lineBytes > this.maxLineBytes ? null : 0;
    for (let lineStart = 0; ; ) {
      const lineEnd = bytes.indexOf(LINE_END, lineStart);
      const end = lineEnd === -1 ? bytes.length : lineEnd;
      const room = this.maxLineBytes - this.lineBytes;
      if (keptFrom !== null && end - lineStart > room) {
        ranges.push({ start: keptFrom, end: lineStart + room, isCut: true });
        keptFrom = null;
      }
      this.lineBytes += end - lineStart;
      if (lineEnd === -1) break;
      this.lineBytes = 0;
      keptFrom ??= lineEnd;
      lineStart = lineEnd + 1;
    }
    if (keptFrom !== null && keptFrom < bytes.length)
      ranges.push({ start: keptFrom, end: bytes.length, isCut: false });
    return ranges;
  }
}

const LINE_END = 10;
