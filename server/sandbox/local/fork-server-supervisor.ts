import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../shared/backoff.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ForkServer } from './fork-server.ts';
import { SandboxProblem } from './problem.ts';

/**
 * Keeps one fork-server up: starts it when it is first wanted, and again when it dies, with back-off.
 *
 *   down ──up()──▶ starting ──▶ up ──dies──▶ down
 *
 * A server that keeps dying young is given up for a while, so that runs get an error instead of waiting.
 */
export class ForkServerKeeper implements AsyncDisposable {
  private current: Promise<ForkServer> | null = null;
  private earlyDeaths = 0;
  private diedAt = 0;
  private readonly disposal = new AbortController();

  constructor(
    private readonly start: (signal: AbortSignal) => Promise<ForkServer>,
    private readonly logger: Logger,
  ) {}

  /** Throws SandboxProblem where no server can be had. */
  up(): Promise<ForkServer> {
    this.current ??= this.startAndWatch().catch((error) => {
      this.current = null;
      throw error;
    });
    return this.current;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposal.abort(crashed('The sandbox is shutting down'));
    const server = await this.current?.catch(() => null);
    await server?.[Symbol.asyncDispose]();
  }

  private async startAndWatch(): Promise<ForkServer> {
    await this.backOff();
    this.disposal.signal.throwIfAborted();
    const server = await this.start(this.disposal.signal);
    const startedAt = Date.now();
    server.closed.then(() => this.onDeath(Date.now() - startedAt));
    return server;
  }

  private async backOff(): Promise<void> {
    const sinceDeathMs = Date.now() - this.diedAt;
    if (this.earlyDeaths >= MAX_EARLY_DEATHS && sinceDeathMs < COOL_DOWN_MS) {
      throw crashed(
        `The fork-server ended ${this.earlyDeaths} times in a row soon after its start; see the server's log`,
      );
    }
    const waitMs = backoffMs(this.earlyDeaths - 1, BACKOFF) - sinceDeathMs;
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.disposal.signal }).catch(() => {});
  }

  private onDeath(livedMs: number): void {
    if (this.disposal.signal.aborted) return;
    this.current = null;
    this.diedAt = Date.now();
    this.earlyDeaths = livedMs < YOUNG_MS ? this.earlyDeaths + 1 : 1;
    this.logger.error({ livedMs, earlyDeaths: this.earlyDeaths }, 'the fork-server died');
  }
}

const YOUNG_MS = 5_000;
const MAX_EARLY_DEATHS = 5;
const COOL_DOWN_MS = 5_000;
const BACKOFF = { initialMs: 100, maxMs: COOL_DOWN_MS };

function crashed(message: string): SandboxProblem {
  return new SandboxProblem('PYTHON_SERVICE_ERROR', message, 'Try again; if it stays, read the server log.');
}
