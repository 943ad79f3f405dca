// Builds the console into studio/dist/app, with each file compressed for those who can read it so, and the package
// @weft/studio into studio/dist/lib.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'vite';
import { pinnedNode, root, run } from './setup/project.mjs';

const studio = join(root, 'studio');
await rm(join(studio, 'dist'), { recursive: true, force: true });
await build({ root: studio, logLevel: 'warn' });
await compressAll(join(studio, 'dist/app'));
await build({ root: studio, mode: 'lib', logLevel: 'warn' });
process.exitCode = await run(pinnedNode, [
  'node_modules/typescript/bin/tsc',
  '-p',
  'studio/tsconfig.lib.json',
]);

/** At its best, once, so that no request costs any. Fonts are compressed already, and the page changes as it is sent. */
async function compressAll(folder) {
  const names = await readdir(folder, { recursive: true });
  await Promise.all(
    names.filter((name) => /\.(js|css|svg)$/.test(name)).map((name) => compress(join(folder, name))),
  );
}

async function compress(file) {
  const content = await readFile(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
}
