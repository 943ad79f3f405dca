import type { Socket } from 'node:net';
import { coerceError } from '../../shared/errors.ts';
import { type CellFrame, cellFrameSchema, encodeFrame, FrameDecoder } from '../frames.ts';

/**
 * A cell's private channel: bounded, checked, and read no faster than an honest cell writes. Code that got hold of
 * its descriptor can flood it; reading then rests, so that parsing the flood takes no time from other runs. Only the
 * result may be long, after which nothing is read, and artifacts, of which conduct.ts takes only so many.
 */
export class CellChannel {
  onFrame: (frame: CellFrame) => void = () => {};
  /** What came was no frame; nothing more is read. */
  onBadFrame: (error: Error) => void = () => {};
  readonly closed: Promise<void>;
  private readonly decoder = new FrameDecoder(cellFrameSchema, MAX_FRAME_BYTES, {
    result: MAX_RESULT_FRAME_BYTES,
    artifact: MAX_ARTIFACT_FRAME_BYTES,
  });
  private framesInWindow = 0;
  private bytesInWindow = 0;
  private hasEnded = false;
  private windowEndsAt = 0;
  private isHeld = false;
  private rest: NodeJS.Timeout | null = null;

  constructor(private readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (bytes) => this.read(bytes));
  }

  send(frame: object): void {
    this.socket.write(encodeFrame(frame));
  }

  hold(): void {
    this.isHeld = true;
    this.steer();
  }

  release(): void {
    this.isHeld = false;
    this.steer();
  }

  close(): void {
    if (this.rest) clearTimeout(this.rest);
    this.socket.destroy();
  }

  private read(bytes: Buffer): void {
    if (this.hasEnded) return;
    this.bytesInWindow += bytes.length;
    try {
      for (const frame of this.decoder.feed(bytes)) {
        this.hasEnded = frame.kind === 'result' || frame.kind === 'error';
        this.onFrame(frame);
        if (this.hasEnded) return;
        this.framesInWindow += 1;
        if (frame.kind === 'artifact') this.bytesInWindow = 0;
        this.pace();
      }
    } catch (error) {
      this.close();
      this.onBadFrame(coerceError(error));
    }
  }

  /** After each frame, and not while one arrives: a long result is read as fast as it comes. */
  private pace(): void {
    const now = performance.now();
    if (now >= this.windowEndsAt) {
      this.windowEndsAt = now + WINDOW_MS;
      this.framesInWindow = 0;
      this.bytesInWindow = 0;
    } else if (this.isOverPace() && !this.rest) {
      this.rest = setTimeout(() => this.wake(), this.windowEndsAt - now);
      this.steer();
    }
  }

  private isOverPace(): boolean {
    return this.framesInWindow > MAX_FRAMES_IN_WINDOW || this.bytesInWindow > MAX_BYTES_IN_WINDOW;
  }

  private wake(): void {
    this.rest = null;
    this.steer();
  }

  private steer(): void {
    if (this.isHeld || this.rest) this.socket.pause();
    else this.socket.resume();
  }
}

/** The longest honest one is a traceback of 32,000 characters (python/tracebacks.py). */
const MAX_FRAME_BYTES = 256 * 1024;
/** 16 MiB of JSON, in which every other character may be escaped; Python bounds it before, with a clearer error. */
const MAX_RESULT_FRAME_BYTES = 32 * 1024 * 1024;
/** 10 MiB in base64. */
const MAX_ARTIFACT_FRAME_BYTES = 14 * 1024 * 1024;
/** Honest progress comes at most every 20 ms (python/progress.py). */
const WINDOW_MS = 100;
const MAX_FRAMES_IN_WINDOW = 50;
const MAX_BYTES_IN_WINDOW = 256 * 1024;
