import type { Socket } from 'node:net';
import type { PythonEvent } from '../backend.ts';

type OutputEvent = Extract<PythonEvent, { kind: 'output' }>;

/**
 * Turns what arrives on one of a run's streams into events.
 *
 * A whole line goes out at once unless one went out in the last 3 ms, and what has no line end yet waits 3 ms:
 * a single print() is told without delay and in one piece (unbuffered Python writes its line end apart), and a
 * flood becomes events of 16 to 80 KiB instead of one a line. Bytes over the cap are read and thrown away.
 */
export class OutputStream {
  private readonly tail = new Tail();
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private sentBytes = 0;
  private lastSentAt = 0;
  private timer: NodeJS.Timeout | null = null;
  private isTruncated = false;
  /** Resolves when the stream ended and its last event was given out. */
  readonly ended: Promise<void>;

  constructor(
    private readonly name: OutputEvent['stream'],
    private readonly socket: Socket,
    private readonly maxBytes: number,
    private readonly emit: (event: OutputEvent) => void,
  ) {
    this.ended = new Promise((resolve) => {
      const onEnd = () => {
        this.flush(true);
        resolve();
      };
      socket.once('end', onEnd).once('close', onEnd);
    });
    socket.on('data', (bytes) => this.take(bytes));
  }

  /** Bytes that arrived so far, also those over the cap. */
  receivedBytes = 0;

  /** The end of what the run wrote, also of what is over the cap. */
  lastText(): string | null {
    return this.tail.text();
  }

  /** Gives out what waits for its 3 ms, so that an event that follows it in time follows it in order. */
  flush(isLast = false): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.pendingBytes === 0) return;
    const bytes = Buffer.concat(this.pending);
    const kept = isLast ? 0 : incompleteTailBytes(bytes);
    this.pending = kept > 0 ? [bytes.subarray(bytes.length - kept)] : [];
    this.pendingBytes = kept;
    if (bytes.length > kept) this.send(bytes.subarray(0, bytes.length - kept));
  }

  private take(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    this.tail.add(bytes);
    if (this.isTruncated) {
      this.slowDown();
      return;
    }
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    const isWholeLine = bytes[bytes.length - 1] === LINE_END;
    if (this.pendingBytes >= FLUSH_BYTES || (isWholeLine && performance.now() - this.lastSentAt >= FLUSH_MS))
      this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private send(bytes: Buffer): void {
    const room = this.maxBytes - this.sentBytes;
    this.isTruncated = bytes.length > room;
    const told = this.isTruncated
      ? bytes.subarray(0, room - incompleteTailBytes(bytes.subarray(0, room)))
      : bytes;
    this.emit({
      kind: 'output',
      stream: this.name,
      text: told.toString('utf8'),
      byteOffset: this.sentBytes,
      truncated: this.isTruncated,
    });
    this.sentBytes += told.length;
    this.lastSentAt = performance.now();
    if (this.isTruncated) {
      this.pending = [];
      this.pendingBytes = 0;
    }
  }

  /** Nobody will see these bytes: reading them may not take the time of those who see theirs. */
  private slowDown(): void {
    this.socket.pause();
    setTimeout(() => this.socket.resume(), 1);
  }
}

const FLUSH_BYTES = 16 * 1024;
const FLUSH_MS = 3;
const LINE_END = 10;

/** How many bytes at the end are the start of a UTF-8 character whose rest has yet to come (0 to 3). */
export function incompleteTailBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue; // in the middle of one
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** The last 4 KiB of a stream. */
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
