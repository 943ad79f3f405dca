import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema as parseSchema } from 'graphql';
import { audited, requireAudit } from '../../../server/graphql/audit/audited.ts';
import { buildSchema } from '../../../server/graphql/build-schema.ts';
import { permissions, requirePermissions } from '../../../server/graphql/permissions.ts';
import { projectRoot } from '../../../server/shared/paths.ts';
import { operationsOf } from '../../support/any-operation.ts';

test('each field of the schema says what it needs, and nothing else does', async () => {
  const names = operationsOf(await buildSchema()).map(({ name }) => name);
  expect(Object.keys(permissions).sort()).toEqual(names.sort());
});

test('a field without a permission keeps the server from starting', () => {
  const schema = parseSchema('type Query { viewer: String, added: String }');
  expect(() => requirePermissions(schema)).toThrow('what Query.added needs');
});

test('what changes something needs more than reading', () => {
  const changes = Object.entries(permissions).filter(([name]) => name.startsWith('Mutation.'));
  expect(changes.filter(([, { scope }]) => scope === 'READ')).toEqual([]);
});

test('the page about access has the same table', async () => {
  const page = await readFile(join(projectRoot, 'docs/access.md'), 'utf8');
  const words = {
    any: 'BROWSER',
    'limited to workflows': 'WORKFLOWS',
    'of a project': 'ALL',
    'of all projects': 'SERVER',
  } as const;
  const rows = page.matchAll(
    /^\| (\w+) +\| `(\w+)` +\| (\w+) +\| (any|limited to workflows|of a project|of all projects) +\|$/gm,
  );
  const written = [...rows].map(([, root, field, scope, least]) => [
    `${root}.${field}`,
    { scope, least: words[least as keyof typeof words] },
  ]);
  expect(Object.fromEntries(written)).toEqual(permissions);
});

test('each mutation is in the audit trail, and one that is not keeps the server from starting', async () => {
  const mutations = operationsOf(await buildSchema()).filter(({ kind }) => kind === 'mutation');
  expect(Object.keys(audited).sort()).toEqual(mutations.map(({ name }) => name.slice(9)).sort());
  const schema = parseSchema('type Query { viewer: String } type Mutation { added: String }');
  expect(() => requireAudit(schema)).toThrow('what is written of added');
});
