import { hash, randomUUID } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import type { PythonEnvironments } from '../../packages/environment.ts';
import type { Logger } from '../../shared/logger.ts';
import { ActiveRuns } from '../active-runs.ts';
import {
  type CheckOptions,
  type PythonCheck,
  type PythonError,
  type PythonOutcome,
  type PythonPolicy,
  type PythonRunOptions,
  type PythonRunRequest,
  type PythonSession,
  type PythonShape,
  policyWithin,
  type SandboxBackend,
  type SandboxCapacity,
  type SandboxStatus,
} from '../backend.ts';
import { pythonError } from '../python-error.ts';
import { checkSchema, statusSchema, PROTOCOL_VERSION as v } from '../service/protocol.ts';
import { isPlainScript, withinTime } from '../shape.ts';
import { type ClientLimits, defaultLimits, type ServiceEndpoint } from './endpoint.ts';
import { RemoteEnvironments } from './environments.ts';
import { ServiceFault } from './fault.ts';
import { runOn, type SessionRequest } from './run.ts';
import { Services } from './services.ts';

export interface RemoteSandboxOptions {
  /** URLs of sandbox services: `http://host:port`, with a path where that is not `/sandbox/v1`. */
  urls: readonly string[];
  /** Bearer token that the services require; undefined where they require none. */
  token: string | undefined;
  /** The loosest that runs may have; the services may have a stricter one. Default: theirs. */
  policy?: PythonPolicy | undefined;
  limits?: Partial<ClientLimits> | undefined;
  /** Default: the system's resolver. */
  resolve?: ((hostname: string) => Promise<LookupAddress[]>) | undefined;
  logger: Logger;
}

interface Session extends SessionRequest {
  /** Where its last run was. */
  endpoint: ServiceEndpoint | null;
}

/** A service that could not be reached may have been restarting. */
const MAX_TRIES_EACH = 2;
const CHECK_MS = 30_000;
const MAX_SHAPES = 1_000;
const STATUS_MS = 5_000;

/**
 * Python on sandbox services elsewhere (service/PROTOCOL.md); each run goes to the least busy one. It opens even where
 * no service answers: runs then wait a while for one, and fail with the reason.
 */
export async function openRemoteSandbox(options: RemoteSandboxOptions): Promise<SandboxBackend> {
  const limits = { ...defaultLimits, ...options.limits };
  const services = new Services({ ...options, limits });
  await services.open();
  return new RemoteSandbox(services, limits, options.policy ?? 'kernel');
}

class RemoteSandbox implements SandboxBackend {
  readonly environments: PythonEnvironments;
  private readonly disposal = new AbortController();
  private readonly activeRuns = new ActiveRuns();
  /** Of code that was checked, by its hash. */
  private readonly shapes = new Map<string, PythonShape>();

  constructor(
    private readonly services: Services,
    private readonly limits: ClientLimits,
    private readonly policy: PythonPolicy,
  ) {
    this.environments = new RemoteEnvironments(services, limits, this.disposal.signal);
  }

  run(request: PythonRunRequest, options: PythonRunOptions, session?: Session): Promise<PythonOutcome> {
    return this.activeRuns.track(options.signal, (signal) =>
      this.guardedRun(
        { ...request, policy: policyWithin(this.policy, request.policy) },
        { ...options, signal },
        session,
      ),
    );
  }

  /** The cell is at one service, which is asked first; it ends its sessions by itself. */
  session(maxRuns: number): PythonSession {
    const session: Session = { id: randomUUID(), maxRuns, endpoint: null };
    return { run: (request, options) => this.run(request, options, session), [Symbol.dispose]() {} };
  }

  check(code: string, options: CheckOptions = {}): Promise<PythonCheck> {
    return this.checkBy(code, options, this.disposal.signal);
  }

  /** Whatever the policy: it changes no shape, and the check is the service's own. */
  shapeOf(code: string): PythonShape | null | Promise<PythonShape | null> {
    if (isPlainScript(code)) return 'SCRIPT';
    const key = hash('sha256', code, 'base64');
    return this.shapes.get(key) ?? withinTime(this.askShape(code, key));
  }

  async status(): Promise<SandboxStatus> {
    const services = this.services.statuses();
    const unavailable = (message: string) => ({
      ...UNREACHED,
      policy: this.policy,
      problem: { ...UNREACHED.problem, message },
      services,
    });
    if (!services.some(({ isUp }) => isUp)) return unavailable(this.services.problems());
    try {
      const exchange = { method: 'GET', path: 'status', withinMs: STATUS_MS } as const;
      const { status } = await this.onSomeService(this.disposal.signal, ({ connection }) =>
        connection.request(statusSchema, exchange),
      );
      return { ...status, policy: policyWithin(this.policy, status.policy), services };
    } catch (error) {
      if (!(error instanceof ServiceFault)) throw error;
      return unavailable(error.message);
    }
  }

  capacity(): SandboxCapacity {
    const up = this.services.statuses().filter(({ isUp }) => isUp);
    const sum = (field: keyof SandboxCapacity) => up.reduce((total, service) => total + service[field], 0);
    return { running: sum('running'), waiting: sum('waiting'), max: sum('max') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposal.abort();
    await this.activeRuns.end({ force: true });
    this.services[Symbol.dispose]();
  }

  private async askShape(code: string, key: string): Promise<PythonShape | null> {
    const signal = AbortSignal.any([this.disposal.signal, AbortSignal.timeout(CHECK_MS)]);
    const { shape } = await this.checkBy(code, {}, signal);
    if (shape !== null) this.shapes.set(key, shape);
    if (this.shapes.size > MAX_SHAPES) this.shapes.delete(this.shapes.keys().next().value!);
    return shape;
  }

  private async checkBy(
    code: string,
    { packages = [], policy, hosts = [] }: CheckOptions,
    signal: AbortSignal,
  ): Promise<PythonCheck> {
    const body = { v, code, packages, policy: policyWithin(this.policy, policy), hosts };
    const exchange = { method: 'POST', path: 'checks', body, withinMs: CHECK_MS } as const;
    const { v: _, ...found } = await this.onSomeService(signal, ({ connection }) =>
      connection.request(checkSchema, exchange),
    );
    return found;
  }

  private async guardedRun(
    request: PythonRunRequest,
    options: PythonRunOptions,
    session?: Session,
  ): Promise<PythonOutcome> {
    const startedAt = performance.now();
    const { signal } = options;
    try {
      return await this.onSomeService(
        signal,
        (endpoint) => {
          if (session === undefined) return runOn(endpoint, request, options, this.limits);
          session.endpoint = endpoint;
          const { id, maxRuns } = session;
          return runOn(endpoint, request, options, this.limits, { id, maxRuns });
        },
        session?.endpoint,
      );
    } catch (error) {
      const durationMs = performance.now() - startedAt;
      if (signal.aborted) return { kind: 'aborted', durationMs };
      if (error instanceof ServiceFault) return { kind: 'failed', error: serviceError(error), durationMs };
      throw error;
    }
  }

  /** Tries another service where one cannot be reached. */
  private async onSomeService<Answer>(
    signal: AbortSignal,
    send: (endpoint: ServiceEndpoint) => Promise<Answer>,
    preferred: ServiceEndpoint | null = null,
  ): Promise<Answer> {
    const tries = new Map<ServiceEndpoint, number>();
    for (;;) {
      using reservation = await this.services.reserve(signal, tries, preferred);
      const { endpoint } = reservation;
      const tried = (tries.get(endpoint) ?? 0) + 1;
      tries.set(endpoint, tried);
      try {
        return await send(endpoint);
      } catch (error) {
        if (signal.aborted || !(error instanceof ServiceFault)) throw error;
        if (error.kind !== 'refused') endpoint.runFailed(error);
        if (error.kind !== 'unreached' || tried === MAX_TRIES_EACH) throw error.withService(endpoint.name);
      }
    }
  }
}

function serviceError({ kind, message }: ServiceFault): PythonError {
  return pythonError({ code: 'PYTHON_SERVICE_ERROR', message, retryable: kind !== 'refused' });
}

const UNREACHED = {
  available: false,
  problem: {
    code: 'PYTHON_SERVICE_ERROR' as const,
    remedy:
      'Check that the services in PYTHON_SERVICE_URL run, and that PYTHON_SERVICE_TOKEN is the same on both sides.',
  },
  pythonVersion: null,
  pythonPath: null,
  walls: [],
};
