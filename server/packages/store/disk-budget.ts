import { collectGarbage, removeDownloads, sizesOf } from './garbage-collect.ts';
import type { Store } from './store.ts';

/** What one command may write. */
export interface DiskShare extends Disposable {
  /** Without a request. */
  freeBytes: number;
  /** Whether other commands had a part of the disk when less was granted than was needed. */
  isCrowded: boolean;
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
  /** As it was last measured. */
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
    const freeBytes = Math.min(FREE_BYTES, this.maxBytes / 4);
    this.granted.set(id, freeBytes);
    let isPending = false;
    const share: DiskShare = {
      freeBytes,
      isCrowded: false,
      grant: (writtenBytes) => {
        // Only code that a build from source runs requests twice at once.
        if (isPending) return Promise.resolve(0);
        isPending = true;
        const answer = this.measuring.then(() => this.grant(id, share, writtenBytes));
        this.measuring = answer
          .catch(() => {})
          .finally(() => {
            isPending = false;
          });
        return answer;
      },
      [Symbol.dispose]: () => void this.granted.delete(id),
    };
    return share;
  }

  /**
   * Resolves once what is being measured and removed has ended. For a build that was just claimed: whoever looked for
   * builds before that may be removing the downloads.
   */
  async settled(): Promise<void> {
    await this.measuring;
  }

  /** Which part of the disk was in use when it was last measured: 0 to 1. */
  get usedPart(): number {
    return (this.lastSizeMb * MIB) / this.maxBytes;
  }

  /**
   * Removes the downloads, unless another build than that of `key` runs. Downloads and environments share files: while
   * there are downloads, removing an environment frees nothing.
   */
  async removeDownloads(key: string): Promise<boolean> {
    const isDone = await removeDownloads(this.store, key);
    if (isDone) this.lastSizeMb = 0;
    return isDone;
  }

  private async grant(id: symbol, share: DiskShare, writtenBytes: number): Promise<number> {
    if (!this.granted.delete(id)) return 0; // The command has ended.
    const others = [...this.granted.values()].reduce((sum, bytes) => sum + bytes, 0);
    const room = this.maxBytes - others;
    let free = room - (await this.usedBytes());
    if (free < CHUNK_BYTES) {
      const { building } = this.store.layout;
      const ofBuilds = (await sizesOf([building])).get(building) ?? 0;
      await collectGarbage(this.store, Math.max(0, (room - CHUNK_BYTES) / MIB - ofBuilds));
      free = room - (await this.usedBytes());
    }
    share.isCrowded = others > 0;
    const more = free < MIB ? 0 : Math.min(free, Math.max(CHUNK_BYTES, free / 4));
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
    const used = sizeOf(environments) + sizeOf(install) + Math.max(0, cache - this.cacheBefore);
    this.lastSizeMb = used / MIB;
    return used;
  }
}

const MIB = 1024 * 1024;
const FREE_BYTES = 16 * MIB;
const CHUNK_BYTES = 16 * MIB;
