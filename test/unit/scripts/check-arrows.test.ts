import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../../server/shared/paths.ts';

interface SourceFile {
  path: string;
  source: string;
}
const { findViolations } = (await import(join(projectRoot, 'scripts/check-arrows.mjs'))) as {
  findViolations: (files: SourceFile[]) => string[];
};

test('an import against the arrows is refused, with what would be allowed', () => {
  expect(violationsOf('server/sandbox/local/pool.ts', "import { x } from '../../db/database.ts';")).toEqual([
    'server/sandbox/local/pool.ts may not import server/db/database.ts (allowed: shared, packages, outbound)',
  ]);
});

test.each([
  ['a type-only import', 'server/sandbox/frames.ts', "import type { Tx } from '../db/database.ts';"],
  [
    'an import over several lines',
    'server/journal/read.ts',
    "import {\n  a,\n  b,\n} from '../engine/fold.ts';",
  ],
  ['a re-export', 'server/shared/all.ts', "export { a } from '../journal/event.ts';"],
  ['a bare import', 'server/journal/read.ts', "import '../config/config.ts';"],
  ['a dynamic import', 'server/engine/worker.ts', "await import('../graphql/schema.ts');"],
  ['the inside of the sandbox', 'server/engine/executor.ts', "import { x } from '../sandbox/local/pool.ts';"],
  ['a node: module in a pure file', 'server/engine/fold.ts', "import { now } from 'node:perf_hooks';"],
  ['an impure file in a pure file', 'server/engine/schedule.ts', "import { x } from '../journal/read.ts';"],
  ['graphql outside its room', 'server/use-cases/create.ts', "import { GraphQLError } from 'graphql';"],
  ['the database inside graphql', 'server/graphql/loaders.ts', "import { Pool } from 'pg';"],
  [
    'the server in the console',
    'studio/src/app/main.tsx',
    "import { x } from '../../../server/shared/ids.ts';",
  ],
  ['the schema in the console', 'studio/src/data/a.ts', "import s from '../../../schema/schema.graphql';"],
  [
    'the inside of the client',
    'studio/src/data/a.ts',
    "import { x } from '../../../client-sdk/src/live.ts';",
  ],
  ['the server in the client', 'client-sdk/src/client.ts', "import { x } from '../../server/shared/ids.ts';"],
])('%s counts', (_what, path, source) => {
  expect(violationsOf(path, source)).toHaveLength(1);
});

test('a folder of the server without arrows of its own is pointed out', () => {
  expect(violationsOf('server/attic/a.ts', "import { x } from '../shared/ids.ts';")[0]).toContain(
    'does not know',
  );
});

test.each([
  ['server/compose.ts', "import { x } from './sandbox/local/pool.ts';"],
  ['server/engine/executor.ts', "import type { SandboxBackend } from '../sandbox/backend.ts';"],
  ['server/engine/fold.ts', "import type { JournalEvent } from '../journal/event.ts';"],
  ['server/graphql/workflow/workflow.resolver.ts', "import { Resolver } from 'type-graphql';"],
  ['server/db/database.ts', "import { First } from '../../migrations/1-first.ts';"],
  ['server/shared/a.ts', "// import { x } from '../db/database.ts';"],
  ['client-sdk/src/client.ts', "import { createClient } from 'graphql-ws';"],
])('%s may say %s', (path, source) => {
  expect(violationsOf(path, source)).toEqual([]);
});

function violationsOf(path: string, source: string): string[] {
  return findViolations([{ path, source }]);
}
