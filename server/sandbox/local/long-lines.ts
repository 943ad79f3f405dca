/** A range of bytes to keep. After a range with `isCut`, the rest of its line is left out. */
export interface KeptRange {
  start: number;
  end: number;
  isCut: boolean;
}

/** Cuts long lines of a stream at a limit. The line end is always kept, so that each line stays a line. */
export class LongLines {
  /** Bytes of the current line so far, kept or not. */
  private lineBytes = 0;

  constructor(private readonly maxLineBytes: number) {}

  /** The ranges to keep of the next bytes of the stream, in order. */
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
