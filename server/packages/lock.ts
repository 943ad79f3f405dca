import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { PackageError } from './errors.ts';
import { normalizeName } from './requirement.ts';

export interface LockedPackage {
  name: string;
  version: string;
}

/** A thousand packages with all their hashes have less than 4 MiB. */
const MAX_LOCK_BYTES = 4 * 1024 * 1024;

/** Throws PackageError for a lock that is too long to be one. */
export async function readLockFile(path: string): Promise<string> {
  if ((await stat(path)).size > MAX_LOCK_BYTES)
    throw new PackageError('Expected the packages and their hashes to have at most 4 MiB');
  return readFile(path, 'utf8');
}

/** The packages of a lock in the form of `uv pip compile --generate-hashes`. */
export function readLock(lock: string): LockedPackage[] {
  return lock.split('\n').flatMap((line) => {
    const [, name, version] = /^([A-Za-z0-9._-]{1,500})(?:\[[^\]]{0,5000}\])?==([^\s;\\]+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ name: normalizeName(name), version: version! }];
  });
}

/** The same packages and hashes on the same platform with the same `circumstances` have the same id. */
export function environmentId(lock: string, circumstances: readonly unknown[]): string {
  const lines = lock.split('\n').map((line) => line.replace(/\\$/, '').trim());
  return `env_${hash([...circumstances, hostPlatform, ...lines.filter((line) => line !== '')])}`;
}

/**
 * Identifies a request: its requirements, the platform and the `circumstances` (the Python, where packages come from).
 */
export function requestKey(requirements: readonly string[], circumstances: readonly unknown[]): string {
  return hash([hostPlatform, ...circumstances, requirements]);
}

/** Includes the libc, because a wheel for glibc does not load under musl. */
export const hostPlatform = `${platform()}-${arch()}-${libc()}`;

function libc(): string {
  Object.assign(process.report, { excludeNetwork: true }); // otherwise the report resolves the address of every socket by DNS
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'other' : 'glibc';
}

function hash(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
