import { join } from 'node:path';
import type { Logger } from '../shared/logger.ts';
import { Builder, type EnvironmentRequest } from './builder.ts';
import { Bytecode } from './bytecode.ts';
import { checkPackages, checkResolved, type PackageFinding, toRequirements } from './check.ts';
import type {
  EnvironmentLease,
  PrepareOptions,
  PythonEnvironment,
  PythonEnvironments,
  TargetInterpreter,
} from './environment.ts';
import { PackageRefusal } from './errors.ts';
import { describe, forgetFailure, listEnvironments } from './list.ts';
import type { Requirement } from './requirement.ts';
import type { PackageSettings } from './settings.ts';
import { DiskBudget } from './store/disk-budget.ts';
import { collectGarbage, type GarbageCollection } from './store/garbage-collect.ts';
import { repair } from './store/repair.ts';
import { openStore, type Store, type StoredEnvironment } from './store/store.ts';

export interface EnvironmentsOptions {
  /** Created where it is missing. Several processes may share it. */
  folder: string;
  interpreter: () => Promise<TargetInterpreter>;
  settings: PackageSettings;
  logger: Logger;
}

/** The environments of this host, for the sandbox that runs on it. */
export interface Environments extends PythonEnvironments, AsyncDisposable {
  /** The problems of a list of packages; takes microseconds and starts no process. */
  check(packages: readonly string[]): PackageFinding[];
  /**
   * The environment for these packages, built where it is missing. Throws PackageError, PackageRefusal, the errors of
   * `interpreter`, and the reason of the signal.
   */
  ensure(packages: readonly string[], options: PrepareOptions): Promise<EnvironmentLease>;
  /** Removes damaged environments and collects garbage. For the doctor; a server collects garbage by itself. */
  repair(): Promise<GarbageCollection & { damaged: string[] }>;
}

export async function openEnvironments(options: EnvironmentsOptions): Promise<Environments> {
  const environments = new HostEnvironments(options, await openStore(options.folder));
  environments.collectSoon();
  return environments;
}

class HostEnvironments implements Environments {
  private readonly builder: Builder;
  private readonly budget: DiskBudget;
  private readonly bytecode: Bytecode;
  private collecting: Promise<void> = Promise.resolve();
  private interpreter: Promise<TargetInterpreter> | null = null;

  constructor(
    private readonly options: EnvironmentsOptions,
    private readonly store: Store,
  ) {
    const { settings, logger } = options;
    this.budget = new DiskBudget(store, settings.maxMb, settings.cacheFolder);
    this.builder = new Builder(store, settings, this.budget);
    const interpreter = () => this.findInterpreter();
    this.bytecode = new Bytecode({
      store,
      settings,
      budget: this.budget,
      logger,
      interpreter,
      onCompiled: () => this.collectSoon(),
    });
  }

  check(packages: readonly string[]): PackageFinding[] {
    return checkPackages(packages, this.options.settings.rules);
  }

  async ensure(packages: readonly string[], waiter: PrepareOptions): Promise<EnvironmentLease> {
    const { environment, lease, requirements } = await this.leased(packages, waiter);
    const { id, sitePackages, packages: installed } = environment.manifest;
    const names = new Set(requirements.map(({ name }) => name));
    return {
      environment: {
        id,
        sitePackages: join(environment.folder, sitePackages),
        preload: installed.flatMap(({ name, modules }) => (names.has(name) ? modules : [])),
      },
      [Symbol.dispose]: () => lease[Symbol.dispose](),
    };
  }

  async prepare(packages: readonly string[], waiter: PrepareOptions): Promise<PythonEnvironment> {
    const { environment, lease } = await this.leased(packages, waiter);
    lease[Symbol.dispose]();
    return describe(environment, this.store);
  }

  list(): Promise<PythonEnvironment[]> {
    return listEnvironments(this.store);
  }

  async delete(id: string): Promise<boolean> {
    const environment = await this.store.get(id);
    if (environment === null) return forgetFailure(id, this.store);
    const wasCompiling = await this.bytecode.cancel(id);
    const isRemoved = await this.store.remove(environment);
    if (!isRemoved && wasCompiling) this.bytecode.enqueue(environment);
    return isRemoved;
  }

  async repair(): Promise<GarbageCollection & { damaged: string[] }> {
    const damaged = await repair(this.store);
    return { damaged, ...(await collectGarbage(this.store, this.options.settings.maxMb)) };
  }

  /** In the background, one collection after another. */
  collectSoon(): void {
    const { settings, logger } = this.options;
    this.collecting = this.collecting
      .then(async () => {
        const collected = await collectGarbage(this.store, settings.maxMb);
        this.budget.lastSizeMb = collected.sizeMb;
        if (collected.leftovers + collected.removed.length > 0)
          logger.info(collected, 'removed unused Python environments');
      })
      .catch((error) => logger.warn({ err: error }, 'could not remove unused Python environments'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.builder.close();
    await this.bytecode[Symbol.asyncDispose]();
    await this.collecting;
  }

  private async leased(packages: readonly string[], waiter: PrepareOptions) {
    const findings = this.check(packages);
    if (findings.length > 0) throw new PackageRefusal(findings);
    const requirements = toRequirements(packages);
    const request = { requirements, interpreter: await this.findInterpreter() };
    // Repeats where another process removes the environment after it was found and before it is leased.
    for (;;) {
      const known = await this.builder.find(request);
      const environment = known ?? (await this.buildFor(request, waiter));
      this.assertAllowed(environment, requirements);
      using lease = new DisposableStack();
      if (lease.use(await this.store.lease(environment)) === null) continue;
      if (known === null) this.collectSoon();
      const pinned = environment.manifest.packages.map(({ name, version }) => `${name}==${version}`);
      await waiter.onEvent({ status: 'READY', packages: pinned, message: null });
      this.bytecode.enqueue(environment);
      return { environment, lease: lease.move(), requirements };
    }
  }

  /** What a failed build downloaded counts too. */
  private async buildFor(request: EnvironmentRequest, waiter: PrepareOptions): Promise<StoredEnvironment> {
    try {
      return await this.builder.build(request, waiter);
    } catch (error) {
      this.collectSoon();
      throw error;
    }
  }

  /** The rules may have changed since the environment was built. */
  private assertAllowed({ manifest }: StoredEnvironment, requirements: Requirement[]): void {
    const names = manifest.packages.map(({ name }) => name);
    const findings = checkResolved(names, requirements, this.options.settings.rules);
    if (findings.length > 0) throw new PackageRefusal(findings);
  }

  /** Searches once, because that starts a process; again only after a failure. */
  private findInterpreter(): Promise<TargetInterpreter> {
    this.interpreter ??= this.options.interpreter().catch((error) => {
      this.interpreter = null;
      throw error;
    });
    return this.interpreter;
  }
}
