import { randomUUID } from 'node:crypto';
import { coerceError } from '../../shared/errors.ts';
import type { PythonEvent, PythonOutcome, PythonRunOptions, PythonRunRequest } from '../backend.ts';
import { isForced } from '../force.ts';
import { cancelSchema, type RunFrame, runFrameSchema, PROTOCOL_VERSION as v } from '../service/protocol.ts';
import type { Answer } from './answer.ts';
import type { ClientLimits, ServiceEndpoint } from './endpoint.ts';
import { ServiceFault } from './fault.ts';
import { readFrames } from './lines.ts';

/** A service may make a run wait for its turn and for its packages, but not for ever. Beside the run's own timeout. */
const MAX_WAIT_MS = 3_600_000;

/** What a cancelled run may take to end: the sandbox's own grace is half a second. */
const CANCEL_MS = 5_000;

/**
 * One run on one service, from the request to the outcome. Whatever ends it here closes the answer, and the
 * service kills a run whose answer is closed. @throws ServiceFault, and what `onEvent` throws
 */
export async function runOn(
  endpoint: ServiceEndpoint,
  request: PythonRunRequest,
  options: PythonRunOptions,
  limits: ClientLimits,
): Promise<PythonOutcome> {
  const { signal } = options;
  const id = randomUUID();
  const { code, packages, input, timeoutMs, memoryMb } = request;
  const answer = await endpoint.connection.send({
    method: 'POST',
    path: 'runs',
    body: { v, id, code, packages, input: input ?? null, timeoutMs, memoryMb },
    withinMs: limits.stallMs,
    signal,
  });
  let isOver = false;
  const onEvent = (event: PythonEvent) => (isOver ? undefined : options.onEvent(event));
  const cancelled = Promise.withResolvers<PythonOutcome>();
  const onAbort = () => void cancel(endpoint, id, signal.reason).finally(() => cancelled.resolve(ABORTED));
  signal.addEventListener('abort', onAbort, { once: true });
  const deadline = setTimeout(() => {
    answer.destroy(new Error(`it did not end the run within ${timeoutMs + MAX_WAIT_MS} ms`));
  }, timeoutMs + MAX_WAIT_MS);
  try {
    if (signal.aborted) onAbort();
    const told = readOutcome(answer, endpoint, { signal, onEvent }, limits);
    const outcome = await Promise.race([told, cancelled.promise]);
    endpoint.runSucceeded();
    answer.finish();
    return outcome;
  } catch (error) {
    answer.destroy(coerceError(error));
    throw error;
  } finally {
    isOver = true;
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
  }
}

const ABORTED: PythonOutcome = { kind: 'aborted', durationMs: 0 };

async function readOutcome(
  answer: Answer,
  endpoint: ServiceEndpoint,
  { onEvent, signal }: PythonRunOptions,
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
        case 'outcome':
          if (frame.outcome.kind !== 'aborted' || signal.aborted) return frame.outcome;
          throw new ServiceFault('broken', 'it ended the run as if that had been asked for');
        case 'gave-up':
          throw new ServiceFault('broken', `it gave up the run: ${frame.message}`);
        default:
          frame satisfies never;
      }
    }
  } catch (error) {
    // Nothing has begun that anybody knows of, so that another service may take it.
    if (error instanceof ServiceFault && !isAccepted)
      throw new ServiceFault('unreached', error.message, error);
    throw error;
  }
  throw new Error('unreachable: frames end with a fault');
}

function requireOrder({ kind }: RunFrame, isAccepted: boolean): void {
  if ((kind === 'accepted') === isAccepted)
    throw new ServiceFault('broken', `it answered \`${kind}\` where that may not come`);
}

/** Resolves when the service has ended the run, or fails to say so. */
async function cancel(endpoint: ServiceEndpoint, id: string, reason: unknown): Promise<void> {
  const exchange = {
    method: 'POST',
    path: `runs/${id}/cancel`,
    body: { v, force: isForced(reason) },
    withinMs: CANCEL_MS,
  } as const;
  await endpoint.connection.ask(cancelSchema, exchange).catch(() => {});
}
