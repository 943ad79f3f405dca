import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { readAsked } from './manifest.ts';
import type { Store, StoredEnvironment } from './store.ts';

export interface Tidied {
  /** What crashed builds left behind. */
  leftovers: number;
  /** Ids of environments that were removed to make room. */
  removed: string[];
  /** Of environments and downloads together, afterwards. */
  sizeMb: number;
}

/**
 * Sweeps what crashed builds left, forgets answers that lead nowhere, and makes room: first the downloads go, then the
 * environments that were not used for longest. What is leased stays, whatever its size.
 */
export async function tidy(store: Store, maxMb: number): Promise<Tidied> {
  const leftovers = await sweep(store);
  const environments = await oldestFirst(store);
  const { layout } = store;
  const sizes = await sizesOf([...environments.map(({ folder }) => folder), layout.cache]);
  let sizeMb = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (sizeMb > maxMb && (await dropDownloads(store))) sizeMb -= sizes.get(layout.cache) ?? 0;
  const removed: string[] = [];
  for (const environment of environments) {
    if (sizeMb <= maxMb) break;
    const { id } = environment.manifest;
    if (await store.remove(environment)) removed.push(id);
    else if ((await store.get(id)) !== null) continue; // in use; else another process removed it just now
    sizeMb -= sizes.get(environment.folder) ?? 0;
  }
  await Promise.all([forgetOld(store), store.forgetUsers()]);
  return { leftovers, removed, sizeMb: Math.round(sizeMb) };
}

/** Listed before it is asked who builds: what a living build made is then never taken for a leftover. */
async function sweep(store: Store): Promise<number> {
  const { building } = store.layout;
  const names = await readdir(building);
  if (names.length === 0 || (await store.builds()).length > 0) return 0;
  let swept = 0;
  for (const name of names) {
    const path = join(building, name);
    // One that is being removed may still be put back.
    if (name.startsWith('gone-') && !(await isOlderThan(path, 60_000))) continue;
    await store.discard(path);
    swept += 1;
  }
  return swept;
}

/** Not while somebody builds, who may be about to install from them. */
async function dropDownloads(store: Store): Promise<boolean> {
  if ((await store.builds()).length > 0) return false;
  for (const name of await readdir(store.layout.cache)) await store.discard(join(store.layout.cache, name));
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

/** In MiB. `du` counts files that several hold in common once, for the first that is named. */
async function sizesOf(folders: readonly string[]): Promise<Map<string, number>> {
  const { stdout } = await execa('du', ['-sk', '--', ...folders], { reject: false });
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, size, folder] = /^(\d+)\s+(.+)$/.exec(line) ?? [];
      return folder === undefined ? [] : [[folder, Number(size) / 1024] as const];
    }),
  );
}

/** Answers whose environment is gone, and failures that nobody will ask about any more. */
async function forgetOld(store: Store): Promise<void> {
  const { asked } = store.layout;
  for (const name of await readdir(asked)) {
    const path = join(asked, name);
    const known = await readAsked(path);
    const isKept =
      known?.kind === 'resolved'
        ? (await store.get(known.environmentId)) !== null
        : !(await isOlderThan(path, FAILURES_KEPT_MS));
    if (!isKept) await store.discard(path);
  }
}

const FAILURES_KEPT_MS = 7 * 24 * 3_600_000;

async function isOlderThan(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found === null || Date.now() - found.ctimeMs > ms;
}
