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
await writePreloads(join(studio, 'dist/app'));
await compressAll(join(studio, 'dist/app'));
await build({ root: studio, mode: 'lib', logLevel: 'warn' });
process.exitCode = await run(pinnedNode, [
  'node_modules/typescript/bin/tsc',
  '-p',
  'studio/tsconfig.lib.json',
]);

/**
 * What each page needs beside the entry: its chunk, what that imports, and their styles. The server names them in the head
 * of the page, so that they are loaded beside the entry and not after it has run: a round trip less.
 */
async function writePreloads(app) {
  const manifest = JSON.parse(await readFile(join(app, '.vite/manifest.json'), 'utf8'));
  const routes = await readFile(join(studio, 'src/app/routes.ts'), 'utf8');
  const pages = [...routes.matchAll(/path: '(.+)', Page: lazy\(\(\) => import\('\.\/(.+)'\)\)/g)];
  if (pages.length === 0) throw new Error('Expected pages in studio/src/app/routes.ts, found none');
  const preloads = pages.map(([, path, module]) => ({
    path,
    links: [...filesOf(`src/app/${module}`, manifest)].map(linkTo).join(''),
  }));
  await writeFile(join(app, '.vite/preloads.json'), JSON.stringify(preloads));
}

function filesOf(name, manifest, files = new Set()) {
  const { file, css = [], imports = [] } = manifest[name];
  if (name === 'index.html' || files.has(file)) return files;
  for (const each of [file, ...css]) files.add(each);
  for (const each of imports) filesOf(each, manifest, files);
  return files;
}

function linkTo(file) {
  const rel = file.endsWith('.css') ? 'preload" as="style' : 'modulepreload';
  return `<link rel="${rel}" crossorigin href="/${file}">`;
}

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
