import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './setup/build.mjs';
import { dependenciesAreInstalled, installDependencies } from './setup/dependencies.mjs';
import { withSetUpLock } from './setup/lock.mjs';
import { pinnedNode, root, runQuietly } from './setup/project.mjs';

/** Each step is one command under the pinned Node; it passes when the command ends with 0. `isShown`: with its figures. */
const steps = [
  { title: 'format and lint', command: ['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '.'] },
  { title: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'] },
  {
    title: 'types of the client SDK',
    command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'client-sdk'],
  },
  {
    title: 'types of its command and of what runs in Node only',
    command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'client-sdk/tsconfig.cli.json'],
  },
  { title: 'promises that nobody holds', command: ['node_modules/oxlint/bin/oxlint', '--type-aware'] },
  { title: 'promises that nobody listens to', command: ['scripts/check-promises.mjs'] },
  { title: 'regular expressions in linear time', command: ['scripts/check-regexes.mjs'] },
  {
    title: 'types of the console',
    command: ['node_modules/typescript/bin/tsc', '-p', 'studio'],
    needsBuild: true, // It reads the client as built.
  },
  { title: 'import arrows', command: ['scripts/check-arrows.mjs'] },
  { title: 'schema drift', command: ['dist/server/cli/emit-schema.js', '--check'], needsBuild: true },
  { title: 'size of the client SDK', command: ['scripts/check-client-size.mjs'], needsBuild: true },
  {
    title: 'size of the console',
    command: ['scripts/check-studio-size.mjs'],
    needsBuild: true,
    isShown: true,
  },
  { title: 'client drift', command: ['scripts/generate-client.mjs', '--check'] },
  {
    title: 'node configuration drift',
    command: ['scripts/generate-node-configs.mjs', '--check'],
    needsBuild: true,
  },
  {
    title: 'client reference drift',
    command: ['scripts/generate-client-reference.mjs', '--check'],
    needsBuild: true,
  },
];

if (!dependenciesAreInstalled()) await withSetUpLock(installDependencies);
for (const step of steps) if (!(await passes(step))) process.exitCode = 1;

async function passes({ title, command, needsBuild, isShown }) {
  const start = performance.now();
  const { problem, output } = (needsBuild ? await buildProblem() : undefined) ?? outcomeOf(command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problem === undefined ? 'ok    ' : 'FAILED'} ${title} (${seconds} s)`);
  const shown = problem ?? (isShown ? output : undefined);
  if (shown !== undefined) console.log(shown.replace(/^/gm, '       '));
  return problem === undefined;
}

async function buildProblem() {
  try {
    await withSetUpLock(build);
  } catch (error) {
    return { problem: error.message };
  }
}

function outcomeOf(command) {
  if (!existsSync(join(root, command[0]))) return { problem: `Expected ${command[0]} to exist.` };
  const { ok, output } = runQuietly(pinnedNode, command);
  return ok ? { output } : { problem: output || 'The command failed and printed nothing.' };
}
