import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { normalizeName } from './requirement.ts';

export interface Contents {
  /** Import names by the normalised name of the distribution. */
  modules: Map<string, string[]>;
  sizeBytes: number;
}

/** What an installer left in a site-packages folder, by the records that every wheel brings (PEP 376). */
export async function contentsOf(sitePackages: string): Promise<Contents> {
  const folders = (await readdir(sitePackages)).filter((name) => name.endsWith('.dist-info'));
  const records = await Promise.all(
    folders.map(async (folder) => {
      const files = pathsOf(await readFile(join(sitePackages, folder, 'RECORD'), 'utf8').catch(() => ''));
      return { name: normalizeName(folder.slice(0, folder.indexOf('-'))), files };
    }),
  );
  return {
    modules: new Map(records.map(({ name, files }) => [name, importNames(files)])),
    sizeBytes: await sizeOf(sitePackages),
  };
}

/** The first column of a CSV whose paths are quoted where they hold a comma. */
function pathsOf(record: string): string[] {
  return record
    .split('\n')
    .flatMap((line) => /^(?:"((?:[^"]|"")*)"|([^,]+)),/.exec(line)?.slice(1).find(Boolean) ?? []);
}

/** Packages and modules at the top, without the private ones and those that only tests import. */
function importNames(files: readonly string[]): string[] {
  const names = files.flatMap((file) => {
    const [top, ...rest] = file.split('/');
    if (rest.length > 0) return /\.(py|so|abi3\.so)$/.test(file) ? [top!] : [];
    return /^(\w+)(?:\.[\w.-]+)?\.(?:py|so)$/.exec(top!)?.slice(1, 2) ?? [];
  });
  return [...new Set(names)]
    .filter((name) => /^[A-Za-z]\w*$/.test(name) && !/^(tests?|docs?|examples?)$/.test(name))
    .sort();
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? await sizeOf(path) : (await stat(path)).size;
  }
  return bytes;
}
