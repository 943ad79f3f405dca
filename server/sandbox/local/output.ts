import type { MaskedStream } from '../../shared/masking/masker.ts';
import type { PythonEvent } from '../backend.ts';
import { LongLines } from './long-lines.ts';

type OutputEvent = Extract<PythonEvent, { kind: 'output' }>;

/** Limits on what is emitted of one stream and of one line, in bytes. */
export interface OutputLimits {
  streamBytes: number;
  lineBytes: number;
}

/** Turns the bytes of one output stream into events, up to the limits: UTF-8 text with byte offsets. */
export class OutputText {
  private readonly tail = new Tail();
  private readonly lines: LongLines;
  /** The first bytes of a character whose rest has not arrived. */
  private incomplete: Buffer = Buffer.alloc(0);
  private writtenBytes = 0;
  private emittedBytes = 0;
  private isFull = false;

  constructor(
    private readonly stream: OutputEvent['stream'],
    private readonly limits: OutputLimits,
    private readonly onEvent: (event: OutputEvent) => void,
    /** What masks it before anything else sees it: limits, offsets and the tail are of the masked stream. */
    private readonly mask: MaskedStream | null = null,
  ) {
    this.lines = new LongLines(limits.lineBytes);
  }

  add(bytes: Buffer): void {
    this.take(this.mask === null ? bytes : this.mask.add(bytes));
  }

  /** The stream has ended: an incomplete character at its end is emitted as a replacement character. */
  end(): void {
    if (this.mask !== null) this.take(this.mask.end());
    if (this.incomplete.length > 0) this.emit(this.incomplete, this.writtenBytes - this.incomplete.length);
    this.incomplete = Buffer.alloc(0);
  }

  /** The last 4 KiB of the stream, whether emitted or not; null when nothing was written. */
  lastText(): string | null {
    return this.tail.text();
  }

  private take(bytes: Buffer): void {
    this.tail.add(bytes);
    for (const { start, end, isCut } of this.isFull ? [] : this.lines.keep(bytes)) {
      this.addKept(bytes.subarray(start, end), this.writtenBytes + start, isCut);
    }
    this.writtenBytes += bytes.length;
  }

  private addKept(bytes: Buffer, byteOffset: number, isCut: boolean): void {
    if (this.isFull) return;
    const all = this.incomplete.length > 0 ? Buffer.concat([this.incomplete, bytes]) : bytes;
    const startsAt = byteOffset - this.incomplete.length;
    const room = this.limits.streamBytes - this.emittedBytes;
    this.isFull = all.length > room;
    const within = all.subarray(0, room);
    const whole = within.subarray(0, within.length - incompleteTailBytes(within));
    const cut = this.isFull ? this.fullMessage() : isCut ? this.cutMessage() : null;
    this.incomplete = cut === null ? all.subarray(whole.length) : Buffer.alloc(0);
    this.emit(whole, startsAt, cut);
  }

  private emit(bytes: Buffer, byteOffset: number, cut: string | null = null): void {
    if (bytes.length === 0 && cut === null) return;
    this.emittedBytes += bytes.length;
    const text = bytes.toString('utf8');
    const output = { kind: 'output', stream: this.stream, text, byteOffset } as const;
    if (cut === null) this.onEvent({ ...output, truncated: false });
    else this.onEvent({ ...output, truncated: true, code: 'PYTHON_OUTPUT_LIMIT', message: cut });
  }

  private fullMessage(): string {
    return `${this.stream} is limited to ${inKib(this.limits.streamBytes)}; the rest is left out, and the run goes on`;
  }

  private cutMessage(): string {
    return `A line is limited to ${inKib(this.limits.lineBytes)}; the rest of this line is left out`;
  }
}

function inKib(bytes: number): string {
  return `${bytes / 1024} KiB`;
}

/** How many bytes at the end are the first ones of an incomplete UTF-8 character (0 to 3). */
function incompleteTailBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue; // not the first byte of a character
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
