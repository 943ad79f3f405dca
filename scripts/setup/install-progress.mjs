import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.mjs';

/**
 * Shows how far `npm ci` is, by the packages that are in node_modules: on a terminal in one line that is rewritten each
 * second, elsewhere in a new line every ten seconds.
 */
export function showInstallProgress({ folder = root, stream = process.stderr, everyMs } = {}) {
  const packages = packagesOf(folder);
  const startedAt = performance.now();
  const show = () => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const installed = packages.filter((path) => existsSync(join(folder, path, 'package.json'))).length;
    const text = `  ${installed} of ${packages.length} packages after ${seconds} s`;
    stream.write(stream.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  };
  const timer = setInterval(show, everyMs ?? (stream.isTTY ? 1_000 : 10_000));
  return {
    stop() {
      clearInterval(timer);
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}

/** The folders that `npm ci` fills on this platform. */
function packagesOf(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).flatMap(([path, { link, os, cpu }]) => {
    const isForHere = (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true);
    return path.includes('node_modules/') && !link && isForHere ? [path] : [];
  });
}
