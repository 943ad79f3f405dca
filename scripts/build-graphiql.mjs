// Builds the GraphiQL page into dist/graphiql. Skips the work when nothing that goes in has changed.
//
// The page loads nothing from outside: scripts, styles, fonts and workers are all in the folder, each under a name
// with a hash of its content.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'server/graphql/graphiql');
const target = join(root, 'dist/graphiql');
const stampFile = join(target, '.built-from');

const stamp = await hashInputs();
if ((await readFile(stampFile, 'utf8').catch(() => '')) !== stamp) {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const workerUrls = await buildWorkers();
  await writePage(await buildPage(workerUrls));
  await writeFile(stampFile, stamp);
}

async function hashInputs() {
  const names = (await readdir(source)).map((name) => join(source, name)).sort();
  const hash = createHash('sha256');
  for (const name of [fileURLToPath(import.meta.url), join(root, 'package-lock.json'), ...names]) {
    hash.update(await readFile(name));
  }
  return hash.digest('hex');
}

async function buildWorkers() {
  const workers = {
    editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
    json: 'monaco-editor/esm/vs/language/json/json.worker.js',
    graphql: 'monaco-graphql/esm/graphql.worker.js',
  };
  const { metafile } = await bundle({ entryPoints: workers, splitting: false });
  const urls = outputs(metafile).map(([url, { entryPoint }]) => [
    Object.keys(workers).find((label) => entryPoint?.endsWith(workers[label])),
    url,
  ]);
  return Object.fromEntries(urls);
}

async function buildPage(workerUrls) {
  const { metafile } = await bundle({
    entryPoints: { main: join(source, 'main.jsx') },
    splitting: true,
    define: { 'process.env.NODE_ENV': '"production"', WORKER_URLS: JSON.stringify(workerUrls) },
  });
  const [url, { cssBundle }] = outputs(metafile).find(([, { entryPoint }]) =>
    entryPoint?.endsWith('main.jsx'),
  );
  return { script: url, style: urlOf(cssBundle) };
}

function bundle(options) {
  return build({
    absWorkingDir: root,
    outdir: target,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: '/graphiql',
    loader: { '.ttf': 'file', '.graphql': 'text' },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    ...options,
  });
}

function outputs(metafile) {
  return Object.entries(metafile.outputs).map(([file, output]) => [urlOf(file), output]);
}

function urlOf(file) {
  return `/graphiql/${relative(target, join(root, file))}`;
}

async function writePage({ script, style }) {
  const page = await readFile(join(source, 'index.html'), 'utf8');
  await writeFile(join(target, 'index.html'), page.replace('%SCRIPT%', script).replace('%STYLE%', style));
}
