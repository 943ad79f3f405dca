import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { PackageError } from './errors.ts';

/**
 * The text of a file in a folder that foreign code could write to: never what a symlink leads to, never a pipe that
 * nobody writes to. Null where there is no such file. Throws PackageError for one that is longer than `maxBytes`.
 */
export async function readForeignFile(path: string, maxBytes: number): Promise<string | null> {
  const opened = await open(path, READ_ONLY).catch(() => null);
  if (opened === null) return null;
  await using file = opened;
  const found = await file.stat();
  if (!found.isFile()) return null;
  if (found.size > maxBytes)
    throw new PackageError(`Expected ${path} to have at most ${maxBytes} bytes, got ${found.size}`);
  return file.readFile('utf8');
}

const READ_ONLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
