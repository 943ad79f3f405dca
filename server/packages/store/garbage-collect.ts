import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { readOutcome } from './manifest.ts';
import type { Store, StoredEnvironment } from './store.ts';

export interface GarbageCollection {
  /** How many folders of crashed builds were removed. */
  leftovers: number;
  /** Ids of environments that were removed because the limit was exceeded. */
  removed: string[];
  /** Environments and downloads together, afterwards. */
  sizeMb: number;
}

/**
 * Removes the folders of crashed builds and the outcomes of requests that are of no more use. Where the limit is
 * exceeded, removes first the downloads, then the least recently used environments. A leased environment stays.
 *
 * lru-cache does not fit: the entries are folders that other processes share, and the time of their last use is on
 * disk.
 */
export async function collectGarbage(store: Store, maxMb: number): Promise<GarbageCollection> {
  const leftovers = await removeLeftovers(store);
  const environments = await oldestFirst(store);
  const { layout } = store;
  const sizes = await sizesOf([...environments.map(({ folder }) => folder), layout.cache]);
  let sizeMb = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (sizeMb > maxMb && (await removeDownloads(store))) sizeMb -= sizes.get(layout.cache) ?? 0;
  const removed: string[] = [];
  for (const environment of environments) {
    if (sizeMb <= maxMb) break;
    const { id } = environment.manifest;
    if (await store.remove(environment)) removed.push(id);
    else if ((await store.get(id)) !== null) continue; // in use; otherwise another process removed it just now
    sizeMb -= sizes.get(environment.folder) ?? 0;
  }
  await Promise.all([forgetOldOutcomes(store), store.removeStaleClaims()]);
  return { leftovers, removed, sizeMb: Math.round(sizeMb) };
}

/** The folders are listed before the builds are: a folder that a running build makes later is then never removed. */
async function removeLeftovers(store: Store): Promise<number> {
  const { building } = store.layout;
  const names = await readdir(building);
  if (names.length === 0 || (await store.builds()).length > 0) return 0;
  let count = 0;
  for (const name of names) {
    const path = join(building, name);
    // An environment that another process removes right now may still be put back.
    if (name.startsWith('gone-') && !(await isOlderThan(path, 60_000))) continue;
    await store.discard(path);
    count += 1;
  }
  return count;
}

/**
 * Not while a build other than `except` runs: it may be about to install from the downloads. The folder of each installer
 * stays: a build that begins meanwhile has just made it, and its installer may not make it again.
 */
export async function removeDownloads(store: Store, except?: string): Promise<boolean> {
  if ((await store.builds()).some(({ key }) => key !== except)) return false;
  for (const installer of await readdir(store.layout.cache)) {
    const folder = join(store.layout.cache, installer);
    for (const name of await readdir(folder)) await store.discard(join(folder, name));
  }
  return true;
}

async function oldestFirst(store: Store): Promise<StoredEnvironment[]> {
  const all = await Promise.all(
    (await store.all()).map(async (environment) => ({
      environment,
      lastUsed: Number(await store.lastUsed(environment)),
    })),
  );
  return all.sort((a, b) => a.lastUsed - b.lastUsed).map(({ environment }) => environment);
}

/** In MiB. `du` counts a file that several folders share once, for the first folder that it is given. */
export async function sizesOf(folders: readonly string[]): Promise<Map<string, number>> {
  const { stdout } = await execa('du', ['-sk', '--', ...folders], { reject: false });
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [size, folder] = line.split('\t', 2);
      return folder === undefined ? [] : [[folder, Number(size) / 1024] as const];
    }),
  );
}

/** Outcomes whose environment was removed, and failures that are old. */
async function forgetOldOutcomes(store: Store): Promise<void> {
  const { requests } = store.layout;
  for (const name of await readdir(requests)) {
    const path = join(requests, name);
    const outcome = await readOutcome(path);
    const isKept =
      outcome?.kind === 'resolved'
        ? (await store.get(outcome.environmentId)) !== null
        : !(await isOlderThan(path, FAILURES_KEPT_MS));
    if (!isKept) await store.discard(path);
  }
}

const FAILURES_KEPT_MS = 7 * 24 * 3_600_000;

async function isOlderThan(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found === null || Date.now() - found.ctimeMs > ms;
}
