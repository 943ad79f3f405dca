import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Outbound } from '../../outbound/outbound.ts';
import { type Masker, maskerOf } from '../../shared/masking/masker.ts';
import type {
  FileRefusal,
  PythonEvent,
  PythonOutcome,
  PythonPolicy,
  PythonRunOptions,
  PythonRunRequest,
  PythonViolation,
  RunBounds,
} from '../backend.ts';
import { isForced } from '../force.ts';
import type { CellFrame, FinalFrame } from '../frames.ts';
import { usesWeb } from '../web.ts';
import { type Cell, WATCH_ANEW_AFTER_MS } from './cell.ts';
import type { CellOutput } from './cell-output.ts';
import { EventQueue } from './event-queue.ts';
import { runLimits } from './limits.ts';
import { describeEnd, isProbe, kernelViolation, type RunEnd } from './outcome.ts';
import { OutputText } from './output.ts';
import { ProgressThrottle } from './progress-throttle.ts';
import { type RequestLimits, RunRequests } from './requests.ts';
import { SavedArtifacts } from './saved-artifacts.ts';
import { sendFile } from './send-file.ts';

export interface RunInCellOptions extends PythonRunOptions {
  policy: PythonPolicy;
  allowsScratchWrites: boolean;
  bounds: RunBounds;
  memoryMb: number;
  cpuShare: number;
  outbound: Outbound;
  requestLimits: RequestLimits;
  /** Whether another run may follow in the same cell. */
  mayFollow: boolean;
  /** Whether it follows another one. */
  follows: boolean;
}

/**
 * One run in a waiting cell.
 *
 * A run ends in one of two ways. Either the cell sends its last frame, and nobody waits for its process to exit. Or the
 * cell exits without a last frame: by itself, or because of its limits, or because the caller ended it.
 */
export class CellRun {
  /** After the outcome: whether the cell waits for another run. */
  isFit = false;
  private readonly startedAt = performance.now();
  private readonly events: EventQueue<PythonEvent | OpenFileFrame>;
  private readonly stdout: OutputText;
  private readonly stderr: OutputText;
  private readonly progress: ProgressThrottle;
  /** Null for a run without secrets. */
  private readonly masker: Masker | null;
  private readonly finished = Promise.withResolvers<void>();
  private readonly subscriberFailed = Promise.withResolvers<never>();
  /** More than the timeout, so that code that keeps one core busy reaches its timeout first and gets its grace. */
  private readonly cpuMs: number;
  private last: FinalFrame | null = null;
  private endedBy: RunEnd['endedBy'] = null;
  private reported: PythonViolation | null = null;
  /** Counted for each wall, so that what a cell forges does not displace what the kernel reports. */
  private readonly violations = { STATIC: 0, RUNTIME: 0, KERNEL: 0 };
  /** Whether the outcome is decided: what is reported from then on is late. */
  private isDecided = false;
  private isEndedLate = false;
  private hasFailedSubscriber = false;
  private readonly artifacts = new SavedArtifacts();
  private readonly refusedCalls: string[] = [];
  /** Null until the run sends its first request. */
  private requests: RunRequests | null = null;

  constructor(
    private readonly cell: Cell,
    private readonly output: CellOutput,
    private readonly request: PythonRunRequest,
    private readonly options: RunInCellOptions,
  ) {
    this.cpuMs = options.cpuShare * request.timeoutMs + GRACE_MS;
    // First, so that the cell runs while what reads from it is made: nothing is read before the next turn of the loop.
    if (!options.signal.aborted) this.dispatch();
    this.events = new EventQueue((event) => this.deliver(event), {
      pause: () => this.pause(),
      resume: () => this.resume(),
      fail: (error) => this.subscriberFailed.reject(error),
    });
    const emit = (event: PythonEvent) => this.events.push(event);
    const limits = { streamBytes: options.bounds.outputMb * MIB, lineBytes: runLimits.lineBytes };
    const { secrets } = request;
    this.masker = secrets === undefined ? null : maskerOf(secrets);
    this.stdout = new OutputText('STDOUT', limits, emit, this.masker?.stream());
    this.stderr = new OutputText('STDERR', limits, emit, this.masker?.stream());
    this.progress = new ProgressThrottle((event) => {
      this.output.flush();
      emit(event);
    });
    output.begin(this.stdout, this.stderr);
    this.subscriberFailed.promise.catch(() => {
      this.hasFailedSubscriber = true;
      this.cell.end(0);
    });
  }

  async start(): Promise<PythonOutcome> {
    const { cell, request, options } = this;
    cell.channel.beginRun();
    cell.channel.onFrame = (frame) => this.onFrame(frame);
    cell.channel.onBadFrame = (error) => this.endBecause({ kind: 'bad-frame', message: error.message }, 0);
    cell.onRefusedCall = (call) => this.onRefusedCall(call);
    const deadline = setTimeout(() => this.endBecause({ kind: 'timeout' }, GRACE_MS), request.timeoutMs);
    const onAbort = () =>
      this.endBecause({ kind: 'aborted' }, isForced(options.signal.reason) ? 0 : GRACE_MS);
    options.signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (options.signal.aborted) onAbort();
      return await Promise.race([this.outcome(), this.subscriberFailed.promise]);
    } finally {
      clearTimeout(deadline);
      options.signal.removeEventListener('abort', onAbort);
      this.leave();
    }
  }

  private dispatch(): void {
    const { code, input, timeoutMs, recursionLimit, secrets } = this.request;
    const { policy, allowsScratchWrites, memoryMb, mayFollow, follows } = this.options;
    const own = { input: input ?? null, artifactIdPrefix: this.artifacts.idPrefix };
    const shared = { code, policy, allowsScratchWrites, memoryMb, recursionLimit, mayFollow, secrets };
    const spareMs = mayFollow ? WATCH_ANEW_AFTER_MS : 0;
    this.cell.dispatch(
      follows ? { kind: 'next', ...own } : { kind: 'run', ...shared, web: usesWeb(this.request), ...own },
      { memoryMb, cpuMs: this.cpuMs + 2 * spareMs, killAfterMs: timeoutMs + GRACE_MS + LATE_MS },
    );
  }

  private async outcome(): Promise<PythonOutcome> {
    const exit = await Promise.race([this.finished.promise, this.cell.exited]);
    const durationMs = performance.now() - this.startedAt;
    this.requests?.end();
    if (this.endedBy?.kind === 'aborted') return { kind: 'aborted', durationMs };
    // The fork-server's report of the exit may arrive before the last frame of the cell.
    if (!this.last) await this.cell.channel.closed;
    await (this.last ? this.readRest() : this.readToEnd());
    await this.events.drained();
    this.isDecided = true;
    const { timeoutMs } = this.request;
    const end: RunEnd = {
      last: this.last,
      endedBy: this.endedBy,
      exit: exit ?? null,
      refusedCalls: this.refusedCalls,
      reported: this.reported,
      stderr: this.stderr.lastText(),
      isSilent: this.output.receivedBytes === 0 && this.artifacts.count === 0,
    };
    return describeEnd(end, { ...this.options, timeoutMs, cpuMs: this.cpuMs, durationMs });
  }

  /**
   * Reads the output that was written before the last frame. That output was in the pipes before the frame was in its
   * socket, so two turns of the event loop without data mean that all of it was read. Waiting for the end of the pipes
   * would mean waiting for the process to exit, and for child processes that hold the pipes open or still write.
   */
  private async readRest(): Promise<void> {
    this.output.readWithoutRests();
    for (let seen = -1, rounds = 0; seen !== this.output.receivedBytes && rounds < MAX_ROUNDS; rounds += 1) {
      seen = this.output.receivedBytes;
      await this.events.drained();
      await nextTurn();
      await nextTurn();
    }
    this.output.flush();
    this.endText();
  }

  private async readToEnd(): Promise<void> {
    this.output.readWithoutRests();
    await this.output.ended;
    this.endText();
  }

  private endText(): void {
    this.progress.flush();
    this.stdout.end();
    this.stderr.end();
  }

  private pause(): void {
    this.cell.channel.pause();
    this.output.pause();
  }

  private resume(): void {
    this.cell.channel.resume();
    this.output.resume();
  }

  private onFrame(frame: CellFrame): void {
    if (frame.kind === 'violation') this.onReported(frame);
    if (this.last) return;
    if (this.endedBy) {
      // The code has ended after TERM, so the rest of the grace is not needed.
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
      case 'artifact':
        this.onArtifact(frame);
        break;
      case 'fetch':
        this.onFetch(frame);
        break;
      case 'abandon':
        this.requests?.abandon(frame.number);
        break;
      case 'open-file':
        this.output.flush();
        this.events.push(frame);
        break;
      default: // `violation`: see above; the others are not part of a run, and have no effect
    }
  }

  private deliver(event: PythonEvent | OpenFileFrame): void | Promise<void> {
    if (event.kind !== 'open-file') return this.options.onEvent(event);
    const { openFile = refuseFiles } = this.options;
    return sendFile(this.cell.channel, event, openFile, this.options.bounds);
  }

  private onArtifact(frame: Extract<CellFrame, { kind: 'artifact' }>): void {
    const problem = this.artifacts.add(frame);
    if (problem !== null) {
      this.endBecause({ kind: 'bad-frame', message: problem }, 0);
      return;
    }
    const { id, name, mimeType, data: base64 } = frame;
    this.output.flush();
    this.events.push({ kind: 'artifact', id, name, mimeType, base64 });
  }

  private onFetch(frame: Extract<CellFrame, { kind: 'fetch' }>): void {
    const { channel } = this.cell;
    if (channel.unreadBytes > MAX_UNREAD_BYTES) {
      this.endBecause({ kind: 'bad-frame', message: 'it sent requests and read no responses' }, 0);
      return;
    }
    this.requests ??= new RunRequests({
      hosts: this.request.hosts ?? [],
      outbound: this.options.outbound,
      limits: this.options.requestLimits,
      traceHeaders: this.options.traceHeaders,
      send: async (reply, signal) => {
        await channel.caughtUp();
        return channel.sendSlowly(reply, signal);
      },
      onRequest: (request) => {
        this.output.flush();
        this.events.push({ kind: 'request', ...request });
      },
      onRefused: (violation) => this.emitViolation(violation, false, { isFatal: false }),
    });
    this.requests.start(frame);
  }

  private onReported(frame: Extract<CellFrame, { kind: 'violation' }>): void {
    const { violation, count, isFatal = true } = frame;
    if (isFatal) this.reported ??= violation;
    this.emitViolation(violation, isFatal, { ...(count! > 1 && { count }), ...(!isFatal && { isFatal }) });
  }

  private onRefusedCall(call: string): void {
    this.refusedCalls.push(call);
    this.emitViolation(kernelViolation(call), !isProbe(call), {});
  }

  private emitViolation(
    found: PythonViolation,
    isFatal: boolean,
    details: { count?: number; isFatal?: false },
  ): void {
    // Late ones are logged where nobody masks what comes of a run any more.
    const message = this.masker === null ? found.message : this.masker.text(found.message);
    const violation = { ...found, message };
    this.violations[violation.layer] += 1;
    const isKept = this.violations[violation.layer] <= MAX_VIOLATIONS;
    if (this.isDecided) this.endLate();
    if (isKept && this.isDecided) this.options.onLateViolation?.({ violation, isFatal });
    else if (isKept) this.events.push({ kind: 'violation', violation, ...details });
  }

  /** The code forged its last frame and goes on. */
  private endLate(): void {
    if (this.isEndedLate) return;
    this.isEndedLate = true;
    this.isFit = false;
    this.cell.end(0);
  }

  private endBecause(reason: NonNullable<RunEnd['endedBy']>, graceMs: number): void {
    if (this.last || this.endedBy) return;
    this.endedBy = reason;
    this.requests?.end();
    this.cell.end(graceMs);
  }

  private leave(): void {
    this.isDecided = true;
    this.progress.close();
    this.isFit = this.last?.isFit === true && this.hasEndedWell();
  }

  /** Without anything that the walls have noticed. */
  private hasEndedWell(): boolean {
    const noticed = this.violations.RUNTIME + this.violations.KERNEL;
    return this.options.mayFollow && this.endedBy === null && noticed === 0 && !this.hasFailedSubscriber;
  }
}

type OpenFileFrame = Extract<CellFrame, { kind: 'open-file' }>;

async function refuseFiles(): Promise<FileRefusal> {
  return { refused: 'This run has no files' };
}

/** A pipe holds 1 MiB at most, which 16 reads empty; what arrives later was written after the last frame. */
const MAX_ROUNDS = 20;
const GRACE_MS = 500;
/** For a process of Node's that is late itself: the fork-server ends a run where Node does not do so in time. */
const LATE_MS = 2_000;
const MIB = 1024 * 1024;
/** More than all pieces of responses that are on their way at once. */
const MAX_UNREAD_BYTES = 2 * 1024 * 1024;
/** Of each wall. */
const MAX_VIOLATIONS = 100;
