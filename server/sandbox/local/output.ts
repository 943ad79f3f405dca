import type { PythonEvent } from '../backend.ts';
import { LongLines } from './long-lines.ts';

type OutputEvent = Extract<PythonEvent, { kind: 'output' }>;

/** In bytes: of all that is told of a stream, and of one line. */
export interface OutputLimits {
  streamBytes: number;
  lineBytes: number;
}

/** Turns the bytes of one of a run's streams into events: UTF-8 as text, with their offset, up to the limits. */
export class OutputText {
  private readonly tail = new Tail();
  private readonly lines: LongLines;
  /** The start of a character whose rest has yet to come. */
  private incomplete: Buffer = Buffer.alloc(0);
  private writtenBytes = 0;
  private toldBytes = 0;
  private isFull = false;

  constructor(
    private readonly stream: OutputEvent['stream'],
    private readonly limits: OutputLimits,
    private readonly emit: (event: OutputEvent) => void,
  ) {
    this.lines = new LongLines(limits.lineBytes);
  }

  add(bytes: Buffer): void {
    this.tail.add(bytes);
    for (const { start, end, isCut } of this.isFull ? [] : this.lines.keep(bytes)) {
      this.take(bytes.subarray(start, end), this.writtenBytes + start, isCut);
    }
    this.writtenBytes += bytes.length;
  }

  /** No more will come: what is no whole character now never will be one. */
  end(): void {
    if (this.incomplete.length > 0) this.tell(this.incomplete, this.writtenBytes - this.incomplete.length);
    this.incomplete = Buffer.alloc(0);
  }

  /** The last 4 KiB of the stream, also of what is over the limits; null when nothing was written. */
  lastText(): string | null {
    return this.tail.text();
  }

  private take(bytes: Buffer, byteOffset: number, isCut: boolean): void {
    if (this.isFull) return;
    const all = this.incomplete.length > 0 ? Buffer.concat([this.incomplete, bytes]) : bytes;
    const startsAt = byteOffset - this.incomplete.length;
    const room = this.limits.streamBytes - this.toldBytes;
    this.isFull = all.length > room;
    const within = all.subarray(0, room);
    const whole = within.subarray(0, within.length - incompleteTailBytes(within));
    const cut = this.isFull ? this.fullMessage() : isCut ? this.cutMessage() : null;
    this.incomplete = cut === null ? all.subarray(whole.length) : Buffer.alloc(0);
    this.tell(whole, startsAt, cut);
  }

  private tell(bytes: Buffer, byteOffset: number, cut: string | null = null): void {
    if (bytes.length === 0 && cut === null) return;
    this.toldBytes += bytes.length;
    const text = bytes.toString('utf8');
    const told = { kind: 'output', stream: this.stream, text, byteOffset } as const;
    if (cut === null) this.emit({ ...told, truncated: false });
    else this.emit({ ...told, truncated: true, code: 'PYTHON_OUTPUT_LIMIT', message: cut });
  }

  private fullMessage(): string {
    return `${this.stream} is told up to ${inKib(this.limits.streamBytes)}; what follows is left out, and the run goes on`;
  }

  private cutMessage(): string {
    return `A line is told up to ${inKib(this.limits.lineBytes)}; the rest of this one is left out`;
  }
}

function inKib(bytes: number): string {
  return `${bytes / 1024} KiB`;
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
