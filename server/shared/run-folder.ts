import { accessSync, constants } from 'node:fs';
import { type FileHandle, mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process-table.ts';
import { removeFolder } from './remove-folder.ts';

const NAME = /^weft-run-(\d+)-(\d+)-/;
const SHARED_MEMORY = '/dev/shm';

/**
 * A folder for the sockets and pipes of this process, in memory where the host has such a folder: on a disk the names of
 * two pipes for each cell take the kernel a twelfth of the CPU that cells take, because ext4 passes over inodes that
 * were freed lately (a profile of forty nodes, run after run). Its path is short, because the path of a Unix socket has
 * at most 107 bytes.
 *
 * Also removes the folders of processes that were killed. A process of another container may see this folder and not
 * this process, so the name says in which namespace the number of the process counts. Every user of the host can write
 * here, so a name proves nothing: a folder is ours if it belongs to our user and nobody else can enter it.
 */
export async function makeRunFolder(parent = runFolderParent()): Promise<string> {
  const namespace = await processNamespace();
  for (const name of await readdir(parent)) {
    const [, pid, itsNamespace] = NAME.exec(name) ?? [];
    if (pid === undefined || Number(itsNamespace) !== namespace || isAlive(Number(pid))) continue;
    // What cannot be removed stays: it is not ours, or another process removes it just now.
    await removeFolder(join(parent, name), isOurs).catch(() => {});
  }
  return mkdtemp(join(parent, `weft-run-${process.pid}-${namespace}-`));
}

/** 0 on a host without namespaces, which has one for all. */
async function processNamespace(): Promise<number> {
  return stat('/proc/self/ns/pid').then(
    ({ ino }) => ino,
    () => 0,
  );
}

async function isOurs(folder: FileHandle): Promise<boolean> {
  const { uid, mode } = await folder.stat();
  return uid === process.geteuid?.() && (mode & 0o077) === 0;
}

export function runFolderParent(): string {
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
    return SHARED_MEMORY;
  } catch {
    return tmpdir();
  }
}
