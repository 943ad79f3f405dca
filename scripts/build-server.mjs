// Bundles the server into dist/bundle: main.js (server/bundled.ts), and the one script that it runs. A start loads two
// files instead of 2,400, and has the code that V8 makes of them. Skips the work when nothing that goes in has changed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist/bundle');
const stampFile = join(target, '.built-from');
/** The script's names for what a module has; `__filename` and `__dirname` are given to it. */
const IMPORT_META = `const _importMeta = { url: require('node:url').pathToFileURL(__filename).href, filename: __filename, dirname: __dirname };`;

/** What packages load and Weft never calls: other databases, and the clocks of pg-boss's schedules. By what it exports. */
const NEVER_CALLED = [
  // all but `postgres`; esbuild's patterns cannot look ahead
  [/\/typeorm\/driver\/[a-oq-z][a-z-]+\/(\w+Driver)\.js$/, (match) => match[1]],
  [/\/node_modules\/rrule-temporal\//, () => 'RRuleTemporal'],
  [/\/node_modules\/cron-parser\//, () => 'CronExpressionParser'],
];

/** Large, and loaded by few servers or none: from node_modules, where one is. */
const LOADED_LATE = ['class-validator', '@apollo/usage-reporting-protobuf'];

const stamp = await hashInputs();
if ((await readFile(stampFile, 'utf8').catch(() => '')) !== stamp) {
  const outputs = await buildServer();
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const [name, contents] of outputs) await writeFile(join(target, name), contents);
  await promisify(execFile)(process.execPath, [join(target, 'main.js'), '--keep-code']);
  await writeFile(stampFile, stamp);
}

async function hashInputs() {
  const hash = createHash('sha256');
  for (const folder of ['dist/server', 'dist/migrations']) {
    const names = (await readdir(join(root, folder), { recursive: true })).filter((name) =>
      name.endsWith('.js'),
    );
    for (const name of names.sort()) {
      const { size, mtimeMs } = await stat(join(root, folder, name));
      hash.update(`${folder}/${name} ${size} ${mtimeMs}\n`);
    }
  }
  for (const file of [fileURLToPath(import.meta.url), join(root, 'package-lock.json')])
    hash.update(await readFile(file));
  return hash.digest('hex');
}

async function buildServer() {
  const { build } = await import('esbuild');
  const options = {
    absWorkingDir: root,
    outdir: target,
    bundle: true,
    platform: 'node',
    target: 'node24',
    write: false,
    logLevel: 'warning',
    minifyWhitespace: true, // V8 keeps the text
  };
  const { outputFiles: server } = await build({
    ...options,
    entryPoints: { server: 'dist/server/serve.js' },
    entryNames: '[name]-[hash]',
    format: 'cjs',
    external: [...(await notBundled()), ...LOADED_LATE],
    define: { 'import.meta': '_importMeta' },
    banner: { js: IMPORT_META },
    plugins: [leaveOut(NEVER_CALLED)],
    sourcemap: 'external',
    sourcesContent: false,
    keepNames: true, // of classes: TypeORM and TypeGraphQL use them
    lineLimit: 200, // so that a place in a package can be found
  });
  const script = server.map(({ path }) => basename(path)).find((name) => name.endsWith('.js'));
  const { outputFiles: main } = await build({
    ...options,
    entryPoints: { main: 'dist/server/bundled.js' },
    format: 'esm',
    define: { SERVER_SCRIPT: JSON.stringify(script) },
  });
  const files = [...server, ...main].map(({ path, text }) => [basename(path), asAscii(text)]);
  return Promise.all(
    files.map(async ([name, text]) => [name, name.endsWith('.map') ? await ofWeft(text) : text]),
  );
}

/** So that it can be read as it stands. What esbuild has left are regular expressions of packages. */
function asAscii(text) {
  return text.replace(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Databases that TypeORM could use, and what pg can do without. */
async function notBundled() {
  const typeorm = JSON.parse(await readFile(join(root, 'node_modules/typeorm/package.json'), 'utf8'));
  return Object.keys(typeorm.peerDependencies).filter((name) => name !== 'pg');
}

/** A sixth of the text of packages. */
function leaveOut(parts) {
  return {
    name: 'leave-out',
    setup({ onLoad }) {
      for (const [filter, nameOf] of parts)
        onLoad({ filter }, ({ path }) => ({ contents: `export class ${nameOf(filter.exec(path))} {}` }));
    },
  };
}

/** Without its places in packages, which are found without it, and are five times as many as Weft's own. */
async function ofWeft(map) {
  const { decode, encode } = await import('@jridgewell/sourcemap-codec');
  const { sources, mappings, ...others } = JSON.parse(map);
  const isOwn = sources.map((source) => !source.includes('/node_modules/'));
  let wasOwn = false;
  /** Where a package begins, a place without a source: else it would count as what is before it. */
  const shorten = ([column, source, ...place]) => {
    const [before, now] = [wasOwn, isOwn[source] === true];
    wasOwn = now;
    if (now) return [[column, source, ...place]];
    return before ? [[column]] : [];
  };
  const own = decode(mappings).map((line) => line.flatMap(shorten));
  return JSON.stringify({ ...others, sources, mappings: encode(own) });
}
