import { access, constants, mkdir, realpath } from 'node:fs/promises';
import { coerceError, WeftError } from './errors.ts';

/** Makes the folder of WEFT_DATA_DIR if need be; gives its path without links. @throws WeftError DATA_FOLDER_NOT_WRITABLE */
export async function makeDataFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true });
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
