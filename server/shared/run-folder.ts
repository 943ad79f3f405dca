import { type FileHandle, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process-table.ts';
import { removeFolder } from './remove-folder.ts';

const NAME = /^weft-run-(\d+)-/;

/**
 * A folder for the sockets of this process. Its path is short, because the path of a Unix socket has at most 107 bytes.
 * Also removes the folders of processes that were killed. Every user of the host can write to the folder of temporary
 * files, so a name there proves nothing: a folder is ours if it belongs to our user and nobody else can enter it.
 */
export async function makeRunFolder(parent = tmpdir()): Promise<string> {
  for (const name of await readdir(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // What cannot be removed stays: it is not ours, or another process removes it just now.
    await removeFolder(join(parent, name), isOurs).catch(() => {});
  }
  return mkdtemp(join(parent, `weft-run-${process.pid}-`));
}

async function isOurs(folder: FileHandle): Promise<boolean> {
  const { uid, mode } = await folder.stat();
  return uid === process.geteuid?.() && (mode & 0o077) === 0;
}
