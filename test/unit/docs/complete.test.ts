import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildSchema, type GraphQLInterfaceType } from 'graphql';
import { Settings } from '../../../server/config/settings.ts';
import { projectRoot } from '../../../server/shared/paths.ts';

test('the page of settings has a row for every setting, and for nothing else', async () => {
  expect(await firstCells('docs/settings.md')).toEqual(Object.keys(Settings.shape).sort());
});

test('the page of events has a row for every type of event, and for nothing else', async () => {
  const schema = buildSchema(await readFile(join(projectRoot, 'schema/schema.graphql'), 'utf8'));
  const event = schema.getType('ExecutionEvent') as GraphQLInterfaceType;
  const types = schema.getImplementations(event).objects.map(({ name }) => name);
  const isType = (name: string) => /^[A-Z]/.test(name); // the parameters of an address are in a table as well
  expect((await firstCells('docs/events.md')).filter(isType)).toEqual(types.sort());
});

/** The names in the first column of a page's tables, sorted. */
async function firstCells(page: string): Promise<string[]> {
  const text = await readFile(join(projectRoot, page), 'utf8');
  return [...text.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name!).sort();
}
