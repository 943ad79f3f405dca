import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { normalizeName } from './requirement.ts';

export interface Contents {
  /** Import names by the normalised name of the distribution. */
  modules: Map<string, string[]>;
  sizeBytes: number;
}

/**
 * What an installer left in a site-packages folder, by the records that every wheel brings (PEP 376): to ask the disk
 * for the sizes of pandas' 2,000 files takes 0.3 s, which is a third of what installing them does.
 */
export async function contentsOf(sitePackages: string): Promise<Contents> {
  const distributions = (await distributionsOf(sitePackages)).map(({ name, files }) => ({
    name: normalizeName(name),
    files: (files ?? []).filter(({ path }) => !path.startsWith('..')),
  }));
  const sizes = distributions.flatMap(({ files }) =>
    files.map(({ path, sizeBytes }) => sizeBytes ?? sizeOfFile(join(sitePackages, path))),
  );
  return {
    modules: new Map(
      distributions.map(({ name, files }) => [name, importNames(files.map(({ path }) => path))]),
    ),
    sizeBytes: sum(await Promise.all(sizes)),
  };
}

export interface Distribution {
  name: string;
  /** Null where it has no record. */
  files: { path: string; sizeBytes: number | null }[] | null;
}

export async function distributionsOf(sitePackages: string): Promise<Distribution[]> {
  const folders = (await readdir(sitePackages)).filter((name) => name.endsWith('.dist-info'));
  return Promise.all(
    folders.map(async (folder) => {
      const record = await readFile(join(sitePackages, folder, 'RECORD'), 'utf8').catch(() => null);
      return { name: folder.slice(0, folder.indexOf('-')), files: record === null ? null : filesOf(record) };
    }),
  );
}

/** Of everything in a folder, as the disk has it. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sizes = entries.map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sizeOf(path) : sizeOfFile(path);
  });
  return sum(await Promise.all(sizes));
}

/** A CSV of path, hash and size, whose paths are quoted where they hold a comma; most tell the size. */
function filesOf(record: string): NonNullable<Distribution['files']> {
  return record.split('\n').flatMap((line) => {
    const [, quoted, plain, size] = /^(?:"((?:[^"]|"")*)"|([^",]+)),[^,]*,(\d*)\s*$/.exec(line) ?? [];
    const path = quoted ?? plain;
    return path === undefined ? [] : [{ path, sizeBytes: size ? Number(size) : null }];
  });
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

async function sizeOfFile(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
