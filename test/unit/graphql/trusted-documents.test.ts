import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { makeDocuments } from '../../../server/graphql/transport/documents.ts';
import { defaultLimits } from '../../../server/graphql/transport/limits.ts';
import { readTrustedDocuments } from '../../../server/graphql/transport/trusted-documents.ts';
import { makeTempFolder, type TempFolder } from '../../support/temp-folder.ts';

const schema = buildSchema('type Query { hello: String }');

let folder: TempFolder;
beforeEach(async () => {
  folder = await makeTempFolder();
});
afterEach(async () => await folder[Symbol.asyncDispose]());

async function read(files: Record<string, unknown>, path = folder.path) {
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder.path, name), typeof content === 'string' ? content : JSON.stringify(content));
  return makeDocuments(schema, defaultLimits, { byId: await readTrustedDocuments(path), only: false });
}

test('a file of another kind is passed by in a folder', async () => {
  await mkdir(join(folder.path, 'more'));
  const documents = await read({ 'README.md': 'see there', 'a.json': { hi: '{ hello }' } });
  expect(documents.prepare({ documentId: 'hi' })).toMatchObject({ source: '{ hello }' });
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['no document', { 'a.json': {} }, /expected documents in .*, got none/],
  ['what is not JSON', { 'a.json': '{' }, /a\.json: expected a JSON object of ids and documents/],
  ['a list', { 'a.json': ['{ hello }'] }, /a\.json: expected a JSON object/],
  [
    'an id that is the hash of another text',
    { 'a.json': { 'sha256:00': '{ hello }' } },
    /a\.json: expected sha256:00 to be the SHA-256 of its document/,
  ],
  [
    'two documents of one id',
    { 'a.json': { hi: '{ hello }' }, 'b.json': { hi: 'query { hello }' } },
    /b\.json: the id hi names another document in a\.json/,
  ],
  [
    'documents that do not fit the schema, or the limits',
    {
      'a.json': { hi: '{ hello }', one: 'query Helo { helo }', two: 'query {' },
      'b.graphql': `{ ${'hello '.repeat(2_001)} }`,
    },
    /3 of the documents cannot be run .*\n {2}one in a\.json \(query Helo\): .*Did you mean "hello".*\n {2}two in a\.json: Syntax Error.*\n {2}sha256:\w+ in b\.graphql: .*2000 fields/,
  ],
])('%s: the server does not start, and says which', async (_what, files, message) => {
  await expect(read(files)).rejects.toMatchObject({
    code: 'INVALID_SETTINGS',
    message: expect.stringMatching(message),
  });
});

test('a path where nothing is', async () => {
  await expect(read({}, join(folder.path, 'none'))).rejects.toThrow(/none cannot be read: ENOENT/);
});
