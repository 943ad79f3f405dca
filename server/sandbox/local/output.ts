import type { PythonEvent } from '../backend.ts';

type OutputEvent = Extract<PythonEvent, { kind: 'output' }>;

/** Turns the bytes of one of a run's streams into events: UTF-8 as text, with their offset, up to a cap. */
export class OutputText {
  private readonly tail = new Tail();
  /** The start of a character whose rest has yet to come. */
  private incomplete: Buffer = Buffer.alloc(0);
  private toldBytes = 0;
  private isTruncated = false;

  constructor(
    private readonly stream: OutputEvent['stream'],
    private readonly maxBytes: number,
    private readonly emit: (event: OutputEvent) => void,
  ) {}

  add(bytes: Buffer): void {
    this.tail.add(bytes);
    if (this.isTruncated) return;
    const all = this.incomplete.length > 0 ? Buffer.concat([this.incomplete, bytes]) : bytes;
    const room = this.maxBytes - this.toldBytes;
    this.isTruncated = all.length > room;
    const within = all.subarray(0, room);
    const whole = within.subarray(0, within.length - incompleteTailBytes(within));
    this.incomplete = all.subarray(whole.length, this.isTruncated ? whole.length : undefined);
    this.tell(whole);
  }

  /** No more will come: what is no whole character now never will be one. */
  end(): void {
    if (this.incomplete.length > 0) this.tell(this.incomplete);
    this.incomplete = Buffer.alloc(0);
  }

  /** The last 4 KiB of the stream, also of what is over the cap; null when nothing was written. */
  lastText(): string | null {
    return this.tail.text();
  }

  private tell(bytes: Buffer): void {
    if (bytes.length === 0 && !this.isTruncated) return;
    const { stream, toldBytes: byteOffset, isTruncated: truncated } = this;
    this.toldBytes += bytes.length;
    this.emit({ kind: 'output', stream, text: bytes.toString('utf8'), byteOffset, truncated });
  }
}

/** How many bytes at the end are the start of a UTF-8 character whose rest has yet to come (0 to 3). */
function incompleteTailBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue; // in the middle of one
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

class Tail {
  private bytes: Buffer = Buffer.alloc(0);

  add(more: Buffer): void {
    const joined = more.length >= TAIL_BYTES ? more : Buffer.concat([this.bytes, more]);
    this.bytes = joined.subarray(Math.max(0, joined.length - TAIL_BYTES));
  }

  text(): string | null {
    return this.bytes.length === 0 ? null : this.bytes.toString('utf8');
  }
}

const TAIL_BYTES = 4096;
