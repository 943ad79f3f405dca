import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { coerceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { buildEnvironment } from './build.ts';
import { checkPackages, checkResolved, type PackageFinding, toRequirements } from './check.ts';
import type {
  EnvironmentEvent,
  EnvironmentLease,
  PrepareOptions,
  PythonEnvironment,
  PythonEnvironments,
  TargetInterpreter,
} from './environment.ts';
import { PackageError, PackageRefusal } from './errors.ts';
import { openInstallation } from './installer/installation.ts';
import type { FoundTools } from './installer/installer.ts';
import { askedKey } from './lock.ts';
import type { Requirement } from './requirement.ts';
import type { PackageSettings } from './settings.ts';
import { SharedWork, type WorkContext } from './shared-work.ts';
import type { Claim } from './store/claim.ts';
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
}

export async function openEnvironments(options: EnvironmentsOptions): Promise<Environments> {
  return new HostEnvironments(options, await openStore(options.folder));
}

class HostEnvironments implements Environments {
  private readonly tools: FoundTools = {};
  private interpreter: Promise<TargetInterpreter> | null = null;
  private readonly builds = new SharedWork<EnvironmentEvent, StoredEnvironment>();

  constructor(
    private readonly options: EnvironmentsOptions,
    private readonly store: Store,
  ) {}

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
    return this.describe(environment);
  }

  async list(): Promise<PythonEnvironment[]> {
    const { store } = this;
    const [ready, building, failed] = await Promise.all([store.all(), store.builds(), store.failures()]);
    const described = await Promise.all(ready.map((environment) => this.describe(environment)));
    const keys = new Set(building.map(({ key }) => key));
    return [
      ...building.map(({ key, requirements, since }) =>
        unready({ key, requirements, state: 'BUILDING', message: null, createdAt: since }),
      ),
      ...described.sort((a, b) => Number(b.lastUsedAt) - Number(a.lastUsedAt)),
      ...failed
        .filter(({ key }) => !keys.has(key))
        .map(({ key, failure: { requirements, message, at } }) =>
          unready({ key, requirements, state: 'FAILED', message, createdAt: new Date(at) }),
        ),
    ];
  }

  async delete(id: string): Promise<boolean> {
    const environment = await this.store.get(id);
    if (environment !== null) return this.store.remove(environment);
    const failed = (await this.store.failures()).find(({ key }) => unreadyId(key) === id);
    if (failed === undefined) return false;
    await this.store.forget(failed.key);
    return true;
  }

  /** Ends builds under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.builds.close();
  }

  /** In a loop, because another process may remove an environment between its being found and its being leased. */
  private async leased(packages: readonly string[], waiter: PrepareOptions) {
    const findings = this.check(packages);
    if (findings.length > 0) throw new PackageRefusal(findings);
    const requirements = toRequirements(packages);
    const interpreter = await this.findInterpreter();
    const key = this.keyOf(requirements, interpreter);
    for (;;) {
      const known = await this.store.find(key);
      const environment = known ?? (await this.build(key, requirements, interpreter, waiter));
      this.judge(environment, requirements);
      const lease = await this.store.lease(environment);
      if (lease === null) continue;
      const { packages: installed } = environment.manifest;
      await waiter.onEvent({ status: 'READY', packages: installed.map(pinned), message: null });
      return { environment, lease, requirements };
    }
  }

  private build(
    key: string,
    requirements: Requirement[],
    interpreter: TargetInterpreter,
    waiter: PrepareOptions,
  ) {
    return this.builds.join(key, (work) => this.buildOnce(key, requirements, interpreter, work), waiter);
  }

  private async buildOnce(
    key: string,
    requirements: Requirement[],
    interpreter: TargetInterpreter,
    work: WorkContext<EnvironmentEvent>,
  ): Promise<StoredEnvironment> {
    const { store, options } = this;
    const asked = requirements.map(({ text }) => text);
    using _claim = await this.claimBuild(key, asked, work);
    const known = await store.find(key);
    if (known !== null) return known;
    const { timeoutMs, rules } = options.settings;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const installation = await openInstallation(options.settings, store.layout, interpreter, this.tools);
      const environment = await buildEnvironment(
        { store, rules, pythonVersion: interpreter.version, ...installation },
        requirements,
        { ...work, signal: AbortSignal.any([work.signal, timeout]) },
      );
      await store.note(key, { kind: 'resolved', environmentId: environment.manifest.id });
      return environment;
    } catch (thrown) {
      work.signal.throwIfAborted();
      const error = timeout.aborted ? tookTooLong(timeoutMs) : failureOf(thrown);
      work.tell({ status: 'FAILED', packages: asked, message: error.message });
      await store.note(key, {
        kind: 'failed',
        requirements: asked,
        message: error.message,
        at: new Date().toISOString(),
      });
      throw error;
    }
  }

  /** Another process may be at it; what it builds is found when it is done. */
  private async claimBuild(
    key: string,
    asked: string[],
    { signal, tell }: WorkContext<EnvironmentEvent>,
  ): Promise<Claim> {
    for (let isFirst = true; ; isFirst = false) {
      const claim = await this.store.claimBuild(key, asked);
      if (claim !== null) return claim;
      if (isFirst) tell({ status: 'RESOLVING', packages: asked, message: 'Another process is building it' });
      await delay(LOOK_AGAIN_MS, undefined, { signal });
    }
  }

  /** Asked once, or until there is one: it costs a process. */
  private findInterpreter(): Promise<TargetInterpreter> {
    this.interpreter ??= this.options.interpreter().catch((error) => {
      this.interpreter = null;
      throw error;
    });
    return this.interpreter;
  }

  /** The rules may have changed since it was built. */
  private judge({ manifest }: StoredEnvironment, requirements: Requirement[]): void {
    const names = manifest.packages.map(({ name }) => name);
    const findings = checkResolved(names, requirements, this.options.settings.rules);
    if (findings.length > 0) throw new PackageRefusal(findings);
  }

  private async describe(environment: StoredEnvironment): Promise<PythonEnvironment> {
    const { id, requirements, packages, sizeBytes, createdAt } = environment.manifest;
    return {
      id,
      requirements,
      packages: packages.map(({ name, version }) => ({ name, version })),
      sizeBytes,
      state: 'READY',
      message: null,
      createdAt: new Date(createdAt),
      lastUsedAt: await this.store.lastUsed(environment),
    };
  }

  private keyOf(requirements: Requirement[], { version }: TargetInterpreter): string {
    const { indexUrl, extraIndexUrls, findLinks, noIndex, sourceBuilds } = this.options.settings;
    const circumstances = [version, indexUrl, extraIndexUrls, findLinks, noIndex, sourceBuilds];
    return askedKey(
      requirements.map(({ text }) => text),
      circumstances,
    );
  }
}

const LOOK_AGAIN_MS = 200;

function pinned({ name, version }: { name: string; version: string }): string {
  return `${name}==${version}`;
}

function unreadyId(key: string): string {
  return `env_${key}`;
}

function unready(
  known: Pick<PythonEnvironment, 'requirements' | 'state' | 'message' | 'createdAt'> & { key: string },
): PythonEnvironment {
  const { key, ...told } = known;
  return { id: unreadyId(key), packages: [], sizeBytes: 0, lastUsedAt: null, ...told };
}

function tookTooLong(timeoutMs: number): PackageError {
  return new PackageError(
    `Expected the packages to be installed within ${timeoutMs / 1_000} s (PYTHON_INSTALL_TIMEOUT_SECONDS), and they were not: the package index is slow or hangs. Try again, or ask for fewer.`,
    true,
  );
}

/** What the host did not let happen (a full disk) is a failure of the packages to whoever asked for them. */
function failureOf(thrown: unknown): PackageError | PackageRefusal {
  if (thrown instanceof PackageError || thrown instanceof PackageRefusal) return thrown;
  const error = coerceError(thrown);
  return new PackageError(`The packages could not be installed: ${error.message}`, true, { cause: error });
}
