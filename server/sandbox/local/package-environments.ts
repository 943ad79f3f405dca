import type { PrepareOptions, PythonEnvironment, PythonEnvironments } from '../../packages/environment.ts';
import type { Environments } from '../../packages/environments.ts';
import { PackageError } from '../../packages/errors.ts';
import { channels } from '../../shared/channels.ts';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { PythonOutcome, PythonRunOptions, PythonRunRequest } from '../backend.ts';
import { leaseEnvironment } from './packages.ts';
import { SandboxProblem } from './problem.ts';
import type { HeldEnvironment, WarmEnvironments } from './warm-environments.ts';

/** The environments of runs. server/packages owns their files, `warm` the fork-servers that have cells waiting. */
export class PackageEnvironments implements PythonEnvironments, AsyncDisposable {
  private readonly disposal = new AbortController();
  /** Fork-servers that start before any run needs them, by the ids of their environments. */
  private readonly ahead = new Map<string, Promise<void>>();

  constructor(
    private readonly environments: Environments,
    private readonly warm: WarmEnvironments,
    private readonly logger: Logger,
  ) {}

  /** The environment of a run with its fork-server up, or the failed outcome of that run. Throws SandboxProblem. */
  async hold(
    request: Pick<PythonRunRequest, 'packages'>,
    options: PythonRunOptions,
  ): Promise<HeldEnvironment | Extract<PythonOutcome, { kind: 'failed' }>> {
    const warm = this.warm.find(request.packages);
    if (channels.environment.hasSubscribers && request.packages.length > 0)
      channels.environment.publish({ found: warm === null ? 'COLD' : 'WARM' });
    const held = warm ?? (await this.lease(request, options));
    if ('kind' in held) return held;
    try {
      await unlessAborted(held.pool.ensureAvailable(), options.signal);
      return held;
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  list(): Promise<PythonEnvironment[]> {
    return this.environments.list();
  }

  /** Also starts the fork-server: an environment that is prepared will soon have a run. */
  async prepare(packages: readonly string[], options: PrepareOptions): Promise<PythonEnvironment> {
    try {
      const prepared = await this.environments.prepare(packages, options);
      const ahead = this.warmUp(packages);
      this.ahead.set(prepared.id, ahead);
      void ahead.then(() => {
        if (this.ahead.get(prepared.id) === ahead) this.ahead.delete(prepared.id);
      });
      return prepared;
    } catch (error) {
      if (!(error instanceof SandboxProblem)) throw error;
      throw new PackageError(`${error.message}. ${error.remedy}`, true, { cause: error });
    }
  }

  async delete(id: string): Promise<boolean> {
    await this.ahead.get(id);
    await this.warm.endUnused(id);
    return await this.environments.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposal.abort(new Error('The sandbox is shutting down'));
    await Promise.all(this.ahead.values());
    await this.warm[Symbol.asyncDispose]();
  }

  private async lease(request: Pick<PythonRunRequest, 'packages'>, options: PythonRunOptions) {
    const packages = await leaseEnvironment(this.environments, request, options);
    return packages.kind === 'failed' ? packages : this.warm.hold(packages.lease, request.packages);
  }

  private async warmUp(packages: readonly string[]): Promise<void> {
    try {
      const held = await this.hold({ packages }, { signal: this.disposal.signal, onEvent() {} });
      if ('kind' in held) return;
      held.pool.refill();
      held[Symbol.dispose]();
    } catch (error) {
      this.logger.info({ error: coerceError(error).message }, 'an environment is not warm yet');
    }
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
