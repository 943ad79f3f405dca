import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';

/** The code blocks of a page below docs/sdk, in order, with the address in them replaced by that of a server. */
export async function blocksOf(page: string, url: string): Promise<{ language: string; code: string }[]> {
  const text = await readFile(join(projectRoot, 'docs/sdk', page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language: language!,
    code: code!.replaceAll('http://127.0.0.1:4000', url),
  }));
}
