import { setTimeout as delay } from 'node:timers/promises';
import { coerceError } from '../shared/errors.ts';
import { type BuildDeps, buildEnvironment } from './build.ts';
import type { EnvironmentEvent, PrepareOptions, TargetInterpreter } from './environment.ts';
import { DiskLimitError, PackageError, PackageRefusal } from './errors.ts';
import { openInstallation } from './installer/installation.ts';
import type { FoundTools } from './installer/installer.ts';
import { requestKey } from './lock.ts';
import type { Requirement } from './requirement.ts';
import type { PackageSettings } from './settings.ts';
import { SharedWork, type WorkContext } from './shared-work.ts';
import type { Claim } from './store/claim.ts';
import type { DiskBudget } from './store/disk-budget.ts';
import type { Store, StoredEnvironment } from './store/store.ts';

/** The requested packages, and the Python to install them for. */
export interface EnvironmentRequest {
  requirements: readonly Requirement[];
  interpreter: TargetInterpreter;
}

/**
 * Builds each request once, however many callers there are: the callers of one process share the work, and a claim
 * keeps other processes from building. A failure is recorded and reported to all waiting callers; the next call tries
 * again.
 */
export class Builder {
  private readonly builds = new SharedWork<EnvironmentEvent, StoredEnvironment>();
  private readonly tools: FoundTools = {};

  constructor(
    private readonly store: Store,
    private readonly settings: PackageSettings,
    private readonly budget: DiskBudget,
  ) {}

  /** The environment that the request resolved to before, found without a resolver or the network. */
  find(request: EnvironmentRequest): Promise<StoredEnvironment | null> {
    return this.store.find(this.keyOf(request));
  }

  /** Throws PackageError, PackageRefusal, and the reason of the waiter's signal. */
  build(request: EnvironmentRequest, waiter: PrepareOptions): Promise<StoredEnvironment> {
    const key = this.keyOf(request);
    return this.builds.join(key, (work) => this.buildOnce(key, request, work), waiter);
  }

  close(): Promise<void> {
    return this.builds.close();
  }

  private async buildOnce(
    key: string,
    request: EnvironmentRequest,
    work: WorkContext<EnvironmentEvent>,
  ): Promise<StoredEnvironment> {
    const { store, settings } = this;
    const requested = textsOf(request);
    using _claim = await this.claim(key, requested, work);
    const known = await store.find(key);
    if (known !== null) return known;
    await this.budget.settled();
    const timeout = AbortSignal.timeout(settings.timeoutMs);
    const { usedPart } = this.budget;
    if (usedPart > NEARLY_FULL) await this.budget.removeDownloads(key);
    try {
      const signal = AbortSignal.any([work.signal, timeout]);
      const environment = await this.install(request, { ...work, signal }).catch(async (error) => {
        const isWorthwhile = error instanceof DiskLimitError && usedPart > HARDLY_USED;
        if (!isWorthwhile || !(await this.budget.removeDownloads(key))) throw error;
        return this.install(request, { ...work, signal });
      });
      await store.recordOutcome(key, { kind: 'resolved', environmentId: environment.manifest.id });
      return environment;
    } catch (thrown) {
      work.signal.throwIfAborted();
      const error = timeout.aborted ? tookTooLong(settings.timeoutMs) : failureOf(thrown);
      const { message } = error;
      work.emit({ status: 'FAILED', packages: requested, message });
      // On a full disk the failure cannot be recorded either.
      await store
        .recordOutcome(key, {
          kind: 'failed',
          requirements: requested,
          message,
          at: new Date().toISOString(),
        })
        .catch(() => {});
      throw error;
    }
  }

  private async install(
    { requirements, interpreter }: EnvironmentRequest,
    work: WorkContext<EnvironmentEvent>,
  ): Promise<StoredEnvironment> {
    const { store, settings, budget } = this;
    const deps: BuildDeps = {
      store,
      rules: settings.rules,
      pythonVersion: interpreter.version,
      isolated: settings.sourceBuilds,
      makeInstaller: await openInstallation(settings, store.layout, interpreter, this.tools, budget),
    };
    return buildEnvironment(deps, requirements, work);
  }

  /** While another process builds, waits; the caller then finds what that process built. */
  private async claim(
    key: string,
    requested: readonly string[],
    { signal, emit }: WorkContext<EnvironmentEvent>,
  ): Promise<Claim> {
    for (let isFirst = true; ; isFirst = false) {
      const claim = await this.store.claimBuild(key, requested);
      if (claim !== null) return claim;
      if (isFirst)
        emit({ status: 'RESOLVING', packages: requested, message: 'Another process is building it' });
      await delay(POLL_INTERVAL_MS, undefined, { signal });
    }
  }

  private keyOf(request: EnvironmentRequest): string {
    const { indexUrl, extraIndexUrls, findLinks, noIndex, sourceBuilds } = this.settings;
    const { version } = request.interpreter;
    return requestKey(textsOf(request), [
      version,
      indexUrl,
      extraIndexUrls,
      findLinks,
      noIndex,
      sourceBuilds,
    ]);
  }
}

const POLL_INTERVAL_MS = 200;
/** Parts of the disk: beyond the one, a build starts without the downloads; below the other, they are not in its way. */
const NEARLY_FULL = 0.75;
const HARDLY_USED = 0.1;

function textsOf({ requirements }: EnvironmentRequest): string[] {
  return requirements.map(({ text }) => text);
}

function tookTooLong(timeoutMs: number): PackageError {
  return new PackageError(
    `Expected the packages to be installed within ${timeoutMs / 1_000} s (PYTHON_INSTALL_TIMEOUT_SECONDS), but they were not: the package index is slow or hangs. Try again, or request fewer packages.`,
    true,
  );
}

/** A failure of the host, such as a full disk, is a PackageError for the caller too. */
function failureOf(thrown: unknown): PackageError | PackageRefusal {
  if (thrown instanceof PackageError || thrown instanceof PackageRefusal) return thrown;
  const error = coerceError(thrown);
  return new PackageError(`The packages could not be installed: ${error.message}`, true, { cause: error });
}
