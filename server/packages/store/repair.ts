import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
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
  const names = await readdir(sitePackages).catch(() => null);
  if (names === null) return false;
  for (const name of names.filter((each) => each.endsWith('.dist-info'))) {
    const record = await readFile(join(sitePackages, name, 'RECORD'), 'utf8').catch(() => null);
    if (record === null) return false;
    for (const line of record.split('\n')) {
      const [, path, size] = /^([^",]+),[^,]*,(\d*)\s*$/.exec(line) ?? [];
      if (path === undefined || path.startsWith('..')) continue;
      const found = await stat(join(sitePackages, path)).catch(() => null);
      if (found === null || (size !== '' && found.size !== Number(size))) return false;
    }
  }
  return true;
}
