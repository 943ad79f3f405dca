import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { HttpError } from '../../shared/http/http-error.ts';
import type { Logger } from '../../shared/logger.ts';
import type { LateViolation, PythonEvent, PythonOutcome, SandboxBackend } from '../backend.ts';
import { pythonError } from '../python-error.ts';
import { FrameStream, FrameTooLong, type StreamTimes } from './frame-stream.ts';
import { type RunFrame, type runRequestSchema, PROTOCOL_VERSION as v } from './protocol.ts';
import { RunFiles } from './run-files.ts';
import { Sessions } from './sessions.ts';

export interface RunsOptions {
  backend: SandboxBackend;
  times?: Partial<StreamTimes> | undefined;
  logger: Logger;
}

/** Why this service ends a run: the client cancelled it or closed the answer, or the service shuts down. */
type Stop = { kind: 'cancel'; force: boolean } | { kind: 'shutdown'; force: true };

interface ActiveRun {
  stop: (reason: Stop) => void;
  /** Resolves when the run is over and its answer written. */
  ended: Promise<void>;
  /** Resolves when the client has read its answer or closed it. */
  closed: Promise<void>;
  files: RunFiles;
}

/** How long a client may take to read the end of its answer when the service shuts down. */
const LAST_READ_MS = 2_000;

/** Each run holds its request in memory, so a service with this many refuses more; another one may have room. */
const MAX_RUNS = 1_000;

/**
 * The active runs of clients. A run lives as long as the response that reports it: when the response closes, the run is
 * killed, because its outcome could reach nobody.
 */
export class Runs {
  private readonly active = new Map<string, ActiveRun>();
  private readonly sessions: Sessions;
  private isDraining = false;

  constructor(private readonly options: RunsOptions) {
    this.sessions = new Sessions(options.backend);
  }

  get draining(): boolean {
    return this.isDraining;
  }

  /** Resolves when the client has read its answer or closed it. @throws HttpError before the answer has begun */
  async start({ id, ...request }: z.infer<typeof runRequestSchema>, response: ServerResponse): Promise<void> {
    this.admit(id);
    if (response.destroyed) return;
    const stopping = new AbortController();
    const stop = (reason: Stop) => stopping.abort(reason);
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    const stream = this.openStream(response);
    const files = new RunFiles((number, file) => stream.send({ v, kind: 'open-file', number, file }));
    const ended = this.serve(request, stream, files, stopping.signal);
    this.active.set(id, { stop, ended, closed, files });
    await closed;
    stop({ kind: 'cancel', force: true });
    await ended;
    this.active.delete(id);
  }

  /** The file that the run asked for. @throws HttpError */
  async receiveFile(
    id: string,
    number: number,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const run = this.active.get(id);
    if (!run) throw notActive(id);
    await run.files.receive(number, request, response);
  }

  /** Resolves when the run has ended. @throws HttpError 404 for a run that is not active here */
  async cancel(id: string, force: boolean): Promise<void> {
    const run = this.active.get(id);
    if (!run) throw notActive(id);
    run.stop({ kind: 'cancel', force });
    await run.ended;
  }

  /** Refuses new runs, waits for the active ones, and ends those that are still active after the grace. */
  async drain(graceMs: number): Promise<void> {
    this.isDraining = true;
    const late = setTimeout(() => {
      for (const { stop } of this.active.values()) stop({ kind: 'shutdown', force: true });
    }, graceMs);
    const all = [...this.active.values()];
    await Promise.all(all.map(({ ended }) => ended));
    clearTimeout(late);
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const lastRead = setTimeout(resolve, LAST_READ_MS);
    await Promise.race([tooLong, Promise.all(all.map(({ closed }) => closed))]);
    clearTimeout(lastRead);
  }

  private admit(id: string): void {
    if (this.isDraining)
      throw unavailable('DRAINING', 'This service is shutting down; send the run to another one.');
    if (this.active.size >= MAX_RUNS)
      throw unavailable(
        'BUSY',
        `This service has ${MAX_RUNS} active runs; send the run to another service, or later.`,
      );
    if (this.active.has(id))
      throw new HttpError(409, 'CONFLICT', `Expected each run to have its own id, got ${id} twice.`);
  }

  private openStream(response: ServerResponse): FrameStream<RunFrame> {
    const capacity = () => this.options.backend.capacity();
    return new FrameStream<RunFrame>(response, {
      first: () => ({ v, kind: 'accepted', capacity: capacity() }),
      capacity,
      times: this.options.times,
    });
  }

  private async serve(
    { sendsFiles, session, traceHeaders, ...request }: Omit<z.infer<typeof runRequestSchema>, 'id'>,
    stream: FrameStream<RunFrame>,
    files: RunFiles,
    signal: AbortSignal,
  ): Promise<void> {
    using lent = this.sessions.lend(session);
    try {
      const onEvent = (event: PythonEvent) => stream.send({ v, kind: 'event', event });
      const onLateViolation = (late: LateViolation) =>
        this.options.logger.error({ ...late }, 'a run broke the rules after its outcome was sent');
      const openFile = sendsFiles ? (file: string) => files.open(file) : undefined;
      const options = { signal, onEvent, onLateViolation, openFile, traceHeaders };
      endWith(stream, await lent.run(request, options), signal);
    } catch (error) {
      this.options.logger.error({ err: coerceError(error) }, 'a run of a client failed unexpectedly');
      const message = 'The service failed to carry out the run; see its log for the reason.';
      stream.end({ v, kind: 'gave-up', message });
    } finally {
      files.end();
    }
  }
}

function notActive(id: string): HttpError {
  return new HttpError(404, 'NOT_FOUND', `No run ${id} is active here; it may have ended.`);
}

function endWith(stream: FrameStream<RunFrame>, outcome: PythonOutcome, signal: AbortSignal): void {
  const stop = signal.aborted ? (signal.reason as Stop) : null;
  if (outcome.kind === 'aborted' && stop?.kind !== 'cancel') {
    stream.end({ v, kind: 'gave-up', message: 'The service is shutting down.' });
    return;
  }
  try {
    stream.end({ v, kind: 'outcome', outcome });
  } catch (error) {
    if (!(error instanceof FrameTooLong)) throw error;
    stream.end({ v, kind: 'outcome', outcome: tooLarge(outcome.durationMs) });
  }
}

function tooLarge(durationMs: number): PythonOutcome {
  const message =
    'Expected an outcome of at most 64 MiB of JSON, which is the most that a sandbox service sends; return less.';
  return { kind: 'failed', error: pythonError({ message }), durationMs };
}

function unavailable(code: string, message: string): HttpError {
  return new HttpError(503, code, message, { 'retry-after': '1' });
}
