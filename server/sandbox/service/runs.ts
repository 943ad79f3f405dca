import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { HttpError } from '../../shared/http/http-error.ts';
import type { Logger } from '../../shared/logger.ts';
import type { PythonEvent, PythonOutcome, SandboxBackend } from '../backend.ts';
import { pythonError } from '../python-error.ts';
import { FrameStream, FrameTooLong, type StreamTimes } from './frame-stream.ts';
import { type RunFrame, type runRequestSchema, PROTOCOL_VERSION as v } from './protocol.ts';

export interface RunsOptions {
  backend: SandboxBackend;
  times?: Partial<StreamTimes> | undefined;
  logger: Logger;
}

/** Why this service ends a run: the client asked for it or left, or the service shuts down. */
type Stop = { kind: 'cancel'; force: boolean } | { kind: 'shutdown'; force: true };

interface UnderWay {
  stop: (reason: Stop) => void;
  /** The run is over, and its answer written. */
  ended: Promise<void>;
  /** The client has taken its answer, or left. */
  closed: Promise<void>;
}

/** What a client may take to read the end of an answer when the service shuts down. */
const LAST_READ_MS = 2_000;

/** Each holds its request in memory: past this many, a client does better to ask another service. */
const MAX_RUNS = 1_000;

/**
 * The runs under way for clients. A run lives as long as the response that tells of it: when that closes, the run is
 * killed, because nobody could be told its outcome.
 */
export class Runs {
  private readonly underWay = new Map<string, UnderWay>();
  private isDraining = false;

  constructor(private readonly options: RunsOptions) {}

  get draining(): boolean {
    return this.isDraining;
  }

  /** Resolves when the client has its answer. @throws HttpError before the answer has begun */
  async start({ id, ...request }: z.infer<typeof runRequestSchema>, response: ServerResponse): Promise<void> {
    this.admit(id);
    if (response.destroyed) return;
    const stopping = new AbortController();
    const stop = (reason: Stop) => stopping.abort(reason);
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    const ended = this.carry(request, response, stopping.signal);
    this.underWay.set(id, { stop, ended, closed });
    await closed;
    stop({ kind: 'cancel', force: true });
    await ended;
    this.underWay.delete(id);
  }

  /** Resolves when the run has ended. @throws HttpError 404 for a run that is not under way here */
  async cancel(id: string, force: boolean): Promise<void> {
    const run = this.underWay.get(id);
    if (!run) throw new HttpError(404, 'NOT_FOUND', `No run ${id} is under way here; it may have ended.`);
    run.stop({ kind: 'cancel', force });
    await run.ended;
  }

  /** Takes no more runs, waits for those under way, and ends those that last longer. */
  async drain(graceMs: number): Promise<void> {
    this.isDraining = true;
    const late = setTimeout(() => {
      for (const { stop } of this.underWay.values()) stop({ kind: 'shutdown', force: true });
    }, graceMs);
    const all = [...this.underWay.values()];
    await Promise.all(all.map(({ ended }) => ended));
    clearTimeout(late);
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const lastRead = setTimeout(resolve, LAST_READ_MS);
    await Promise.race([tooLong, Promise.all(all.map(({ closed }) => closed))]);
    clearTimeout(lastRead);
  }

  private admit(id: string): void {
    if (this.isDraining) throw unavailable('DRAINING', 'This service is shutting down; ask another one.');
    if (this.underWay.size >= MAX_RUNS)
      throw unavailable('BUSY', `This service has ${MAX_RUNS} runs in hand; ask another one, or later.`);
    if (this.underWay.has(id))
      throw new HttpError(409, 'CONFLICT', `Expected an id of its own for each run, got ${id} twice.`);
  }

  private async carry(
    request: Omit<z.infer<typeof runRequestSchema>, 'id'>,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const { backend } = this.options;
    const capacity = () => backend.capacity();
    const stream = new FrameStream<RunFrame>(response, {
      first: () => ({ v, kind: 'accepted', capacity: capacity() }),
      capacity,
      times: this.options.times,
    });
    try {
      const onEvent = (event: PythonEvent) => stream.send({ v, kind: 'event', event });
      endWith(stream, await backend.run(request, { signal, onEvent }), signal);
    } catch (error) {
      this.options.logger.error(
        { err: coerceError(error) },
        'a run for a client failed in a way it should not',
      );
      const message = 'The service failed to carry out the run; its log tells why.';
      stream.end({ v, kind: 'gave-up', message });
    }
  }
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
  const message = 'The result is larger than a sandbox service may answer (64 MiB of JSON); make it smaller.';
  return { kind: 'failed', error: pythonError({ message }), durationMs };
}

function unavailable(code: string, message: string): HttpError {
  return new HttpError(503, code, message, { 'retry-after': '1' });
}
