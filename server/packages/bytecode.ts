import { join } from 'node:path';
import type { Logger } from '../shared/logger.ts';
import type { TargetInterpreter } from './environment.ts';
import { trimWords } from './installer/installer-output.ts';
import { runInRoom } from './installer/room.ts';
import type { PackageSettings } from './settings.ts';
import { sizeOf } from './site-packages.ts';
import type { Store, StoredEnvironment } from './store/store.ts';

export interface BytecodeDeps {
  store: Store;
  settings: PackageSettings;
  interpreter: () => Promise<TargetInterpreter>;
  logger: Logger;
  /** Environments take more room now. */
  onCompiled: () => void;
}

/**
 * Compiles environments to bytecode in the background, one at a time, so that imports are quick from then on: runs cannot write
 * there. It takes longer than all the rest of a build, which is why no run waits for it.
 *
 *   leased ──▶ waiting ──▶ claimed, compiled ──▶ compiled.json
 *                 └───────────┴── given up, failed, or its process was killed ──▶ leased once more
 *
 * Each file is written aside and renamed, by Python itself: an environment that is compiled in part is whole, and only
 * slower to import from.
 */
export class Bytecode implements AsyncDisposable {
  private readonly waiting = new Map<string, StoredEnvironment>();
  private readonly failedAt = new Map<string, number>();
  private current: { id: string; stop: AbortController; ended: Promise<void> } | null = null;
  private isClosed = false;

  constructor(private readonly deps: BytecodeDeps) {}

  soon(environment: StoredEnvironment): void {
    const { id } = environment.manifest;
    const hasFailed = Date.now() - (this.failedAt.get(id) ?? 0) < TRY_AGAIN_MS;
    if (environment.compiled || hasFailed || this.isClosed || id === this.current?.id) return;
    this.waiting.set(id, environment);
    if (this.current === null) this.next();
  }

  /** Resolves when nothing of this process writes to it any more, with whether anything did or was about to. */
  async giveUp(id: string): Promise<boolean> {
    if (id !== this.current?.id) return this.waiting.delete(id);
    this.current.stop.abort(new Error('It is not needed any more'));
    await this.current.ended;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    this.waiting.clear();
    if (this.current) await this.giveUp(this.current.id);
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

  /** Under a claim that is a lease as well: nobody removes what is written to. */
  private async compile({ folder, manifest }: StoredEnvironment, stop: AbortSignal): Promise<void> {
    const { store, settings, onCompiled } = this.deps;
    const { executable, prefix } = await this.deps.interpreter();
    using claim = await store.claimCompile(manifest.id);
    const isWanted = claim !== null && (await store.get(manifest.id))?.compiled === null;
    if (!isWanted) return;
    const sitePackages = join(folder, manifest.sitePackages);
    const room = {
      bubblewrapPath: settings.bubblewrapPath,
      hasNetwork: false,
      variables: {},
      homeFiles: {},
      readable: [prefix, executable],
      writable: [sitePackages],
      signal: AbortSignal.any([stop, AbortSignal.timeout(settings.timeoutMs)]),
    };
    const ran = await runInRoom(room, [executable, '-I', '-c', COMPILE, ...OPTIONS, sitePackages]);
    if (ran.exitCode !== 0)
      throw new Error(`compileall ended with ${ran.exitCode}: ${trimWords(ran.stderr)}`);
    await store.noteCompiled(manifest.id, { sizeBytes: await sizeOf(sitePackages) });
    onCompiled();
  }
}

/** Each run leases: what failed is not tried again by every one of them. */
const TRY_AGAIN_MS = 10 * 60_000;

/**
 * Behind whatever else wants the CPU; where the kernel groups processes by session, only what a group says of itself counts. What cannot
 * be compiled (templates, code for other versions) is not imported either, or says so then: that is no failure.
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

/** Sources never change, so that no import needs to look whether one did. */
const OPTIONS = ['-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', '-x', '/tests?/'];
