import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../shared/backoff.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ForkServer } from './fork-server.ts';
import { SandboxProblem } from './problem.ts';

/**
 * Keeps one fork-server running: starts it at the first `up()`, and after it died again at the next one, with backoff.
 *
 *   down ──up()──▶ starting ──▶ up ──dies──▶ down
 *
 * After five early deaths in a row `up()` rejects for a while, so that runs fail at once instead of waiting.
 */
export class ForkServerSupervisor implements AsyncDisposable {
  private current: Promise<ForkServer> | null = null;
  private earlyDeaths = 0;
  private diedAt = 0;
  private readonly disposal = new AbortController();

  constructor(
    private readonly start: (signal: AbortSignal) => Promise<ForkServer>,
    private readonly logger: Logger,
  ) {}

  /** Throws SandboxProblem where no fork-server can be started. */
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
    await this.waitBeforeStart();
    this.disposal.signal.throwIfAborted();
    const server = await this.start(this.disposal.signal);
    const startedAt = Date.now();
    void server.closed.then(() => this.onDeath(Date.now() - startedAt));
    return server;
  }

  private async waitBeforeStart(): Promise<void> {
    const sinceDeathMs = Date.now() - this.diedAt;
    if (this.earlyDeaths >= MAX_EARLY_DEATHS && sinceDeathMs < COOL_DOWN_MS) {
      throw crashed(
        `The fork-server ended ${this.earlyDeaths} times in a row soon after its start; see the log of the server`,
      );
    }
    const waitMs = backoffMs(this.earlyDeaths - 1, BACKOFF) - sinceDeathMs;
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.disposal.signal }).catch(() => {});
  }

  private onDeath(livedMs: number): void {
    if (this.disposal.signal.aborted) return;
    this.current = null;
    this.diedAt = Date.now();
    this.earlyDeaths = livedMs < EARLY_MS ? this.earlyDeaths + 1 : 1;
    this.logger.error({ livedMs, earlyDeaths: this.earlyDeaths }, 'the fork-server died');
  }
}

/** A fork-server that dies sooner died early. */
const EARLY_MS = 5_000;
const MAX_EARLY_DEATHS = 5;
const COOL_DOWN_MS = 5_000;
const BACKOFF = { initialMs: 100, maxMs: COOL_DOWN_MS };

function crashed(message: string): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SERVICE_ERROR',
    message,
    'Try again; if the error stays, read the log of the server.',
  );
}
