import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeftError } from '../../shared/errors.ts';
import { processStart } from '../../shared/process-table.ts';

const claimName = /^weft-(\d+)-(\d+)\.claim$/;

/**
 * Reserves the data folder for this process until disposed. A claim is a file named after the pid and start time of its
 * process: each process writes its own file, then looks for the files of others. So no lock file of an ended process
 * has to be replaced, which is where two processes could both succeed. At worst, two processes that start at once both
 * refuse.
 *
 * @throws WeftError DATA_FOLDER_IN_USE
 */
export async function claimFolder(folder: string): Promise<AsyncDisposable> {
  const ownName = `weft-${process.pid}-${await processStart(process.pid)}.claim`;
  const ownFile = join(folder, ownName);
  await writeFile(ownFile, '', { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? inUse(folder, process.pid) : error;
  });
  const release = () => rm(ownFile, { force: true });
  try {
    await refuseIfClaimed(folder, ownName);
  } catch (error) {
    await release();
    throw error;
  }
  return { [Symbol.asyncDispose]: release };
}

async function refuseIfClaimed(folder: string, ownName: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid, start] = claimName.exec(name) ?? [];
    if (pid === undefined || name === ownName) continue;
    if ((await processStart(Number(pid))) === start) throw inUse(folder, Number(pid));
    await rm(join(folder, name), { force: true });
  }
}

function inUse(folder: string, pid: number): WeftError {
  return new WeftError(
    'DATA_FOLDER_IN_USE',
    `Another Weft server (pid ${pid}) uses the data folder ${folder}. Stop it, or give this one a folder of its own ` +
      'with WEFT_DATA_DIR, or let both share one Postgres with DATABASE_URL.',
  );
}
