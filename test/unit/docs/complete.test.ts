import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildSchema, type GraphQLInterfaceType } from 'graphql';
import { Settings } from '../../../server/config/settings.ts';
import { projectRoot } from '../../../server/shared/paths.ts';

test('the page of settings has a row for every setting, and for nothing else', async () => {
  expect(await firstCells('docs/settings.md')).toEqual(Object.keys(Settings.shape).sort());
});

test('the page of events has a row for every type of event, and for nothing else', async () => {
  const schema = buildSchema(await read('schema/schema.graphql'));
  const event = schema.getType('ExecutionEvent') as GraphQLInterfaceType;
  const types = schema.getImplementations(event).objects.map(({ name }) => name);
  const isType = (name: string) => /^[A-Z]/.test(name); // the parameters of an address are in a table as well
  expect((await firstCells('docs/events.md')).filter(isType)).toEqual(types.sort());
});

test('the map of the house names every room of the server', async () => {
  const { rooms } = /## Rooms(?<rooms>[\s\S]*?)\n## /.exec(await read('ARCHITECTURE.md'))!.groups!;
  const folders = (await readdir(join(projectRoot, 'server'), { withFileTypes: true }))
    .filter((each) => each.isDirectory())
    .map(({ name }) => name);
  expect(folders.filter((name) => !new RegExp(`^ .*\\b${name}/`, 'm').test(rooms!))).toEqual([]);
});

test('an index leads to every page', async () => {
  const pages = (await readdir(join(projectRoot, 'docs'), { recursive: true })).filter((name) =>
    name.endsWith('.md'),
  );
  const indexes = ['docs/README.md', 'docs/console/README.md', 'docs/sdk/start.md'];
  const links = (await Promise.all(indexes.map(linksOf))).flat();
  expect(pages.map((page) => join('docs', page)).filter((page) => !links.includes(page))).toEqual([
    'docs/README.md',
  ]);
});

/** The files that a page leads to, from the root. */
async function linksOf(page: string): Promise<string[]> {
  return [...(await read(page)).matchAll(/\]\(([^)#:]+)/g)].map(([, link]) => join(dirname(page), link!));
}

function read(page: string): Promise<string> {
  return readFile(join(projectRoot, page), 'utf8');
}

/** The names in the first column of a page's tables, sorted. */
async function firstCells(page: string): Promise<string[]> {
  const text = await read(page);
  return [...text.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name!).sort();
}
