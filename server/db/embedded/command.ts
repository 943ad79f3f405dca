import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** For every process of Postgres: none of Weft's environment, which may hold tokens, and no folder held. */
export const spawnOptions = {
  env: { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  cwd: '/',
};

/** Runs a command to its end; resolves with what it complained of, or undefined when it ended well. */
export async function complaintOf([file, ...args]: readonly string[]): Promise<string | undefined> {
  try {
    await run(file!, args, spawnOptions);
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return (stderr || message).trim();
  }
}

const run = promisify(execFile);
