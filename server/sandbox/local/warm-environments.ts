import type { EnvironmentLease } from '../../packages/environment.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ForkServer } from './fork-server.ts';
import { ForkServerKeeper } from './fork-server-supervisor.ts';
import { CellPool } from './pool.ts';
import { makePreloadingStart } from './preload.ts';

/** A fork-server with cells waiting for the runs of one environment. */
export interface WarmEnvironment extends AsyncDisposable {
  readonly pool: CellPool;
  /** The lists of packages that runs came here with. */
  readonly asked: Set<string>;
  /** Runs under way in it. */
  runs: number;
  idle: NodeJS.Timeout | undefined;
}

/** Until it is disposed, it is not given up. */
export type HeldEnvironment = Pick<WarmEnvironment, 'pool'> & Disposable;

export interface ForkServerParts {
  /** On the host. */
  sitePackages: string;
  /** Modules of packages to import ahead. */
  preload: readonly string[];
}

export interface WarmEnvironmentsOptions {
  start: (parts: ForkServerParts, signal: AbortSignal) => Promise<ForkServer>;
  /** So many are kept, and more only while runs are under way in them. */
  max: number;
  /** One that no run has used for so long is given up, milliseconds. */
  idleMs: number;
  /** Cells kept made ahead in each. */
  idleCells: number;
  logger: Logger;
}

/**
 * The fork-servers of the environments in use, the least recently used first. One that was used last a while ago is given
 * up, and so are the first of too many; runs under way in it are never cut short.
 */
export class WarmEnvironments implements AsyncDisposable {
  private readonly warm = new Map<string, WarmEnvironment>();
  private readonly ending = new Set<Promise<void>>();

  constructor(private readonly options: WarmEnvironmentsOptions) {}

  /** The one for these packages, where it is warm: a run then needs nothing of the disk. */
  find(packages: readonly string[]): HeldEnvironment | null {
    const key = JSON.stringify(packages);
    const [id, environment] = [...this.warm].find(([, { asked }]) => asked.has(key)) ?? [];
    return id !== undefined && environment ? this.use(id, environment) : null;
  }

  /** The one that is leased, for these packages from now on. Takes the lease over. */
  hold(lease: EnvironmentLease, packages: readonly string[]): HeldEnvironment {
    const { id } = lease.environment;
    const known = this.warm.get(id);
    const environment = known ?? openWarmEnvironment(lease, this.options);
    if (known) lease[Symbol.dispose]();
    if (environment.asked.size < MAX_ASKED) environment.asked.add(JSON.stringify(packages));
    return this.use(id, environment);
  }

  /** Gives it up now, unless a run is under way in it; for who wants to delete it. */
  async giveUp(id: string): Promise<void> {
    if (this.warm.get(id)?.runs === 0) await this.end(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of [...this.warm.keys()]) void this.end(id);
    await Promise.all(this.ending);
  }

  private use(id: string, environment: WarmEnvironment): HeldEnvironment {
    this.warm.delete(id);
    this.warm.set(id, environment);
    environment.runs += 1;
    clearTimeout(environment.idle);
    this.trim();
    return { pool: environment.pool, [Symbol.dispose]: () => this.release(id, environment) };
  }

  private release(id: string, environment: WarmEnvironment): void {
    environment.runs -= 1;
    if (environment.runs > 0 || this.warm.get(id) !== environment) return;
    environment.idle = setTimeout(() => void this.end(id), this.options.idleMs).unref();
    this.trim();
  }

  private trim(): void {
    for (const [id, { runs }] of this.warm) {
      if (this.warm.size <= this.options.max) return;
      if (runs === 0) void this.end(id);
    }
  }

  private async end(id: string): Promise<void> {
    const environment = this.warm.get(id)!;
    this.warm.delete(id);
    clearTimeout(environment.idle);
    // A package that was imported ahead may have left in the room's folder what cannot be removed.
    const ended = Promise.resolve(environment[Symbol.asyncDispose]()).catch((error) =>
      this.options.logger.warn({ err: error }, 'a fork-server left something behind'),
    );
    this.ending.add(ended);
    await ended;
    this.ending.delete(ended);
  }
}

function openWarmEnvironment(lease: EnvironmentLease, options: WarmEnvironmentsOptions): WarmEnvironment {
  const { sitePackages, preload } = lease.environment;
  const start = makePreloadingStart(
    preload,
    (fit, signal) => options.start({ sitePackages, preload: fit }, signal),
    options.logger,
  );
  const keeper = new ForkServerKeeper(start, options.logger);
  const pool = new CellPool(keeper, options.idleCells);
  return {
    pool,
    asked: new Set(),
    runs: 0,
    idle: undefined,
    async [Symbol.asyncDispose]() {
      using _lease = lease;
      pool.close();
      await keeper[Symbol.asyncDispose]();
    },
  };
}

/** The same packages can be listed in many orders. */
const MAX_ASKED = 100;
