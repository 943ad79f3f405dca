import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, root, run, say } from './project.mjs';

const sourceFolders = ['server', 'migrations', 'test', 'bench', 'examples'];

/** Each step is run again when one of its inputs (files, or folders in depth) has changed since it last succeeded. */
const steps = [
  {
    name: 'typescript',
    title: 'Compiling TypeScript',
    inputs: [...sourceFolders, 'client-sdk/src', 'tsconfig.json', 'package-lock.json'],
    wanted: /(\.ts|tsconfig\.json|package-lock\.json)$/,
    command: ['node_modules/typescript/bin/tsc', '--noCheck', '-p', '.'], // `npm run check` checks types
    before: removeOrphanedOutput,
  },
  {
    name: 'server',
    title: 'Bundling the server',
    inputs: ['server', 'migrations', 'scripts/build-server.mjs', 'tsconfig.json', 'package-lock.json'],
    wanted: /(\.ts|\.mjs|\.json)$/,
    command: ['scripts/build-server.mjs'],
  },
  {
    name: 'sandbox-python',
    title: "Compiling the sandbox's Python",
    inputs: ['server/sandbox/python', 'scripts/compile-python.mjs'],
    wanted: /\.(py|mjs)$/,
    command: ['scripts/compile-python.mjs'],
  },
  {
    name: 'client-sdk',
    title: 'Compiling the client SDK',
    inputs: ['client-sdk/src', 'client-sdk/tsconfig.json', 'package-lock.json'],
    wanted: /./,
    command: ['node_modules/typescript/bin/tsc', '-p', 'client-sdk'],
    before: () => rmSync(join(root, 'client-sdk/dist'), { recursive: true, force: true }),
  },
  {
    name: 'client-sdk-cli',
    title: 'Compiling the command of the client SDK',
    inputs: [
      'client-sdk/src',
      'client-sdk/tsconfig.json',
      'client-sdk/tsconfig.cli.json',
      'package-lock.json',
    ],
    wanted: /./,
    command: ['node_modules/typescript/bin/tsc', '-p', 'client-sdk/tsconfig.cli.json'],
  },
  {
    name: 'graphiql',
    title: 'Bundling GraphiQL',
    inputs: ['scripts/build-graphiql.mjs', 'server/graphql/graphiql', 'package-lock.json'],
    wanted: /./,
    command: ['scripts/build-graphiql.mjs'],
  },
  {
    name: 'studio',
    title: 'Building the console',
    inputs: [
      'scripts/build-studio.mjs',
      'examples/movies', // a template has its code
      'studio/index.html',
      'studio/isolate-css.ts',
      'studio/package.json',
      'studio/public',
      'studio/src',
      'studio/tsconfig.json',
      'studio/tsconfig.lib.json',
      'studio/vite.config.ts',
      'client-sdk/src',
      'package-lock.json',
    ],
    wanted: /^(?!report\.json$)/, // which `npm run example` writes
    command: ['scripts/build-studio.mjs'],
  },
];

export function buildIsCurrent() {
  return steps.every(isCurrent);
}

export async function build() {
  for (const step of steps) {
    if (isCurrent(step)) continue;
    say(`${step.title} …`);
    const fingerprint = fingerprintOf(step);
    step.before?.();
    const exitCode = await run(pinnedNode, step.command);
    if (exitCode !== 0)
      throw new Error(`${step.title} failed with exit code ${exitCode}; its output is above.`);
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(stampFile(step), fingerprint);
  }
}

function isCurrent(step) {
  return existsSync(stampFile(step)) && readFileSync(stampFile(step), 'utf8') === fingerprintOf(step);
}

function stampFile(step) {
  return join(root, `dist/.built-${step.name}`);
}

/** Names, sizes and times rather than contents: reading every source would cost each start more than the check is worth. */
function fingerprintOf(step) {
  const hash = createHash('sha256');
  for (const input of step.inputs) {
    for (const file of filesIn(input, step.wanted)) {
      const { size, mtimeMs } = statSync(join(root, file));
      hash.update(`${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

/** tsc leaves the output of deleted sources behind, and jest would go on running deleted tests. */
function removeOrphanedOutput() {
  for (const folder of [...sourceFolders, 'client-sdk/src']) {
    for (const file of filesIn(`dist/${folder}`, /\.js(\.map)?$/)) {
      const source = file.replace(/^dist\//, '').replace(/\.js(\.map)?$/, '.ts');
      if (!existsSync(join(root, source))) rmSync(join(root, file));
    }
  }
}

function filesIn(path, wanted) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isFile()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return filesIn(`${path}/${entry.name}`, wanted);
    return wanted.test(entry.name) ? [`${path}/${entry.name}`] : [];
  });
}
