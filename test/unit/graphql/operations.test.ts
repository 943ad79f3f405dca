import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { buildSchema } from '../../../server/graphql/build-schema.ts';
import { type Documents, makeDocuments } from '../../../server/graphql/transport/documents.ts';
import { defaultLimits } from '../../../server/graphql/transport/limits.ts';
import { projectRoot } from '../../../server/shared/paths.ts';

const folder = join(projectRoot, 'schema/operations');
const documented = readdirSync(folder).map((name) => join(folder, name));
const shownInGraphiql = join(projectRoot, 'server/graphql/graphiql/first-operations.graphql');

let documents: Documents;
beforeAll(async () => {
  documents = makeDocuments(await buildSchema(), defaultLimits);
});

test.each([...documented, shownInGraphiql])('%s is valid on its own, and within the limits', (file) => {
  expect(documents.prepare({ query: readFileSync(file, 'utf8') })).not.toHaveProperty('errors');
});

test.each(['workflowValidate(input: { name: "x", nodes: [] }) { code }', 'pythonCheck(code: "1") { ok }'])(
  'many aliases of an expensive field are refused, in fragments too: %s',
  (field) => {
    const aliases = (count: number) => Array.from({ length: count }, (_, n) => `a${n}: ${field}`).join(' ');
    const fragment = `fragment F on Query { ${aliases(3)} }`;
    expect(documents.prepare({ query: `{ ${aliases(5)} }` })).not.toHaveProperty('errors');
    for (const query of [`{ ${aliases(6)} }`, `{ ...F a: ${field} b: ${field} c: ${field} } ${fragment}`]) {
      expect(documents.prepare({ query })).toMatchObject({
        errors: [
          {
            extensions: { code: 'GRAPHQL_TOO_COMPLEX' },
            message: expect.stringMatching(/select at most 5 of .*, got 6/),
          },
        ],
      });
    }
  },
);
