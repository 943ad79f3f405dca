import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { coerceError } from '../../shared/errors.ts';
import { type CellFrame, cellFrameSchema, encodeFrame, FrameDecoder } from '../frames.ts';

/**
 * The private channel of a cell: bounded, checked, and read no faster than an honest cell writes. Hostile code can
 * write to the channel's descriptor and flood it. Reading then pauses, so that parsing the flood takes no time from
 * other runs. Only three kinds of frames may be long: the result, after which only short frames are read, and artifacts
 * and requests, whose number run-in-cell.ts and requests.ts limit.
 */
export class CellChannel {
  onFrame: (frame: CellFrame) => void = () => {};
  /** Called for bytes that are not a frame; nothing more is read after them. */
  onBadFrame: (error: Error) => void = () => {};
  readonly closed: Promise<void>; // cannot reject: it resolves when the socket closes
  private readonly decoder = new FrameDecoder(cellFrameSchema, MAX_FRAME_BYTES, {
    result: MAX_RESULT_FRAME_BYTES,
    artifact: MAX_ARTIFACT_FRAME_BYTES,
    fetch: MAX_FETCH_FRAME_BYTES,
  });
  private framesInWindow = 0;
  private bytesInWindow = 0;
  private windowEndsAt = 0;
  private isPaused = false;
  private rest: NodeJS.Timeout | null = null;
  /** Null while it reads. */
  private halt: PromiseWithResolvers<void> | null = null;

  constructor(private readonly socket: Socket) {
    socket.setMaxListeners(0); // each request that a run has open may wait for it
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (bytes) => this.read(bytes));
  }

  /** A run begins, perhaps not the first one of the cell: its frames are counted anew. */
  beginRun(): void {
    this.decoder.allowLongFrames(true);
    this.framesInWindow = 0;
    this.bytesInWindow = 0;
  }

  send(frame: object): void {
    this.socket.write(encodeFrame(frame));
  }

  /** Resolves when the cell has read enough to send more, with whether it is still there. @throws the signal's reason */
  async sendSlowly(frame: object, signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    if (this.socket.destroyed) return false;
    if (this.socket.write(encodeFrame(frame))) return true;
    const { promise: drained, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.socket.once('drain', resolve).once('close', resolve);
    await drained.finally(() => {
      signal?.removeEventListener('abort', onAbort);
      this.socket.off('drain', resolve).off('close', resolve);
    });
    return !this.socket.destroyed;
  }

  /**
   * Resolves when what the cell has written by now is read: Node throws that away where a write finds that the cell has
   * ended, and the result of its run may be among it.
   */
  async caughtUp(): Promise<void> {
    await this.halt?.promise;
    await nextTurn();
    await this.halt?.promise;
    await nextTurn(); // whatever the turn began with, it has read once in between
  }

  /** What was sent and the cell has not read, bytes. */
  get unreadBytes(): number {
    return this.socket.writableLength;
  }

  pause(): void {
    this.isPaused = true;
    this.updateFlow();
  }

  resume(): void {
    this.isPaused = false;
    this.updateFlow();
  }

  close(): void {
    if (this.rest) clearTimeout(this.rest);
    this.halt?.resolve();
    this.socket.destroy();
  }

  private read(bytes: Buffer): void {
    this.bytesInWindow += bytes.length;
    try {
      for (const frame of this.decoder.feed(bytes)) {
        if (frame.kind === 'result' || frame.kind === 'error') this.decoder.allowLongFrames(false);
        this.onFrame(frame);
        this.framesInWindow += 1;
        if (frame.kind === 'artifact' || frame.kind === 'fetch') this.bytesInWindow = 0;
        this.limitRate();
      }
    } catch (error) {
      this.close();
      this.onBadFrame(coerceError(error));
    }
  }

  /** Called after each frame and not while one arrives, so that a long result is read as fast as it comes. */
  private limitRate(): void {
    const now = performance.now();
    if (now >= this.windowEndsAt) {
      this.windowEndsAt = now + WINDOW_MS;
      this.framesInWindow = 0;
      this.bytesInWindow = 0;
    } else if (this.isOverRate() && !this.rest) {
      this.rest = setTimeout(() => this.endRest(), this.windowEndsAt - now);
      this.updateFlow();
    }
  }

  private isOverRate(): boolean {
    return this.framesInWindow > MAX_FRAMES_IN_WINDOW || this.bytesInWindow > MAX_BYTES_IN_WINDOW;
  }

  private endRest(): void {
    this.rest = null;
    this.updateFlow();
  }

  private updateFlow(): void {
    if (this.isPaused || this.rest) {
      this.halt ??= Promise.withResolvers();
      this.socket.pause();
    } else {
      this.halt?.resolve();
      this.halt = null;
      this.socket.resume();
    }
  }
}

/** The longest honest one is a traceback of 32,000 characters (python/tracebacks.py). */
const MAX_FRAME_BYTES = 256 * 1024;
/** 16 MiB of JSON whose characters may all be escaped. Python checks the limit first, with a clearer error. */
const MAX_RESULT_FRAME_BYTES = 32 * 1024 * 1024;
/** 8 MiB in base64, and its headers. */
const MAX_FETCH_FRAME_BYTES = 12 * 1024 * 1024;
/** 10 MiB in base64. */
const MAX_ARTIFACT_FRAME_BYTES = 14 * 1024 * 1024;
/** Honest progress comes every 20 ms at most (python/progress.py). */
const WINDOW_MS = 100;
const MAX_FRAMES_IN_WINDOW = 50;
const MAX_BYTES_IN_WINDOW = 256 * 1024;
