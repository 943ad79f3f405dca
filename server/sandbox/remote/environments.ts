import type { PrepareOptions, PythonEnvironment, PythonEnvironments } from '../../packages/environment.ts';
import { PackageError, PackageRefusal } from '../../packages/errors.ts';
import { coerceError } from '../../shared/errors.ts';
import {
  deletionSchema,
  environmentsSchema,
  prepareFrameSchema,
  PROTOCOL_VERSION as v,
} from '../service/protocol.ts';
import type { ClientLimits, ServiceEndpoint } from './endpoint.ts';
import { ServiceFault } from './fault.ts';
import { readFrames } from './lines.ts';
import type { Services } from './services.ts';

/** Deleting a large environment takes long. */
const REQUEST_MS = 60_000;

/**
 * The environments of all services that are up. Each service has its own files. An environment is prepared on every
 * service, because a run may go to any of them; the same packages have the same id on each.
 */
export class RemoteEnvironments implements PythonEnvironments {
  constructor(
    private readonly services: Services,
    private readonly limits: ClientLimits,
    private readonly disposed: AbortSignal,
  ) {}

  async list(): Promise<PythonEnvironment[]> {
    const exchange = { method: 'GET', path: 'environments', withinMs: REQUEST_MS } as const;
    const lists = await this.onEach(({ connection }) => connection.request(environmentsSchema, exchange));
    return merged(lists.flatMap(({ environments }) => environments));
  }

  async prepare(packages: readonly string[], options: PrepareOptions): Promise<PythonEnvironment> {
    const signal = AbortSignal.any([options.signal, this.disposed]);
    let isFirst = true;
    const [environment] = await this.onEach((endpoint) => {
      // Only one service reports its progress: mixed reports of several would be hard to follow.
      const onEvent = isFirst ? options.onEvent : () => {};
      isFirst = false;
      return prepareOn(endpoint, packages, { signal, onEvent }, this.limits);
    });
    return environment!;
  }

  async delete(id: string): Promise<boolean> {
    const path = `environments/${encodeURIComponent(id)}`;
    const exchange = { method: 'DELETE', path, withinMs: REQUEST_MS } as const;
    const answers = await this.onEach(({ connection }) => connection.request(deletionSchema, exchange));
    return answers.some(({ deleted }) => deleted);
  }

  /** Runs on every service that is up. Where none is, waits a while for the first. */
  private async onEach<Answer>(send: (endpoint: ServiceEndpoint) => Promise<Answer>): Promise<Answer[]> {
    using _reservation = await this.services.reserve(this.disposed, new Map());
    const answers = this.services.up().map((endpoint) =>
      send(endpoint).catch((error) => {
        throw error instanceof ServiceFault ? error.withService(endpoint.name) : error;
      }),
    );
    return Promise.all(answers);
  }
}

async function prepareOn(
  endpoint: ServiceEndpoint,
  packages: readonly string[],
  { signal, onEvent }: PrepareOptions,
  limits: ClientLimits,
): Promise<PythonEnvironment> {
  const body = { v, packages };
  const exchange = { method: 'POST', path: 'environments', body, withinMs: limits.stallMs, signal } as const;
  const answer = await endpoint.connection.send(exchange);
  const onAbort = () => answer.destroy(coerceError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const frame of readFrames(answer, prepareFrameSchema, limits)) {
      switch (frame.kind) {
        case 'heartbeat':
          endpoint.report(frame.capacity);
          break;
        case 'event':
          await onEvent(frame.event);
          break;
        case 'ready':
          return frame.environment;
        case 'failed':
          throw new PackageError(frame.message, frame.retryable);
        case 'refused':
          throw new PackageRefusal(frame.findings);
        case 'gave-up':
          throw new ServiceFault('broken', frame.message);
        default:
          frame satisfies never;
      }
    }
    throw new Error('unreachable: frames end with a fault');
  } finally {
    signal.removeEventListener('abort', onAbort);
    answer.destroy(new Error('the last frame has arrived'));
  }
}

const worth = { READY: 2, BUILDING: 1, FAILED: 0 };

/** One environment for each id: the one in the best state, with the latest use on any service. */
function merged(all: readonly PythonEnvironment[]): PythonEnvironment[] {
  const byId = new Map<string, PythonEnvironment>();
  for (const environment of all) {
    const other = byId.get(environment.id);
    const best = other && worth[other.state] >= worth[environment.state] ? other : environment;
    const lastUsedAt = latest(environment.lastUsedAt, other?.lastUsedAt ?? null);
    byId.set(environment.id, { ...best, lastUsedAt });
  }
  return [...byId.values()].sort((a, b) => usedAt(b) - usedAt(a));
}

function latest(a: Date | null, b: Date | null): Date | null {
  return a !== null && (b === null || a > b) ? a : b;
}

function usedAt({ lastUsedAt, createdAt }: PythonEnvironment): number {
  return (lastUsedAt ?? createdAt).getTime();
}
