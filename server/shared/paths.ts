import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the checkout, whether this code runs from the sources or from dist/. */
export const projectRoot: string = findProjectRoot(import.meta.dirname);

function findProjectRoot(start: string): string {
  for (let dir = start; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package-lock.json'))) return dir;
    if (dir === dirname(dir))
      throw new Error(`No package-lock.json above ${start}: is this a whole checkout of Weft?`);
  }
}
