import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/project.mjs';

/**
 * `node scripts/complete-lock.mjs`, after `npm install <package>`: where the registry lacks a package's build for some
 * platform, npm omits that build from package-lock.json, and `npm ci` then rejects the file on every machine. This adds
 * such builds by version and platform. They have no integrity hash, which only those platforms would use.
 */
const lockFile = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(lockFile, 'utf8'));
const { '': project, ...packages } = lock.packages;

for (const { dev, optionalDependencies = {} } of Object.values(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const isLocked = Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`));
    const platform = platformOf(name);
    if (!isLocked && platform !== undefined)
      packages[`node_modules/${name}`] = { version, dev, optional: true, ...platform };
  }
}
const byPath = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(
  lockFile,
  `${JSON.stringify({ ...lock, packages: { '': project, ...Object.fromEntries(byPath) } }, null, 2)}\n`,
);

/** Packages of this kind are all called `<name>-<os>-<cpu>[-<libc>]`. */
function platformOf(name) {
  const [, os, cpu, abi = ''] =
    /(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)-?(\w*)$/.exec(name) ?? [];
  if (os === undefined) return undefined;
  const libc = abi.startsWith('musl') ? ['musl'] : abi.startsWith('gnu') ? ['glibc'] : undefined;
  return { cpu: [cpu], os: [os], ...(libc && { libc }) };
}
