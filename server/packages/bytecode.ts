import { join } from 'node:path';
import type { Logger } from '../shared/logger.ts';
import type { TargetInterpreter } from './environment.ts';
import { trimOutput } from './installer/installer-output.ts';
import { runInRoom } from './installer/room.ts';
import { giveTreeToRoom } from './installer/room-owner.ts';
import type { PackageSettings } from './settings.ts';
import { sizeOf } from './site-packages.ts';
import type { DiskBudget } from './store/disk-budget.ts';
import type { Store, StoredEnvironment } from './store/store.ts';

export interface BytecodeDeps {
  store: Store;
  settings: PackageSettings;
  budget: DiskBudget;
  interpreter: () => Promise<TargetInterpreter>;
  logger: Logger;
  /** Called when an environment has grown by its bytecode. */
  onCompiled: () => void;
}

/**
 * Compiles environments to bytecode in the background, one at a time, because a run cannot write bytecode there and
 * would compile at each import. Compiling takes longer than the rest of a build, so no run waits for it.
 *
 *   leased ──▶ waiting ──▶ claimed, compiling ──▶ compiled.json
 *                 └───────────┴── cancelled, failed, or the process was killed ──▶ waiting again at the next lease
 *
 * Python writes each file under another name and renames it: a partly compiled environment is intact, and only slower
 * to import from.
 */
export class Bytecode implements AsyncDisposable {
  private readonly waiting = new Map<string, StoredEnvironment>();
  private readonly failedAt = new Map<string, number>();
  private current: { id: string; stop: AbortController; ended: Promise<void> } | null = null;
  private isClosed = false;

  constructor(private readonly deps: BytecodeDeps) {}

  enqueue(environment: StoredEnvironment): void {
    const { id } = environment.manifest;
    const hasFailed = Date.now() - (this.failedAt.get(id) ?? 0) < RETRY_AFTER_MS;
    if (environment.compiled || hasFailed || this.isClosed || id === this.current?.id) return;
    this.waiting.set(id, environment);
    if (this.current === null) this.next();
  }

  /** Resolves when this process no longer writes to the environment; true where it was waiting or compiling. */
  async cancel(id: string): Promise<boolean> {
    if (id !== this.current?.id) return this.waiting.delete(id);
    this.current.stop.abort(new Error('The bytecode is not needed any more'));
    await this.current.ended;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    this.waiting.clear();
    if (this.current) await this.cancel(this.current.id);
  }

  private next(): void {
    const [environment] = this.waiting.values();
    if (environment === undefined) return;
    const { id } = environment.manifest;
    this.waiting.delete(id);
    const stop = new AbortController();
    const ended = this.compile(environment, stop.signal)
      .catch((error) => {
        if (stop.signal.aborted) return;
        this.failedAt.set(id, Date.now());
        this.deps.logger.warn({ err: error, id }, 'could not compile an environment to bytecode');
      })
      .finally(() => {
        this.current = null;
        this.next();
      });
    this.current = { id, stop, ended };
  }

  /** The claim is a lease too: no process removes the environment meanwhile. */
  private async compile({ folder, manifest }: StoredEnvironment, stop: AbortSignal): Promise<void> {
    const { store, settings, budget, onCompiled } = this.deps;
    const { executable, prefix } = await this.deps.interpreter();
    using claim = await store.claimCompile(manifest.id);
    const isNeeded = claim !== null && (await store.get(manifest.id))?.compiled === null;
    if (!isNeeded) return;
    const sitePackages = join(folder, manifest.sitePackages);
    await giveTreeToRoom(sitePackages);
    using share = budget.open();
    const mayWriteBytes = await share.grant(0);
    const room = {
      bubblewrapPath: settings.bubblewrapPath,
      python: executable,
      wayOut: null,
      limits: { mayWriteBytes, maxFileBytes: mayWriteBytes, isForeign: false },
      variables: {},
      readable: [prefix, executable],
      writable: [sitePackages],
      signal: AbortSignal.any([stop, AbortSignal.timeout(settings.timeoutMs)]),
    };
    const result = await runInRoom(room, [executable, '-I', '-c', COMPILE, ...OPTIONS, sitePackages]);
    if (result.exitCode !== 0)
      throw new Error(`compileall ended with ${result.exitCode}: ${trimOutput(result.stderr)}`);
    await store.recordCompiled(manifest.id, { sizeBytes: await sizeOf(sitePackages) });
    onCompiled();
  }
}

/** Every run leases, and not every run should repeat a compilation that failed. */
const RETRY_AFTER_MS = 10 * 60_000;

/**
 * At the lowest priority: by `nice`, and by the priority of the group where the kernel schedules processes in groups by
 * session. A file that does not compile (a template, code for another Python) is no failure: its import reports the
 * error.
 */
const COMPILE = `
import compileall, os
os.nice(19)
try:
    with open("/proc/self/autogroup", "w") as group:
        group.write("19")
except OSError:
    pass
compileall.main()
`;

/** `unchecked-hash`: sources never change, so no import needs to check them. */
const OPTIONS = ['-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', '-x', '/tests?/'];
