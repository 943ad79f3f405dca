import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * For every process of Postgres: without the environment of Weft, which may contain secrets, and outside its folder.
 */
export const spawnOptions = {
  env: { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  cwd: '/',
};

/** Runs a command to its end; resolves with its error output where it failed, else with undefined. */
export async function failureOf([file, ...args]: readonly string[]): Promise<string | undefined> {
  try {
    await run(file!, args, spawnOptions);
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return (stderr || message).trim();
  }
}

const run = promisify(execFile);
