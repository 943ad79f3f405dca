import { randomBytes } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { coerceError, WeftError } from '../shared/errors.ts';
import { parseKeys, type SecretsKey } from './keys.ts';

/**
 * The keys of a file, which is made with a new one where it does not exist: for a server that has its data to itself.
 * @throws WeftError SECRETS_KEY_INVALID
 */
export async function readOrMakeKeyFile(path: string): Promise<SecretsKey[]> {
  return (await readKeyFile(path)) ?? parse(path, await make(path));
}

/** Null where there is no such file. @throws WeftError SECRETS_KEY_INVALID */
export async function readKeyFile(path: string): Promise<SecretsKey[] | null> {
  const text = await read(path);
  return text === null ? null : parse(path, text);
}

/** Where a server has it that has its data to itself. */
export function keyFileIn(dataFolder: string): string {
  return join(dataFolder, 'secrets.key');
}

function parse(path: string, text: string): SecretsKey[] {
  const keys = parseKeys(text);
  if (keys !== null) return keys;
  throw new WeftError(
    'SECRETS_KEY_INVALID',
    `Expected ${path} to hold keys of 32 bytes in base64, got something else. Put the key back; without it the secrets that it sealed are lost.`,
  );
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new WeftError(
      'SECRETS_KEY_INVALID',
      `Expected ${path} to be a file that can be read, but: ${coerceError(error).message}.`,
      { cause: error },
    );
  }
}

/** Written whole before it has its name: of two processes one makes the file, and both read that one. */
async function make(path: string): Promise<string> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return readFile(path, 'utf8');
}
