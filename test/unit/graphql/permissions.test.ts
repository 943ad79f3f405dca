import { buildSchema as parseSchema } from 'graphql';
import { buildSchema } from '../../../server/graphql/build-schema.ts';
import { permissions, requirePermissions } from '../../../server/graphql/permissions.ts';
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
