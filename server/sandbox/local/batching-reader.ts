import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Reads one of a run's output pipes in a rhythm that tells a single print() without delay and lets a flood
 * gather in the pipe, so that a run that prints in a loop costs the server one read every 3 ms and not one a line.
 *
 *   idle ──bytes──▶ resting (3 ms, not reading) ──▶ catching up (two turns) ──nothing came──▶ idle
 *                        ▲──────────────────────────────────┘ something came
 *
 * In idle, bytes that end a line are given out at once; others wait for the end of the rest, because unbuffered
 * Python writes the pieces of one print() apart.
 */
export class PacedPipe {
  /** Bytes that arrived so far. */
  receivedBytes = 0;
  /** Resolves when nothing more can come and everything was given out. */
  readonly ended: Promise<void>;
  private phase: 'idle' | 'resting' | 'catching up' | 'last read' | 'closed' = 'idle';
  private isHeld = false;
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly give: (bytes: Buffer) => void,
  ) {
    this.ended = new Promise((resolve) => {
      const onEnd = () => {
        this.flush();
        resolve();
      };
      socket.once('end', onEnd).once('close', onEnd);
    });
    socket.on('data', (bytes) => this.take(bytes));
  }

  /** Stops reading until `release`: the run then blocks as soon as its pipe is full. */
  hold(): void {
    this.isHeld = true;
    this.steer();
  }

  release(): void {
    this.isHeld = false;
    this.steer();
  }

  /** Gives out what arrived, whole line or not. */
  flush(): void {
    if (this.pendingBytes === 0) return;
    const bytes = Buffer.concat(this.pending);
    this.pending = [];
    this.pendingBytes = 0;
    this.give(bytes);
  }

  /** From now on reads all there is, as soon as it is there. */
  readOn(): void {
    clearTimeout(this.timer);
    this.phase = 'last read';
    this.steer();
  }

  /** Gives out nothing more. The socket goes a turn later, when what the run gave is on its way. */
  close(): void {
    clearTimeout(this.timer);
    this.phase = 'closed';
    setImmediate(() => this.socket.destroy());
  }

  private take(bytes: Buffer): void {
    if (this.phase === 'closed') return;
    this.receivedBytes += bytes.length;
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    if (this.pendingBytes >= BATCH_BYTES) this.flush();
    if (this.phase !== 'idle') return;
    if (bytes[bytes.length - 1] === LINE_END) this.flush();
    this.rest();
  }

  private rest(): void {
    this.phase = 'resting';
    this.steer();
    this.timer = setTimeout(() => void this.catchUp(), REST_MS);
  }

  /** One turn for the few bytes that the stream had read ahead, one for what gathered in the pipe. */
  private async catchUp(): Promise<void> {
    const before = this.receivedBytes;
    this.phase = 'catching up';
    this.steer();
    await nextTurn();
    await nextTurn();
    if (this.phase !== 'catching up') return;
    this.flush();
    if (this.receivedBytes > before) this.rest();
    else this.phase = 'idle';
  }

  private steer(): void {
    if (this.isHeld || this.phase === 'resting') this.socket.pause();
    else this.socket.resume();
  }
}

const REST_MS = 3;
const BATCH_BYTES = 16 * 1024;
const LINE_END = 10;
