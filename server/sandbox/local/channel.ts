import type { Socket } from 'node:net';
import { coerceError } from '../../shared/errors.ts';
import { type CellFrame, cellFrameSchema, encodeFrame, FrameDecoder } from '../frames.ts';

/**
 * A cell's private channel: bounded, checked, and read no faster than an honest cell writes. Code that got hold of
 * its descriptor can flood it; reading then rests, so that parsing the flood takes no time from other runs.
 */
export class CellChannel {
  onFrame: (frame: CellFrame) => void = () => {};
  /** What came was no frame; nothing more is read. */
  onBadFrame: (error: Error) => void = () => {};
  readonly closed: Promise<void>;
  private readonly decoder = new FrameDecoder(cellFrameSchema, MAX_FRAME_BYTES);
  private framesInWindow = 0;
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
    try {
      for (const frame of this.decoder.feed(bytes)) {
        this.framesInWindow += 1;
        this.onFrame(frame);
      }
    } catch (error) {
      this.close();
      this.onBadFrame(coerceError(error));
    }
    this.pace();
  }

  private pace(): void {
    const now = performance.now();
    if (now >= this.windowEndsAt) {
      this.windowEndsAt = now + WINDOW_MS;
      this.framesInWindow = 0;
    } else if (this.framesInWindow > MAX_FRAMES_IN_WINDOW && !this.rest) {
      this.rest = setTimeout(() => this.wake(), this.windowEndsAt - now);
      this.steer();
    }
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

/** A result is bounded before this, on the Python side, with a clearer error. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024;
/** Honest progress comes at most every 20 ms (python/progress.py). */
const WINDOW_MS = 100;
const MAX_FRAMES_IN_WINDOW = 50;
