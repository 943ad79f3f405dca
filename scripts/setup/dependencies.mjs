import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { showInstallProgress } from './install-progress.mjs';
import { root, run, say } from './project.mjs';

const lockFile = join(root, 'package-lock.json');
const stampFile = join(root, 'node_modules/.weft-installed');
/** npm writes this one last, so its age shows whether an install by hand came after the lock's last change. */
const npmsOwnStamp = join(root, 'node_modules/.package-lock.json');

export function dependenciesAreInstalled() {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash()) return true;
  return existsSync(npmsOwnStamp) && statSync(npmsOwnStamp).mtimeMs >= statSync(lockFile).mtimeMs;
}

export async function installDependencies() {
  say('Installing dependencies (npm ci) …');
  const progress = showInstallProgress();
  const exitCode = await run('npm', ['ci', '--no-progress', '--loglevel=error']).finally(progress.stop);
  if (exitCode !== 0)
    throw new Error(
      `npm ci failed with exit code ${exitCode}; its output is above. Mend what it names and run this again.`,
    );
  writeFileSync(stampFile, lockHash());
}

function lockHash() {
  return createHash('sha256').update(readFileSync(lockFile)).digest('hex');
}
