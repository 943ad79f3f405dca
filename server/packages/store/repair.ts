import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { distributionsOf } from '../site-packages.ts';
import type { Store } from './store.ts';

/** Removes environments that are not whole (a power cut, a meddling hand), so that their next run builds them anew. */
export async function repair(store: Store): Promise<string[]> {
  const { environments } = store.layout;
  const damaged: string[] = [];
  for (const id of await readdir(environments)) {
    const environment = await store.get(id);
    const isWhole =
      environment !== null &&
      (await hasAllFiles(join(environment.folder, environment.manifest.sitePackages)));
    if (isWhole) continue;
    await store.discard(join(environments, id));
    damaged.push(id);
  }
  return damaged;
}

/** Every wheel records what it brought, most with the sizes (PEP 376). */
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
