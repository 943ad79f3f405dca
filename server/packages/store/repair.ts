import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { distributionsOf } from '../site-packages.ts';
import type { Store } from './store.ts';

/** Removes damaged environments (a power cut, files removed by hand); the next run that needs one builds it again. */
export async function repair(store: Store): Promise<string[]> {
  const { environments } = store.layout;
  const damaged: string[] = [];
  for (const id of await readdir(environments)) {
    const environment = await store.get(id);
    const isIntact =
      environment !== null &&
      (await hasAllFiles(join(environment.folder, environment.manifest.sitePackages)));
    if (isIntact) continue;
    await store.discard(join(environments, id));
    damaged.push(id);
  }
  return damaged;
}

/** Every wheel brings a record of its files, most with their sizes (PEP 376). */
async function hasAllFiles(sitePackages: string): Promise<boolean> {
  const distributions = await distributionsOf(sitePackages).catch(() => null);
  if (distributions === null) return false;
  for (const { files } of distributions) {
    if (files === null) return false;
    for (const { path, sizeBytes } of files.filter((each) => !each.path.startsWith('..'))) {
      const found = await stat(join(sitePackages, path)).catch(() => null);
      if (found === null || (sizeBytes !== null && found.size !== sizeBytes)) return false;
    }
  }
  return true;
}
