import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { HOME, INSTALL_UID } from './room.ts';

/** Where the server is root, rooms have another user. */
const isRoot = process.getuid?.() === 0;

/** Makes the user of rooms the owner of files and folders that root has just made. */
export async function giveToRoom(...paths: string[]): Promise<void> {
  if (isRoot) await Promise.all(paths.map((path) => chown(path, INSTALL_UID, INSTALL_UID)));
}

/**
 * Makes a folder in which rooms may write. What a server before this version left there belongs to root. What makes room
 * on the disk may remove the folder at the same moment (store/garbage-collect.ts): it is made again then.
 */
export async function makeRoomFolder(path: string, triesLeft = 5): Promise<void> {
  await mkdir(path, { recursive: true });
  try {
    await giveTreeToRoom(path);
  } catch (error) {
    const isGone = (await stat(path).catch(() => null)) === null;
    if (!isGone || triesLeft === 0) throw error;
    await makeRoomFolder(path, triesLeft - 1);
  }
}

/** Makes the user of rooms the owner of a folder of root and of what is in it; follows no symlinks. */
export async function giveTreeToRoom(path: string): Promise<void> {
  if (isRoot && (await stat(path)).uid === 0)
    await execa('chown', ['-R', '-h', `${INSTALL_UID}:${INSTALL_UID}`, '--', path]);
}

/** Makes a folder that rooms may read, whatever the umask of the server is. The folders above it may be closed. */
export async function openToRoom(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  if (isRoot) await chmod(path, 0o755);
}

/**
 * The files that a room sees under other paths, as pairs of the path in the room and on the host. Root can read files
 * that the user of the room cannot (a key, a configuration with a password): those are copied into the folder of the
 * build, from which they are removed at its end.
 */
export async function readableInRoom(
  pairs: readonly (readonly [string, string])[],
  folder: string,
): Promise<Record<string, string>> {
  const found = await Promise.all(
    pairs.map(async ([name, from]) => {
      const there = name.startsWith('/') ? name : join(HOME, name);
      const file = await stat(from).catch(() => null);
      if (file === null || !file.isFile()) return [];
      const isPrivate = isRoot && (file.mode & 0o004) === 0;
      if (!isPrivate) return name === from ? [] : [[there, from] as const];
      return [[there, await copyForRoom(from, join(folder, 'tmp'))] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

/** Under a new name and by its descriptor: code that a build from source runs may put symlinks into the folder. */
async function copyForRoom(from: string, folder: string): Promise<string> {
  const path = join(folder, `copy-${randomUUID()}`);
  await using copy = await open(path, 'wx', 0o400);
  await copy.writeFile(await readFile(from));
  await copy.chown(INSTALL_UID, INSTALL_UID);
  return path;
}
