import { access, constants, realpath } from 'node:fs/promises';
import { coerceError, WeftError } from './errors.ts';
import { makeFolder } from './make-folder.ts';

/**
 * Makes the folder of WEFT_DATA_DIR where it does not exist; returns its path without symlinks.
 *
 * @throws WeftError DATA_FOLDER_NOT_WRITABLE
 */
export async function makeDataFolder(path: string): Promise<string> {
  try {
    await makeFolder(path);
    await access(path, constants.W_OK | constants.X_OK);
    return await realpath(path);
  } catch (error) {
    throw new WeftError(
      'DATA_FOLDER_NOT_WRITABLE',
      `Expected a data folder ${path} that can be written, but: ${coerceError(error).message}. ` +
        'Make it writable, or choose another with WEFT_DATA_DIR.',
      { cause: error },
    );
  }
}
