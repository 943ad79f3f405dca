import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  PythonEvent,
  PythonOutcome,
  PythonRunOptions,
  PythonRunRequest,
  PythonViolation,
} from '../backend.ts';
import { isForced } from '../force.ts';
import type { CellFrame, FinalFrame } from '../frames.ts';
import { PacedPipe } from './batching-reader.ts';
import type { Cell } from './cell.ts';
import { EventQueue } from './event-queue.ts';
import { runLimits } from './limits.ts';
import { describeEnd, kernelViolation, type RunEnd } from './outcome.ts';
import { OutputText } from './output.ts';
import { ProgressGate } from './progress-throttle.ts';

export interface ConductOptions extends PythonRunOptions {
  policy: 'strict' | 'kernel';
  memoryMb: number;
  cpuShare: number;
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
  private readonly pipes: PacedPipe[];
  private readonly stdout: OutputText;
  private readonly stderr: OutputText;
  private readonly progress: ProgressGate;
  private readonly finished = Promise.withResolvers<void>();
  private readonly subscriberFailed = Promise.withResolvers<never>();
  /** Code that keeps one core busy meets its wall time first, and gets its grace. */
  private readonly cpuMs: number;
  private last: FinalFrame | null = null;
  private endedBy: RunEnd['endedBy'] = null;
  private violations = 0;
  private readonly artifacts = { count: 0, bytes: 0 };
  private readonly refusedCalls: string[] = [];

  constructor(
    private readonly cell: Cell,
    private readonly request: PythonRunRequest,
    private readonly options: ConductOptions,
  ) {
    this.cpuMs = options.cpuShare * request.timeoutMs + GRACE_MS;
    this.events = new EventQueue(options.onEvent, {
      pause: () => this.hold(),
      resume: () => this.release(),
      fail: (error) => this.subscriberFailed.reject(error),
    });
    const tell = (event: PythonEvent) => this.events.push(event);
    this.stdout = new OutputText('STDOUT', runLimits.output, tell);
    this.stderr = new OutputText('STDERR', runLimits.output, tell);
    this.progress = new ProgressGate((event) => {
      this.flushOutput();
      tell(event);
    });
    this.pipes = [pacedText(cell.stdout, this.stdout), pacedText(cell.stderr, this.stderr)];
    this.subscriberFailed.promise.catch(() => this.cell.end(0));
  }

  async conduct(): Promise<PythonOutcome> {
    const { cell, request, options } = this;
    cell.channel.onFrame = (frame) => this.onFrame(frame);
    cell.channel.onBadFrame = (error) => this.endBecause({ kind: 'bad-frame', message: error.message }, 0);
    cell.onRefusedCall = (call) => this.onRefusedCall(call);
    const deadline = setTimeout(() => this.endBecause({ kind: 'timeout' }, GRACE_MS), request.timeoutMs);
    const onAbort = () =>
      this.endBecause({ kind: 'aborted' }, isForced(options.signal.reason) ? 0 : GRACE_MS);
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
      { memoryMb, cpuMs: this.cpuMs, killAfterMs: timeoutMs + GRACE_MS },
    );
  }

  private async outcome(): Promise<PythonOutcome> {
    const exit = await Promise.race([this.finished.promise, this.cell.exited]);
    const durationMs = performance.now() - this.startedAt;
    if (this.endedBy?.kind === 'aborted') return { kind: 'aborted', durationMs };
    // The fork-server's word of the exit may overtake the cell's own last frame.
    if (!this.last) await this.cell.channel.closed;
    await (this.last ? this.readRest() : this.pipesEnded());
    await this.events.drained();
    const { timeoutMs } = this.request;
    const end: RunEnd = {
      last: this.last,
      endedBy: this.endedBy,
      exit: exit ?? null,
      refusedCalls: this.refusedCalls,
      stderr: this.stderr.lastText(),
    };
    return describeEnd(end, { ...this.options, timeoutMs, cpuMs: this.cpuMs, durationMs });
  }

  /**
   * Reads what was written before the last frame. It was in the pipes before the frame was in its socket, so that
   * turns of the event loop without data mean there is no more. Waiting for the end of the pipes instead would
   * wait for the process, and for whatever it left behind that holds them open or goes on writing to them.
   */
  private async readRest(): Promise<void> {
    for (const pipe of this.pipes) pipe.readOn();
    for (let seen = -1, rounds = 0; seen !== this.receivedBytes() && rounds < MAX_ROUNDS; rounds += 1) {
      seen = this.receivedBytes();
      await this.events.drained();
      await nextTurn();
      await nextTurn();
    }
    this.flushOutput();
    this.endText();
  }

  private async pipesEnded(): Promise<void> {
    for (const pipe of this.pipes) pipe.readOn();
    await Promise.all(this.pipes.map((pipe) => pipe.ended));
    this.endText();
  }

  private endText(): void {
    this.progress.flush();
    this.stdout.end();
    this.stderr.end();
  }

  private receivedBytes(): number {
    return this.pipes.reduce((sum, pipe) => sum + pipe.receivedBytes, 0);
  }

  private hold(): void {
    this.cell.channel.hold();
    for (const pipe of this.pipes) pipe.hold();
  }

  private release(): void {
    this.cell.channel.release();
    for (const pipe of this.pipes) pipe.release();
  }

  private onFrame(frame: CellFrame): void {
    if (this.last) return;
    if (this.endedBy) {
      // It took its TERM; there is no need to wait for the rest of the grace.
      if (frame.kind === 'error' || frame.kind === 'result') this.cell.end(0);
      return;
    }
    switch (frame.kind) {
      case 'result':
      case 'error':
        this.last = frame;
        this.finished.resolve();
        break;
      case 'progress':
        this.progress.push(frame);
        break;
      case 'violation':
        this.tellViolation(frame.violation);
        break;
      case 'artifact':
        this.onArtifact(frame);
        break;
      default: // `ready`, `rehearsed` and `findings` are no part of a run; a cell may say them, and nothing comes of it
    }
  }

  private onArtifact({ name, mimeType, data: base64 }: Extract<CellFrame, { kind: 'artifact' }>): void {
    const { count, totalBytes } = runLimits.artifacts;
    this.artifacts.count += 1;
    this.artifacts.bytes += Buffer.byteLength(base64, 'base64');
    // Python bounds them before, with a clearer error.
    if (this.artifacts.count > count || this.artifacts.bytes > totalBytes) {
      this.endBecause({ kind: 'bad-frame', message: 'it sent more artifacts than a run may' }, 0);
      return;
    }
    this.flushOutput();
    this.events.push({ kind: 'artifact', name, mimeType, base64 });
  }

  private onRefusedCall(call: string): void {
    const violation = kernelViolation(call);
    this.refusedCalls.push(call);
    this.tellViolation(violation);
  }

  private tellViolation(violation: PythonViolation): void {
    this.violations += 1;
    if (this.violations <= MAX_VIOLATIONS) this.events.push({ kind: 'violation', violation });
  }

  private flushOutput(): void {
    for (const pipe of this.pipes) pipe.flush();
  }

  private endBecause(reason: NonNullable<RunEnd['endedBy']>, graceMs: number): void {
    if (this.last || this.endedBy) return;
    this.endedBy = reason;
    this.cell.end(graceMs);
  }

  private leave(): void {
    this.progress.close();
    for (const pipe of this.pipes) pipe.close();
    this.cell.onRefusedCall = () => this.cell.end(0); // nothing is told after the outcome
    this.cell.leave();
  }
}

function pacedText(socket: Socket, text: OutputText): PacedPipe {
  return new PacedPipe(socket, (bytes) => text.add(bytes));
}

/** A pipe holds 1 MiB at most, 16 rounds of one read; what is still coming then was written later. */
const MAX_ROUNDS = 20;
const GRACE_MS = 500;
const MAX_VIOLATIONS = 100;
