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

/** Counts as a run on the service until it is disposed. */
export interface Place extends Disposable {
  endpoint: ServiceEndpoint;
}

export interface ClientLimits {
  /** Between two health checks of a service that is up, and two look-ups of its name, milliseconds. */
  checkMs: number;
  /** A service that says nothing for so long is taken to hang, milliseconds. Heartbeats come every two seconds. */
  stallMs: number;
  /** How long a run waits for a service to come up before it fails, milliseconds. */
  waitMs: number;
  /** Of the answer to one run: more than any tells within the sandbox's own limits on output, progress and results. */
  maxAnswerBytes: number;
}

export const defaultLimits: ClientLimits = {
  checkMs: 5_000,
  stallMs: 15_000,
  waitMs: 10_000,
  maxAnswerBytes: 512 * 1024 * 1024,
};

/** The longest is less than a run waits for a service to come up. */
const BACKOFF = { initialMs: 100, maxMs: 5_000 };

/**
 * One service at one address: whether it is up, and how busy.
 *
 *   down ──a health check is good──▶ up ──a health check fails, or a run does by the service's fault──▶ down
 *     ▲─┘ it fails: again after a longer wait
 *
 * A run that fails by the service's fault counts until one ends well, so that a service which answers checks but
 * fails all runs is asked ever less often.
 */
export class ServiceEndpoint implements Disposable {
  readonly connection: ServiceConnection;
  readonly name: string;
  private down: string | null = 'it has not answered yet';
  private failedChecks = 0;
  private failedRuns = 0;
  private reported: SandboxCapacity = { running: 0, waiting: 0, max: 1 };
  /** Runs there by the last report, and ours that began or ended since. */
  private busy = 0;
  /** Of our own. */
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

  /** What the service says of itself, in a health check or beside a run. */
  report(capacity: SandboxCapacity): void {
    this.reported = capacity;
    this.busy = capacity.running + capacity.waiting;
  }

  take(): Place {
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

  /** Resolves when it is known whether the service is up; never rejects. */
  check(): Promise<void> {
    this.checking ??= this.checkOnce().finally(() => {
      this.checking = null;
      this.checkLater();
    });
    return this.checking;
  }

  /** Its runs under way go on to their end. */
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
      const { state, problem, capacity } = await this.askHealth();
      this.report(capacity);
      if (state !== 'ok') throw new ServiceFault('unreached', problem ?? `it is ${state}`);
      this.setUp();
    } catch (error) {
      this.failedChecks += 1;
      this.setDown(coerceError(error).message);
    }
  }

  private async askHealth(): Promise<Health> {
    const exchange = { method: 'GET', path: 'health', withinMs: this.options.limits.stallMs } as const;
    try {
      return await this.connection.ask(healthSchema, exchange);
    } catch (error) {
      // What it said last is true no longer.
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
