import type { EnvironmentLease } from '../../packages/environment.ts';
import type { Logger } from '../../shared/logger.ts';
import type { PoolSize } from './demand.ts';
import type { ForkServer } from './fork-server.ts';
import { ForkServerSupervisor } from './fork-server-supervisor.ts';
import { CellPool } from './pool.ts';
import { makePreloadingStart } from './preload.ts';

/** A fork-server whose cells wait for the runs of one environment. */
export interface WarmEnvironment extends AsyncDisposable {
  readonly pool: CellPool;
  /** The lists of packages, as JSON, whose runs use this environment. */
  readonly requested: Set<string>;
  /** Active runs. */
  runs: number;
  idle: NodeJS.Timeout | undefined;
}

/** The environment stays up until this is disposed of. */
export type HeldEnvironment = Pick<WarmEnvironment, 'pool'> & Disposable;

export interface ForkServerParts {
  /** Host path. */
  sitePackages: string;
  /** Modules of packages to import ahead. */
  preload: readonly string[];
}

export interface WarmEnvironmentsOptions {
  start: (parts: ForkServerParts, signal: AbortSignal) => Promise<ForkServer>;
  /** How many environments stay up; more do only while they have active runs. */
  max: number;
  /** An environment that no run has used for this long is ended, milliseconds. */
  idleMs: number;
  /** Cells that wait for runs in each environment. */
  idleCells: PoolSize;
  logger: Logger;
}

/**
 * The fork-servers of the environments in use. An environment ends when it was idle for a while, and the least recently
 * used one ends when there are too many; one with active runs never does. Own code, because lru-cache evicts an entry
 * without regard to whether it is in use.
 */
export class WarmEnvironments implements AsyncDisposable {
  /** By id, the least recently used first. */
  private readonly warm = new Map<string, WarmEnvironment>();
  private readonly ending = new Set<Promise<void>>();

  constructor(private readonly options: WarmEnvironmentsOptions) {}

  /** The warm environment of these packages, or null. Reads nothing from the disk. */
  find(packages: readonly string[]): HeldEnvironment | null {
    const key = JSON.stringify(packages);
    const [id, environment] = [...this.warm].find(([, { requested }]) => requested.has(key)) ?? [];
    return id !== undefined && environment ? this.use(id, environment) : null;
  }

  /** The leased environment, which `find` returns for these packages from now on. Owns the lease from here on. */
  hold(lease: EnvironmentLease, packages: readonly string[]): HeldEnvironment {
    const { id } = lease.environment;
    const known = this.warm.get(id);
    const environment = known ?? openWarmEnvironment(lease, this.options);
    if (known) lease[Symbol.dispose]();
    if (environment.requested.size < MAX_REQUESTED) environment.requested.add(JSON.stringify(packages));
    return this.use(id, environment);
  }

  /** Ends an environment that has no active run, so that it can be deleted. */
  async endUnused(id: string): Promise<void> {
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

  // cannot reject: what is left behind is logged
  private async end(id: string): Promise<void> {
    const environment = this.warm.get(id)!;
    this.warm.delete(id);
    clearTimeout(environment.idle);
    // Removing the room's folder may fail: a package that was imported ahead may have changed permissions in it.
    const ended = Promise.resolve(environment[Symbol.asyncDispose]()).catch((error) =>
      this.options.logger.warn({ err: error }, 'the folder of a fork-server could not be removed'),
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
  const supervisor = new ForkServerSupervisor(start, options.logger);
  const pool = new CellPool(supervisor, options.idleCells);
  return {
    pool,
    requested: new Set(),
    runs: 0,
    idle: undefined,
    async [Symbol.asyncDispose]() {
      using _lease = lease;
      pool.close();
      await supervisor[Symbol.asyncDispose]();
    },
  };
}

/** The same packages can be listed in many orders. */
const MAX_REQUESTED = 100;
