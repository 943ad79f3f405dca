import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { coerceError } from '../shared/errors.ts';
import type { ContentStore } from './content-store.ts';
import { FileError } from './file-error.ts';

/** Content as files of a folder, which all replicas must share. A file has its name when it is whole. */
export function makeFolderStore(folder: string): ContentStore {
  // Spread over 256 folders by the end of the key, which is random.
  const pathOf = (key: string) => join(folder, key.slice(-2), key);
  return {
    async write(key, content) {
      const path = pathOf(key);
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeWhole(`${path}${UNFINISHED}`, content);
        await rename(`${path}${UNFINISHED}`, path);
      } catch (error) {
        throw isOfFolder(error) ? storeError('written', folder, error) : error;
      }
    },
    async *read(key) {
      try {
        yield* createReadStream(pathOf(key), { highWaterMark: 256 * 1024 });
      } catch (error) {
        throw storeError('read', folder, error);
      }
    },
    async delete(key) {
      await rm(pathOf(key), { force: true });
      await rm(`${pathOf(key)}${UNFINISHED}`, { force: true });
    },
  };
}

const UNFINISHED = '.part';

async function writeWhole(path: string, content: AsyncIterable<Buffer>): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    // The row that says where the content is must not outlive the content.
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** An error of the file system, and not of where the content comes from. */
function isOfFolder(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string' && 'errno' in (error as object);
}

function storeError(verb: string, folder: string, cause: unknown): FileError {
  const message = `A file could not be ${verb} in ${folder} (WEFT_FILES_URL): ${coerceError(cause).message}.`;
  return new FileError('FILE_STORE_ERROR', message, { cause });
}
