import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';

const bundle = join(projectRoot, 'dist/bundle');

/** The file, and what it imports at once. */
async function loadedBy(name: string, found = new Map<string, string>()): Promise<Map<string, string>> {
  if (found.has(name)) return found;
  const text = await readFile(join(bundle, name), 'utf8');
  found.set(name, text);
  for (const [, imported] of text.matchAll(/(?:from|import) ?"\.\/([^"]+)"/g))
    await loadedBy(imported!, found);
  return found;
}

/** Such a character doubles what its file takes of the server's memory. An escape is as good. */
test('what a server loads at its start has no character that is not Latin-1', async () => {
  const files = await loadedBy('serve.js');
  expect(files.size).toBeGreaterThan(2);
  for (const [name, text] of files)
    expect([name, text.match(/[\u0100-\u{10ffff}]/u)?.[0]]).toEqual([name, undefined]);
});
