import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process-table.ts';

const NAME = /^weft-run-(\d+)-/;

/**
 * A folder for this process's sockets. Its path is short, because a Unix socket's may have no more than 107
 * bytes. Folders of processes that were killed before they could remove theirs are removed here.
 */
export async function makeRunFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const pid = NAME.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      // One that belongs to somebody else is theirs to remove.
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
    }
  }
  return mkdtemp(join(tmpdir(), `weft-run-${process.pid}-`));
}
