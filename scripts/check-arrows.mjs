import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup/project.mjs';

/**
 * The import arrows of the architecture, as data. `import type` counts: an arrow is about who knows of whom.
 * A target is a room (`journal`), one file of a room where only that may be seen (`sandbox/backend.ts`), or
 * `*`. Every room may import itself and `shared`.
 */
const engineSide = ['journal', 'files', 'nodes', 'expressions', 'sandbox/backend.ts', 'packages', 'db'];
const arrows = {
  main: ['*'],
  serve: ['*'],
  bundled: ['serve'],
  compose: ['*'],
  cli: ['*'],
  graphql: [
    'use-cases',
    'auth',
    'engine',
    'journal',
    'nodes',
    'sandbox/backend.ts',
    'packages',
    'security',
    'db/errors.ts',
  ],
  'use-cases': ['engine', 'security', 'auth', 'secrets', 'outbound', ...engineSide],
  engine: engineSide,
  journal: ['db', 'sandbox/backend.ts'],
  files: ['db', 'journal/event.ts'],
  nodes: [
    'journal/event.ts',
    'sandbox/backend.ts',
    'packages/check.ts',
    'packages/script-block.ts',
    'expressions',
    'outbound',
  ],
  outbound: [],
  expressions: [],
  sandbox: ['packages', 'outbound'],
  packages: [],
  security: ['db', 'sandbox/backend.ts'],
  auth: ['db', 'journal/hub.ts'],
  db: ['migrations'],
  config: ['secrets/keys.ts', 'secrets/transit.ts'],
  secrets: [],
  telemetry: ['journal/event.ts', 'engine/traces.ts', 'engine/execution-store.ts', 'engine/fold.ts'],
  shared: [],
};

/** The decisions of a run take state and event in and give commands out: no clock, no I/O, no library. */
const pureFiles = [
  'graph',
  'fold',
  'join',
  'agenda',
  'schedule',
  'step',
  'recovery',
  'retry',
  'retry-plan',
  'values',
  'waits',
  'failure',
].map((name) => `server/engine/${name}.ts`);
const pureMayImport = [
  ...pureFiles,
  'server/engine/plan.ts',
  'server/journal/event.ts',
  'server/nodes/definition.ts',
  'server/nodes/draft.ts',
  'server/shared/errors.ts',
];

const graphqlPackages = /^(graphql|graphql-.*|type-graphql|@apollo\/.*)$/;
const databasePackages = /^(typeorm|pg|pg-boss)$/;

/** What stands outside of the server, and all that it may reach beside its own folder. */
const outsiders = { 'client-sdk': 'schema/ and what it is generated from', studio: '@weft/client' };

/** @param {{ path: string, source: string }[]} files paths relative to the checkout */
export function findViolations(files) {
  return files.flatMap(({ path, source }) =>
    importsOf(source).flatMap((specifier) => violationOf(path, specifier) ?? []),
  );
}

function violationOf(path, specifier) {
  if (specifier.startsWith('.')) return relativeViolation(path, posix.join(posix.dirname(path), specifier));
  return packageViolation(
    path,
    specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/'),
  );
}

function relativeViolation(path, target) {
  const outside = outsiders[path.split('/', 1)[0]];
  if (outside !== undefined)
    return isWithin(path.split('/', 1)[0], target) || exampleText.test(target)
      ? undefined
      : refusal(path, target, outside);
  if (pureFiles.includes(path) && !pureMayImport.includes(target))
    return refusal(path, target, pureMayImport.join(', '));
  const room = roomOf(path);
  if (room === undefined) return undefined;
  const allowed = arrows[room];
  if (allowed === undefined)
    return `${path} is in a room that scripts/check-arrows.mjs does not know; add its arrows there`;
  const targetRoom = roomOf(target) ?? target.split('/')[0];
  const seen = [targetRoom, target.replace(/^server\//, ''), '*'];
  if (targetRoom === room || targetRoom === 'shared' || seen.some((name) => allowed.includes(name)))
    return undefined;
  return refusal(path, target, ['shared', ...allowed].join(', '));
}

/** The console's templates are examples, whose files it reads as text. */
const exampleText = /^examples\/.*\?raw$/;

function isWithin(folder, target) {
  return target.startsWith(`${folder}/`);
}

function packageViolation(path, name) {
  const room = roomOf(path);
  if (room === undefined) return undefined;
  if (pureFiles.includes(path)) return refusal(path, name, 'no package: this file is pure');
  if (room !== 'graphql' && graphqlPackages.test(name)) return refusal(path, name, 'only in server/graphql');
  if (room === 'graphql' && databasePackages.test(name))
    return refusal(path, name, 'a use case of server/use-cases');
  return undefined;
}

/** `server/main.ts` is room `main`; files outside server/ have none. */
function roomOf(path) {
  return path.match(/^server\/([^/.]+)/)?.[1];
}

function refusal(path, target, allowed) {
  return `${path} may not import ${target} (allowed: ${allowed})`;
}

const staticImport = /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?\s*['"]([^'"]+)['"]/gm;
const dynamicImport = /\bimport\(\s*['"]([^'"]+)['"]/g;

function importsOf(source) {
  return [staticImport, dynamicImport].flatMap((pattern) =>
    [...source.matchAll(pattern)].map((match) => match[1]),
  );
}

function sourceFiles() {
  return ['server', 'client-sdk', 'studio'].flatMap(filesIn);
}

function filesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : filesIn(path);
    return /\.(ts|tsx|mts)$/.test(entry.name)
      ? [{ path, source: readFileSync(join(root, path), 'utf8') }]
      : [];
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const violations = findViolations(sourceFiles());
  for (const violation of violations) console.error(violation);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
