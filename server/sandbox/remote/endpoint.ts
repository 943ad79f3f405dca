import { backoffMs } from '../../shared/backoff.ts';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { SandboxCapacity, SandboxServiceStatus } from '../backend.ts';
import { type Health, healthSchema } from '../service/protocol.ts';
import { type ServiceAddress, ServiceConnection } from './connection.ts';
import { ServiceFault } from './fault.ts';

export interface EndpointOptions extends ServiceAddress {
  token: string | undefined;
  limits: ClientLimits;
  onUp: () => void;
  logger: Logger;
}

/** Counts as a run on the service until it is disposed of. */
export interface Reservation extends Disposable {
  endpoint: ServiceEndpoint;
}

export interface ClientLimits {
  /** Time between two health checks of a service that is up, and between two look-ups of host names, milliseconds. */
  checkMs: number;
  /** A service that is silent for this long counts as hanging, milliseconds. Heartbeats come every two seconds. */
  stallMs: number;
  /** How long a run waits for a service to come up before it fails, milliseconds. */
  waitMs: number;
  /** Limit on the answer to one run, above what the sandbox's limits on output, progress and results allow. */
  maxAnswerBytes: number;
}

export const defaultLimits: ClientLimits = {
  checkMs: 5_000,
  stallMs: 15_000,
  waitMs: 10_000,
  maxAnswerBytes: 512 * 1024 * 1024,
};

/** `maxMs` is less than a run waits for a service to come up. */
const BACKOFF = { initialMs: 100, maxMs: 5_000 };

/**
 * One service at one address: whether it is up, and how busy it is.
 *
 *   down ──health check succeeds──▶ up ──health check fails, or the service fails a run──▶ down
 *     ▲─┘ health check fails: the next one follows after a longer wait
 *
 * Failed runs count until a run succeeds, so that a service which passes its checks but fails all runs is checked less
 * and less often.
 */
export class ServiceEndpoint implements Disposable {
  readonly connection: ServiceConnection;
  readonly name: string;
  private down: string | null = 'it has not answered yet';
  private failedChecks = 0;
  private failedRuns = 0;
  private reported: SandboxCapacity = { running: 0, waiting: 0, max: 1 };
  /** Runs on the service according to its last report, plus and minus our own that began and ended since. */
  private busy = 0;
  /** Our own runs on the service. */
  private runs = 0;
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> | null = null;
  private isClosed = false;

  constructor(private readonly options: EndpointOptions) {
    const { url, address } = options;
    this.name = address === null ? url.href : `${url.href} (${address.address})`;
    this.connection = new ServiceConnection(options);
  }

  get isUp(): boolean {
    return this.down === null;
  }

  /** Below 1 while a run would start at once. */
  get load(): number {
    return Math.max(this.busy, this.runs) / this.reported.max;
  }

  get status(): SandboxServiceStatus {
    return { ...this.reported, url: this.name, isUp: this.isUp, problem: this.down };
  }

  /** Stores the load that the service has reported in a health check or in the answer to a run. */
  report(capacity: SandboxCapacity): void {
    this.reported = capacity;
    this.busy = capacity.running + capacity.waiting;
  }

  reserve(): Reservation {
    this.runs += 1;
    this.busy += 1;
    return {
      endpoint: this,
      [Symbol.dispose]: () => {
        this.runs -= 1;
        this.busy -= 1;
        this.closeWhenIdle();
      },
    };
  }

  runSucceeded(): void {
    this.failedRuns = 0;
  }

  runFailed(fault: ServiceFault): void {
    this.failedRuns += 1;
    this.setDown(fault.message);
    this.checkLater();
  }

  /** Resolves when it is known whether the service is up. cannot reject: a failed check is what it finds out */
  check(): Promise<void> {
    this.checking ??= this.checkOnce().finally(() => {
      this.checking = null;
      this.checkLater();
    });
    return this.checking;
  }

  /** Its active runs go on to their end. */
  [Symbol.dispose](): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.closeWhenIdle();
  }

  private closeWhenIdle(): void {
    if (this.isClosed && this.runs === 0) this.connection[Symbol.dispose]();
  }

  private async checkOnce(): Promise<void> {
    try {
      const { state, problem, capacity } = await this.requestHealth();
      this.report(capacity);
      if (state !== 'ok') throw new ServiceFault('unreached', problem ?? `it is ${state}`);
      this.setUp();
    } catch (error) {
      this.failedChecks += 1;
      this.setDown(coerceError(error).message);
    }
  }

  private async requestHealth(): Promise<Health> {
    const exchange = { method: 'GET', path: 'health', withinMs: this.options.limits.stallMs } as const;
    try {
      return await this.connection.request(healthSchema, exchange);
    } catch (error) {
      // The last report is out of date.
      this.report({ ...this.reported, running: 0, waiting: 0 });
      throw error;
    }
  }

  private checkLater(): void {
    clearTimeout(this.timer);
    if (this.isClosed) return;
    const { checkMs } = this.options.limits;
    const failures = this.failedChecks + this.failedRuns;
    const waitMs = this.isUp ? checkMs : backoffMs(failures, BACKOFF);
    this.timer = setTimeout(() => void this.check(), waitMs).unref();
  }

  private setUp(): void {
    this.failedChecks = 0;
    if (this.isUp || this.isClosed) return;
    this.down = null;
    this.options.logger.info({ service: this.name }, 'a sandbox service is up');
    this.options.onUp();
  }

  private setDown(problem: string): void {
    if (this.isUp && !this.isClosed)
      this.options.logger.warn({ service: this.name, problem }, 'a sandbox service is down');
    this.down = problem;
  }
}
