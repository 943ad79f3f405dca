import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

/** A Node of that major version on the PATH, if there is one. */
export function findNode(major: number): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((program) => {
      const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
      return stdout?.startsWith(`v${major}.`);
    });
}
