import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root, say } from './project.mjs';

const lockFile = join(root, 'dist/.setup.lock');

/** Two starts at once must not run `npm ci` into each other: the second waits for the first. */
export async function withSetUpLock(work) {
  await acquire();
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

async function acquire() {
  mkdirSync(dirname(lockFile), { recursive: true });
  for (let isReported = false; !tryToAcquire(); await delay(200)) {
    if (!isReported) say('Another set-up of this checkout is running; waiting for it …');
    isReported = true;
  }
}

function tryToAcquire() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!holderIsAlive()) rmSync(lockFile, { force: true });
    return false;
  }
}

function holderIsAlive() {
  try {
    const pid = Number(readFileSync(lockFile, 'utf8'));
    if (pid === 0) return true; // created this instant, not written yet
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
