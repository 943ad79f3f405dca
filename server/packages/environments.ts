import { join } from 'node:path';
import type { Logger } from '../shared/logger.ts';
import { Builder } from './builder.ts';
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
import { type Tidied, tidy } from './store/garbage-collect.ts';
import { repair } from './store/repair.ts';
import { openStore, type Store, type StoredEnvironment } from './store/store.ts';

export interface EnvironmentsOptions {
  /** Made when absent. Several processes may share it. */
  folder: string;
  interpreter: () => Promise<TargetInterpreter>;
  settings: PackageSettings;
  logger: Logger;
}

/** The environments of this host, as the sandbox on it uses them. */
export interface Environments extends PythonEnvironments, AsyncDisposable {
  /** What is wrong with a list of packages; quick, and without Python. */
  check(packages: readonly string[]): PackageFinding[];
  /**
   * The environment for these packages, built where it is not there yet. Throws PackageError, PackageRefusal,
   * what `interpreter` throws, and what aborted the signal.
   */
  ensure(packages: readonly string[], options: PrepareOptions): Promise<EnvironmentLease>;
  /** Removes what is damaged, left over, or too much. For the doctor; a server tidies by itself. */
  repair(): Promise<Tidied & { damaged: string[] }>;
}

export async function openEnvironments(options: EnvironmentsOptions): Promise<Environments> {
  const environments = new HostEnvironments(options, await openStore(options.folder));
  environments.tidySoon();
  return environments;
}

class HostEnvironments implements Environments {
  private readonly builder: Builder;
  private readonly bytecode: Bytecode;
  private tidying: Promise<void> = Promise.resolve();
  private interpreter: Promise<TargetInterpreter> | null = null;

  constructor(
    private readonly options: EnvironmentsOptions,
    private readonly store: Store,
  ) {
    const { settings, logger } = options;
    this.builder = new Builder(store, settings);
    const interpreter = () => this.findInterpreter();
    this.bytecode = new Bytecode({ store, settings, logger, interpreter, onCompiled: () => this.tidySoon() });
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
    const wasCompiling = await this.bytecode.giveUp(id);
    const isRemoved = await this.store.remove(environment);
    if (!isRemoved && wasCompiling) this.bytecode.soon(environment);
    return isRemoved;
  }

  async repair(): Promise<Tidied & { damaged: string[] }> {
    const damaged = await repair(this.store);
    return { damaged, ...(await tidy(this.store, this.options.settings.maxMb)) };
  }

  /** In the background, one after another. */
  tidySoon(): void {
    const { settings, logger } = this.options;
    this.tidying = this.tidying
      .then(async () => {
        const tidied = await tidy(this.store, settings.maxMb);
        if (tidied.leftovers + tidied.removed.length > 0)
          logger.info(tidied, 'tidied the Python environments');
      })
      .catch((error) => logger.warn({ err: error }, 'could not tidy the Python environments'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.builder.close();
    await this.bytecode[Symbol.asyncDispose]();
    await this.tidying;
  }

  private async leased(packages: readonly string[], waiter: PrepareOptions) {
    const findings = this.check(packages);
    if (findings.length > 0) throw new PackageRefusal(findings);
    const requirements = toRequirements(packages);
    const wish = { requirements, interpreter: await this.findInterpreter() };
    // Again where another process removed it between its being found and its being leased.
    for (;;) {
      const known = await this.builder.find(wish);
      const environment = known ?? (await this.builder.build(wish, waiter));
      this.judge(environment, requirements);
      using lease = new DisposableStack();
      if (lease.use(await this.store.lease(environment)) === null) continue;
      if (known === null) this.tidySoon();
      const pinned = environment.manifest.packages.map(({ name, version }) => `${name}==${version}`);
      await waiter.onEvent({ status: 'READY', packages: pinned, message: null });
      this.bytecode.soon(environment);
      return { environment, lease: lease.move(), requirements };
    }
  }

  /** The rules may have changed since it was built. */
  private judge({ manifest }: StoredEnvironment, requirements: Requirement[]): void {
    const names = manifest.packages.map(({ name }) => name);
    const findings = checkResolved(names, requirements, this.options.settings.rules);
    if (findings.length > 0) throw new PackageRefusal(findings);
  }

  /** Asked once, or until there is one: it costs a process. */
  private findInterpreter(): Promise<TargetInterpreter> {
    this.interpreter ??= this.options.interpreter().catch((error) => {
      this.interpreter = null;
      throw error;
    });
    return this.interpreter;
  }
}
