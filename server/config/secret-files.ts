import { readFileSync } from 'node:fs';
import { coerceError, WeftError } from '../shared/errors.ts';
import { secretSettings } from './settings.ts';

/**
 * The variables, with the content of each `<NAME>_FILE` as the value of `<NAME>`. @throws WeftError INVALID_SETTINGS
 */
export function readSecretFiles(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = secretSettings.flatMap((name) => {
    const file = variables[`${name}_FILE`];
    return file === undefined ? [] : [[name, readSecret(`${name}_FILE`, file)]];
  });
  return { ...variables, ...Object.fromEntries(read) };
}

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new WeftError(
      'INVALID_SETTINGS',
      `Expected ${name}=${file} to be a file that can be read, but: ${coerceError(error).message}.`,
    );
  }
}
