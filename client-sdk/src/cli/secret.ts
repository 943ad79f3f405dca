import { text } from 'node:stream/consumers';
import { WeftError } from '../errors.ts';
import { makeSecrets } from '../secrets.ts';
import { openServer, type ServerOptions } from './server.ts';

/**
 * Sets a secret to what the standard input has, without the line end at its end: an argument would be in the shell's
 * history and in the list of processes. @returns the last line @throws WeftError
 */
export async function setSecret(options: ServerOptions, name: string): Promise<string> {
  if (process.stdin.isTTY)
    throw new WeftError(
      'USAGE',
      `Expected the value on the standard input, as in: weft-client secret set ${name} < file`,
    );
  const value = (await text(process.stdin)).replace(/\r?\n$/, '');
  await makeSecrets(openServer(options)).set(name, value);
  return `The secret ${name} is set.`;
}
