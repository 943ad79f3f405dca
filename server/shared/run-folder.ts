import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process-table.ts';

const NAME = /^weft-run-(\d+)-/;

/**
 * A folder for the sockets of this process. Its path is short, because the path of a Unix socket has at most 107 bytes.
 * Also removes the folders of processes that were killed.
 */
export async function makeRunFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const pid = NAME.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      // A folder of another user cannot be removed, and that user's own Weft removes it.
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
    }
  }
  return mkdtemp(join(tmpdir(), `weft-run-${process.pid}-`));
}
