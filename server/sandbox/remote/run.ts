import { randomUUID } from 'node:crypto';
import { coerceError } from '../../shared/errors.ts';
import type {
  FileRefusal,
  PythonEvent,
  PythonOutcome,
  PythonRunOptions,
  PythonRunRequest,
  RunFile,
} from '../backend.ts';
import { isForced } from '../force.ts';
import {
  cancelSchema,
  fileReceivedSchema,
  type RunFrame,
  runFrameSchema,
  PROTOCOL_VERSION as v,
} from '../service/protocol.ts';
import type { Answer } from './answer.ts';
import type { ClientLimits, ServiceEndpoint } from './endpoint.ts';
import { ServiceFault } from './fault.ts';
import { readFrames } from './lines.ts';

/** How long a run may wait on a service for a slot and for its packages, in addition to its own timeout. */
const MAX_WAIT_MS = 3_600_000;

/** The limit on an answer is for a run of this length; progress of a longer one may be more. */
const ORDINARY_MS = 300_000;

/** Limit on the end of a cancelled run, whose grace in the sandbox is half a second. */
const CANCEL_MS = 5_000;

/** Which session the run is of; see service/protocol.ts. */
export interface SessionRequest {
  id: string;
  maxRuns: number;
}

/**
 * Runs one request on one service, and resolves with the outcome. However the run ends here, its answer is closed, and
 * the service kills a run whose answer is closed. @throws ServiceFault, and what `onEvent` throws
 */
export async function runOn(
  endpoint: ServiceEndpoint,
  request: PythonRunRequest,
  options: PythonRunOptions,
  limits: ClientLimits,
  session?: SessionRequest,
): Promise<PythonOutcome> {
  const { signal } = options;
  const id = randomUUID();
  const { code, packages, input, timeoutMs, memoryMb, recursionLimit, policy, hosts, secrets } = request;
  const answer = await endpoint.connection.send({
    method: 'POST',
    path: 'runs',
    body: {
      v,
      id,
      code,
      packages,
      input: input ?? null,
      timeoutMs,
      memoryMb,
      recursionLimit,
      policy,
      hosts,
      secrets,
      traceHeaders: options.traceHeaders,
      sendsFiles: options.openFile !== undefined,
      session,
    },
    withinMs: limits.stallMs,
    signal,
  });
  let isOver = false;
  const onEvent = (event: PythonEvent) => (isOver ? undefined : options.onEvent(event));
  const over = new AbortController();
  const fileFailed = Promise.withResolvers<never>();
  fileFailed.promise.catch(() => {}); // the run may be over
  // Not awaited, because a run that does not take its file may have other frames to send.
  const onOpenFile = (number: number, file: string) =>
    void openFor(options, file)
      .then((opened) => sendFile(endpoint, `runs/${id}/files/${number}`, opened, over.signal))
      .catch(fileFailed.reject);
  const cancelled = Promise.withResolvers<PythonOutcome>();
  const onAbort = () => void cancel(endpoint, id, signal.reason).finally(() => cancelled.resolve(ABORTED));
  signal.addEventListener('abort', onAbort, { once: true });
  const deadline = setTimeout(() => {
    answer.destroy(new Error(`it did not end the run within ${timeoutMs + MAX_WAIT_MS} ms`));
  }, timeoutMs + MAX_WAIT_MS);
  try {
    if (signal.aborted) onAbort();
    const maxAnswerBytes = limits.maxAnswerBytes * Math.max(1, timeoutMs / ORDINARY_MS);
    const reported = readOutcome(
      answer,
      endpoint,
      { signal, onEvent, onOpenFile },
      { ...limits, maxAnswerBytes },
    );
    const outcome = await Promise.race([reported, cancelled.promise, fileFailed.promise]);
    endpoint.runSucceeded();
    answer.discardRest();
    return outcome;
  } catch (error) {
    answer.destroy(coerceError(error));
    throw error;
  } finally {
    isOver = true;
    over.abort();
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
  }
}

const ABORTED: PythonOutcome = { kind: 'aborted', durationMs: 0 };

interface Listeners extends Pick<PythonRunOptions, 'onEvent' | 'signal'> {
  onOpenFile: (number: number, file: string) => void;
}

async function openFor({ openFile }: PythonRunOptions, id: string): Promise<RunFile | FileRefusal> {
  return openFile ? openFile(id) : { refused: 'This run has no files' };
}

/** The longest that a run may go on while it takes a file. */
const MAX_FILE_MS = 300_000;

/**
 * Sends a file, or why there is none. A service that does not take it ends the run itself, which its answer says; only
 * what fails on this side is thrown.
 */
async function sendFile(
  { connection }: ServiceEndpoint,
  path: string,
  opened: RunFile | FileRefusal,
  signal: AbortSignal,
): Promise<void> {
  const exchange = { method: 'POST', path, withinMs: MAX_FILE_MS, signal } as const;
  if ('refused' in opened) {
    await connection.request(fileReceivedSchema, { ...exchange, body: { v, ...opened } }).catch(() => {});
    return;
  }
  let failure: { error: unknown } | null = null;
  async function* content() {
    try {
      yield* (opened as RunFile).content;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  const file = { ...opened, content: { [Symbol.asyncIterator]: content } };
  await connection.request(fileReceivedSchema, { ...exchange, file }).catch(() => {});
  if (failure !== null) throw (failure as { error: unknown }).error;
}

async function readOutcome(
  answer: Answer,
  endpoint: ServiceEndpoint,
  { onEvent, onOpenFile, signal }: Listeners,
  limits: ClientLimits,
): Promise<PythonOutcome> {
  let isAccepted = false;
  try {
    for await (const frame of readFrames(answer, runFrameSchema, limits)) {
      requireOrder(frame, isAccepted);
      switch (frame.kind) {
        case 'accepted':
        case 'heartbeat':
          isAccepted = true;
          endpoint.report(frame.capacity);
          break;
        case 'event':
          await onEvent(frame.event);
          break;
        case 'open-file':
          onOpenFile(frame.number, frame.file);
          break;
        case 'outcome':
          if (frame.outcome.kind !== 'aborted' || signal.aborted) return frame.outcome;
          throw new ServiceFault('broken', 'it aborted the run without a request to do so');
        case 'gave-up':
          throw new ServiceFault('broken', `it gave up the run: ${frame.message}`);
        default:
          frame satisfies never;
      }
    }
  } catch (error) {
    // The run has had no visible effect yet, so another service may run it.
    if (error instanceof ServiceFault && !isAccepted)
      throw new ServiceFault('unreached', error.message, error);
    throw error;
  }
  throw new Error('unreachable: frames end with a fault');
}

function requireOrder({ kind }: RunFrame, isAccepted: boolean): void {
  if ((kind === 'accepted') === isAccepted)
    throw new ServiceFault('broken', `it sent \`${kind}\` at the wrong place`);
}

/** Resolves when the service has confirmed the end of the run, or has failed to confirm it in time. */
// cannot reject: a failed request is one that is not confirmed
async function cancel(endpoint: ServiceEndpoint, id: string, reason: unknown): Promise<void> {
  const exchange = {
    method: 'POST',
    path: `runs/${id}/cancel`,
    body: { v, force: isForced(reason) },
    withinMs: CANCEL_MS,
  } as const;
  await endpoint.connection.request(cancelSchema, exchange).catch(() => {});
}
