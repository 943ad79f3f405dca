import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { buildSchema } from '../../../server/graphql/build-schema.ts';
import { type Documents, makeDocuments } from '../../../server/graphql/documents.ts';
import { defaultLimits } from '../../../server/graphql/limits.ts';
import { projectRoot } from '../../../server/shared/paths.ts';

const folder = join(projectRoot, 'schema/operations');
const documented = readdirSync(folder).map((name) => join(folder, name));
const shownInGraphiql = join(projectRoot, 'server/graphql/graphiql/first-operations.graphql');

let documents: Documents;
beforeAll(async () => {
  documents = makeDocuments(await buildSchema(), defaultLimits);
});

test.each([...documented, shownInGraphiql])('%s is valid on its own, and within the limits', (file) => {
  expect(documents.prepare(readFileSync(file, 'utf8'))).not.toHaveProperty('errors');
});
