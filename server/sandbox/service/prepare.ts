import type { ServerResponse } from 'node:http';
import { PackageError, PackageRefusal } from '../../packages/errors.ts';
import { coerceError } from '../../shared/errors.ts';
import { FrameStream } from './frame-stream.ts';
import { type PrepareFrame, PROTOCOL_VERSION as v } from './protocol.ts';
import type { RunsOptions } from './runs.ts';

/** Prepares an environment for a client and reports the progress. A client that closes the answer stops waiting. */
export async function prepareFor(
  { backend, times, logger }: RunsOptions,
  packages: readonly string[],
  response: ServerResponse,
): Promise<void> {
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  const capacity = () => backend.capacity();
  const first = (): PrepareFrame => ({ v, kind: 'heartbeat', capacity: capacity() });
  const stream = new FrameStream<PrepareFrame>(response, { first, capacity, times });
  try {
    const environment = await backend.environments.prepare(packages, {
      signal: leaving.signal,
      onEvent: (event) => stream.send({ v, kind: 'event', event }),
    });
    stream.end({ v, kind: 'ready', environment });
  } catch (error) {
    if (!leaving.signal.aborted && !isExpected(error))
      logger.error({ err: coerceError(error) }, 'preparing an environment for a client failed unexpectedly');
    stream.end(endOf(error));
  }
}

function isExpected(error: unknown): boolean {
  return error instanceof PackageError || error instanceof PackageRefusal;
}

function endOf(error: unknown): PrepareFrame {
  if (error instanceof PackageRefusal) return { v, kind: 'refused', findings: [...error.findings] };
  if (error instanceof PackageError)
    return { v, kind: 'failed', message: error.message, retryable: error.retryable };
  return {
    v,
    kind: 'gave-up',
    message: 'The service failed to prepare the environment; see its log for the reason.',
  };
}
