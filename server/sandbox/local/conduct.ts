import type { Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { PythonOutcome, PythonRunOptions, PythonRunRequest } from '../backend.ts';
import type { CellFrame, FinalFrame } from '../frames.ts';
import type { Cell, CellEnd } from './cell.ts';
import { EventQueue } from './event-queue.ts';
import { describeEnd, type RunEnd } from './outcome.ts';
import { OutputStream } from './output.ts';

export interface ConductOptions extends PythonRunOptions {
  policy: 'strict' | 'kernel';
  memoryMb: number;
  maxOutputBytes: number;
}

/**
 * Takes one run through a waiting cell, from the request to the outcome.
 *
 * A run ends in one of two ways. It tells its last frame, and nobody waits for its process to be torn down. Or
 * the cell exits without one: by its own doing, or because time, memory or the caller ended it.
 */
export async function conductRun(
  cell: Cell,
  request: PythonRunRequest,
  options: ConductOptions,
): Promise<PythonOutcome> {
  return new Run(cell, request, options).conduct();
}

class Run {
  private readonly startedAt = performance.now();
  private readonly events: EventQueue;
  private readonly stdout: OutputStream;
  private readonly stderr: OutputStream;
  private readonly finished = Promise.withResolvers<void>();
  private readonly channelClosed: Promise<unknown>;
  private readonly subscriberFailed = Promise.withResolvers<never>();
  private last: FinalFrame | null = null;
  private endedBy: RunEnd['endedBy'] = null;
  private violations = 0;

  constructor(
    private readonly cell: Cell,
    private readonly request: PythonRunRequest,
    private readonly options: ConductOptions,
  ) {
    const sockets: Socket[] = [cell.stdout, cell.stderr, cell.channel];
    this.events = new EventQueue(options.onEvent, {
      pause: () => {
        for (const socket of sockets) socket.pause();
      },
      resume: () => {
        for (const socket of sockets) socket.resume();
      },
      fail: (error) => this.subscriberFailed.reject(error),
    });
    this.stdout = new OutputStream('STDOUT', cell.stdout, options.maxOutputBytes, (event) =>
      this.events.push(event),
    );
    this.stderr = new OutputStream('STDERR', cell.stderr, options.maxOutputBytes, (event) =>
      this.events.push(event),
    );
    this.channelClosed = new Promise((resolve) => cell.channel.once('close', resolve));
    this.subscriberFailed.promise.catch(() => this.cell.end(0));
  }

  async conduct(): Promise<PythonOutcome> {
    const { cell, request, options } = this;
    cell.onFrame = (frame) => this.onFrame(frame);
    cell.onBadFrame = (error) => this.endBecause({ kind: 'bad-frame', message: error.message }, 0);
    const deadline = setTimeout(() => this.endBecause({ kind: 'timeout' }, GRACE_MS), request.timeoutMs);
    const onAbort = () => this.endBecause({ kind: 'aborted' }, GRACE_MS);
    options.signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (options.signal.aborted) onAbort();
      else this.dispatch();
      return await Promise.race([this.outcome(), this.subscriberFailed.promise]);
    } finally {
      clearTimeout(deadline);
      options.signal.removeEventListener('abort', onAbort);
      this.leave();
    }
  }

  private dispatch(): void {
    const { code, input, timeoutMs } = this.request;
    const { policy, memoryMb } = this.options;
    this.cell.dispatch(
      { kind: 'run', code, input: input ?? null, policy, memoryMb },
      { memoryMb, killAfterMs: timeoutMs + GRACE_MS },
    );
  }

  private async outcome(): Promise<PythonOutcome> {
    const exit = await Promise.race([this.finished.promise, this.cell.exited]);
    const durationMs = performance.now() - this.startedAt;
    if (this.endedBy?.kind === 'aborted') return { kind: 'aborted', durationMs };
    // The fork-server's word of the exit may overtake the cell's own last frame.
    if (!this.last) await this.channelClosed;
    await (this.last ? this.outputRead() : Promise.all([this.stdout.ended, this.stderr.ended]));
    this.flushOutput();
    await this.events.drained();
    const end: RunEnd = {
      last: this.last,
      endedBy: this.endedBy,
      exit: exit ?? null,
      stderr: this.stderr.lastText(),
    };
    return describeEnd(end, { ...this.options, timeoutMs: this.request.timeoutMs, durationMs });
  }

  /**
   * Resolves when all that was written before the last frame is here. It was in the sockets before the frame
   * was, so that a whole turn of the event loop without data means there is no more. (Waiting for the end of the
   * streams would wait for the process, and for whatever it left behind that holds them open.)
   */
  private async outputRead(): Promise<void> {
    for (let seen = -1; seen !== this.receivedBytes(); ) {
      seen = this.receivedBytes();
      await this.events.drained();
      await nextTurn();
      await nextTurn();
    }
  }

  private receivedBytes(): number {
    return this.stdout.receivedBytes + this.stderr.receivedBytes;
  }

  private onFrame(frame: CellFrame): void {
    if (this.last || this.endedBy) return;
    switch (frame.kind) {
      case 'result':
      case 'error':
        this.last = frame;
        this.finished.resolve();
        break;
      case 'progress':
        this.flushOutput();
        this.events.push(frame);
        break;
      case 'violation':
        this.violations += 1;
        if (this.violations <= MAX_VIOLATIONS) this.events.push(frame);
        break;
      default: // `ready` and `findings` are no part of a run; a cell may say them, and nothing comes of it
    }
  }

  private flushOutput(): void {
    this.stdout.flush();
    this.stderr.flush();
  }

  private endBecause(reason: NonNullable<RunEnd['endedBy']>, graceMs: number): void {
    if (this.last || this.endedBy) return;
    this.endedBy = reason;
    this.cell.end(graceMs);
  }

  /** The outcome is told; a cell that lives on a little is not waited for, and one that lives on longer is killed. */
  private leave(): void {
    const { cell } = this;
    cell.onFrame = () => {};
    for (const socket of [cell.stdout, cell.stderr, cell.channel]) socket.destroy();
    if (cell.hasExited) return;
    void Promise.race([cell.exited, delay(LINGER_MS, null, { ref: false })]).then((end: CellEnd | null) => {
      if (!end) cell.end(0);
    });
  }
}

const GRACE_MS = 500;
const LINGER_MS = 100;
const MAX_VIOLATIONS = 100;
