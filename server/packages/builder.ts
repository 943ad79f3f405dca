import { setTimeout as delay } from 'node:timers/promises';
import { coerceError } from '../shared/errors.ts';
import { type BuildDeps, buildEnvironment } from './build.ts';
import type { EnvironmentEvent, PrepareOptions, TargetInterpreter } from './environment.ts';
import { PackageError, PackageRefusal } from './errors.ts';
import { openInstallation } from './installer/installation.ts';
import type { FoundTools } from './installer/installer.ts';
import { askedKey } from './lock.ts';
import type { Requirement } from './requirement.ts';
import type { PackageSettings } from './settings.ts';
import { SharedWork, type WorkContext } from './shared-work.ts';
import type { Claim } from './store/claim.ts';
import type { Store, StoredEnvironment } from './store/store.ts';

/** What was asked for, of which Python. */
export interface Wish {
  requirements: readonly Requirement[];
  interpreter: TargetInterpreter;
}

/**
 * Builds each wish once, however many ask for it: within this process by sharing the work, between processes by a
 * claim. What failed is noted, told to all who waited, and tried again by the next who asks.
 */
export class Builder {
  private readonly builds = new SharedWork<EnvironmentEvent, StoredEnvironment>();
  private readonly tools: FoundTools = {};

  constructor(
    private readonly store: Store,
    private readonly settings: PackageSettings,
  ) {}

  /** What the wish came to before, without a resolver or the network. */
  find(wish: Wish): Promise<StoredEnvironment | null> {
    return this.store.find(this.keyOf(wish));
  }

  /** Throws PackageError, PackageRefusal, and what aborted the waiter's signal. */
  build(wish: Wish, waiter: PrepareOptions): Promise<StoredEnvironment> {
    const key = this.keyOf(wish);
    return this.builds.join(key, (work) => this.buildOnce(key, wish, work), waiter);
  }

  close(): Promise<void> {
    return this.builds.close();
  }

  private async buildOnce(
    key: string,
    wish: Wish,
    work: WorkContext<EnvironmentEvent>,
  ): Promise<StoredEnvironment> {
    const { store, settings } = this;
    const asked = textsOf(wish);
    using _claim = await this.claim(key, asked, work);
    const known = await store.find(key);
    if (known !== null) return known;
    const timeout = AbortSignal.timeout(settings.timeoutMs);
    try {
      const signal = AbortSignal.any([work.signal, timeout]);
      const environment = await this.install(wish, { ...work, signal });
      await store.note(key, { kind: 'resolved', environmentId: environment.manifest.id });
      return environment;
    } catch (thrown) {
      work.signal.throwIfAborted();
      const error = timeout.aborted ? tookTooLong(settings.timeoutMs) : failureOf(thrown);
      const { message } = error;
      work.tell({ status: 'FAILED', packages: asked, message });
      // On a full disk there may be no place to say so either.
      await store
        .note(key, { kind: 'failed', requirements: asked, message, at: new Date().toISOString() })
        .catch(() => {});
      throw error;
    }
  }

  private async install(
    { requirements, interpreter }: Wish,
    work: WorkContext<EnvironmentEvent>,
  ): Promise<StoredEnvironment> {
    const { store, settings } = this;
    const deps: BuildDeps = {
      store,
      rules: settings.rules,
      pythonVersion: interpreter.version,
      isolated: settings.sourceBuilds,
      makeInstaller: await openInstallation(settings, store.layout, interpreter, this.tools),
    };
    return buildEnvironment(deps, requirements, work);
  }

  /** Another process may be at it; what it builds is found when it is done. */
  private async claim(
    key: string,
    asked: readonly string[],
    { signal, tell }: WorkContext<EnvironmentEvent>,
  ): Promise<Claim> {
    for (let isFirst = true; ; isFirst = false) {
      const claim = await this.store.claimBuild(key, asked);
      if (claim !== null) return claim;
      if (isFirst) tell({ status: 'RESOLVING', packages: asked, message: 'Another process is building it' });
      await delay(LOOK_AGAIN_MS, undefined, { signal });
    }
  }

  private keyOf(wish: Wish): string {
    const { indexUrl, extraIndexUrls, findLinks, noIndex, sourceBuilds } = this.settings;
    const { version } = wish.interpreter;
    return askedKey(textsOf(wish), [version, indexUrl, extraIndexUrls, findLinks, noIndex, sourceBuilds]);
  }
}

const LOOK_AGAIN_MS = 200;

function textsOf({ requirements }: Wish): string[] {
  return requirements.map(({ text }) => text);
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
