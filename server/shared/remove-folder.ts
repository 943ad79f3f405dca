import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Removes a folder and what is in it. Never follows a symlink, even where another process swaps one in meanwhile: every
 * folder is opened without following, and its entries are reached through the open folder. (`rm` of Node goes by paths:
 * between its look at a folder and its next step the folder may have become a symlink to somewhere else.)
 *
 * A file or a symlink at the path is removed as well, except with `isOurs`, which is called with the open folder and
 * decides whether anything is removed.
 */
export async function removeFolder(
  path: string,
  isOurs?: (folder: FileHandle) => Promise<boolean>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (await removeEntries(path, isOurs)) await rmdir(path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code === 'ENOTDIR' || code === 'ELOOP')
        return isOurs === undefined ? unlink(path).catch(unlessMissing) : undefined;
      // A process that is about to end may still write to the folder.
      if (!isBusy(code) || attempt === MAX_ATTEMPTS) throw error;
      await delay(attempt * PAUSE_MS);
    }
  }
}

const MAX_ATTEMPTS = 6;
/** In 0.3 s a process that was killed has ended, on a busy machine too. */
const PAUSE_MS = 20;

/** Removes the entries of a folder; false where the folder is not ours. */
async function removeEntries(
  path: string,
  isOurs?: (folder: FileHandle) => Promise<boolean>,
): Promise<boolean> {
  await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  if (isOurs !== undefined && !(await isOurs(folder))) return false;
  // The open folder itself, wherever its path leads by now.
  const inside = `/proc/self/fd/${folder.fd}`;
  const entries = await readdir(inside, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  const others = entries.filter((entry) => !entry.isDirectory());
  await Promise.all(others.map(({ name }) => unlink(join(inside, name)).catch(unlessMissing)));
  // One at a time: each level holds a descriptor.
  for (const { name } of folders) await removeFolder(join(inside, name));
  return true;
}

function isBusy(code: string | undefined): boolean {
  return code === 'ENOTEMPTY' || code === 'EISDIR';
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
