import { collectGarbage, removeDownloads, sizesOf } from './garbage-collect.ts';
import type { Store } from './store.ts';

/** What one command may write. */
export interface DiskShare extends Disposable {
  /** Without a request. */
  freeBytes: number;
  /** Where so much is written, returns how much may be written; no more than that where there is no room left. */
  grant(writtenBytes: number): Promise<number>;
}

/**
 * Holds environments, downloads and running builds together to WEFT_ENVIRONMENTS_MAX_MB while they are written. A
 * command may write a little freely; before it writes more, the disk is measured, and it is granted a part of what is
 * left. What other commands were granted counts as written.
 */
export class DiskBudget {
  readonly maxBytes: number;
  /** Environments and downloads as they were last measured. */
  lastSizeMb = 0;
  /** What each command may still write, since the last measure. */
  private readonly granted = new Map<symbol, number>();
  private measuring: Promise<unknown> = Promise.resolve();
  private cacheBefore: number | null = null;

  constructor(
    private readonly store: Store,
    maxMb: number,
    /** A folder of downloads elsewhere, which counts by what it grows. */
    private readonly cacheFolder: string | undefined,
  ) {
    this.maxBytes = maxMb * MIB;
  }

  open(): DiskShare {
    const id = Symbol('share');
    return {
      freeBytes: Math.min(FREE_BYTES, this.maxBytes / 4),
      grant: (writtenBytes) => {
        const answer = this.measuring.then(() => this.grant(id, writtenBytes));
        this.measuring = answer.catch(() => {});
        return answer;
      },
      [Symbol.dispose]: () => void this.granted.delete(id),
    };
  }

  /** Before a build: nearly all downloads are of no more use, and cannot be removed while a build runs. */
  async makeRoom(): Promise<void> {
    if (this.lastSizeMb * MIB < NEARLY_FULL * this.maxBytes) return;
    if (await removeDownloads(this.store)) this.lastSizeMb = 0;
  }

  private async grant(id: symbol, writtenBytes: number): Promise<number> {
    this.granted.delete(id);
    const others = [...this.granted.values()].reduce((sum, bytes) => sum + bytes, 0);
    const room = this.maxBytes - others;
    let free = room - (await this.usedBytes());
    if (free < CHUNK_BYTES) {
      const { building } = this.store.layout;
      const ofBuilds = (await sizesOf([building])).get(building) ?? 0;
      await collectGarbage(this.store, Math.max(0, (room - CHUNK_BYTES) / MIB - ofBuilds));
      free = room - (await this.usedBytes());
    }
    if (free < MIB) return writtenBytes;
    const more = Math.min(free, Math.max(CHUNK_BYTES, free / 4));
    this.granted.set(id, more);
    return writtenBytes + more;
  }

  private async usedBytes(): Promise<number> {
    const { environments, install } = this.store.layout;
    const elsewhere = this.cacheFolder === undefined ? [] : [this.cacheFolder];
    const sizes = await sizesOf([environments, install, ...elsewhere]);
    const sizeOf = (folder: string) => (sizes.get(folder) ?? 0) * MIB;
    const cache = this.cacheFolder === undefined ? 0 : sizeOf(this.cacheFolder);
    this.cacheBefore ??= cache;
    return sizeOf(environments) + sizeOf(install) + Math.max(0, cache - this.cacheBefore);
  }
}

const MIB = 1024 * 1024;
const FREE_BYTES = 16 * MIB;
const CHUNK_BYTES = 16 * MIB;
const NEARLY_FULL = 0.75;
