import { createHash } from 'node:crypto';
import { arch, platform } from 'node:os';
import { normalizeName } from './requirement.ts';

export interface LockedPackage {
  name: string;
  version: string;
}

/** What a lock installs, as `uv pip compile --generate-hashes` writes it. */
export function readLock(lock: string): LockedPackage[] {
  return [...lock.matchAll(/^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)/gm)].map(([, name, version]) => ({
    name: normalizeName(name!),
    version: version!,
  }));
}

/** The same packages with the same hashes, on the same platform and what else `circumstances` tell: the same environment. */
export function environmentId(lock: string, circumstances: readonly unknown[]): string {
  const lines = lock.split('\n').map((line) => line.replace(/\\$/, '').trim());
  return `env_${hash([...circumstances, hostPlatform, ...lines.filter((line) => line !== '')])}`;
}

/** By what was asked for, where, and for which Python. */
export function askedKey(requirements: readonly string[], circumstances: readonly unknown[]): string {
  return hash([hostPlatform, ...circumstances, requirements]);
}

/** Wheels are for one libc: those for glibc do not load under musl. */
export const hostPlatform = `${platform()}-${arch()}-${libc()}`;

function libc(): string {
  Object.assign(process.report, { excludeNetwork: true }); // else it asks DNS for every socket
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'other' : 'glibc';
}

function hash(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
