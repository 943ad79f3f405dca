import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { PackageError } from './errors.ts';
import { readForeignFile } from './read-foreign-file.ts';
import { normalizeName } from './requirement.ts';

export interface LockedPackage {
  name: string;
  version: string;
}

/** A thousand packages with all their hashes have less than 4 MiB. */
const MAX_LOCK_BYTES = 4 * 1024 * 1024;

/** Throws PackageError where it is not a lock. */
export async function readLockFile(path: string): Promise<string> {
  const lock = await readForeignFile(path, MAX_LOCK_BYTES);
  if (lock === null) throw new PackageError(`Expected the installer to write ${path}, and it is not a file`);
  return lock;
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

/** By what the kernel has loaded for this process: `process.report` takes a fifth of a second of every start. */
function libc(): string {
  try {
    return /\/ld-linux[^/]*$/m.test(readFileSync('/proc/self/maps', 'utf8')) ? 'glibc' : 'other';
  } catch {
    return 'other'; // no Linux
  }
}

function hash(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
