import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { projectRoot } from '../../../server/shared/paths.ts';

const MAX_LINE = 120;
const MAX_README_WORDS = 1_000;

const pages = await findPages();
const schema = buildSchema(await readFile(join(projectRoot, 'schema/schema.graphql'), 'utf8'));

describe.each(pages)('$path', ({ path, text }) => {
  test('has no dead link', async () => {
    const dead: string[] = [];
    for (const link of linksIn(text)) if (!(await leadsSomewhere(path, link))) dead.push(link);
    expect(dead).toEqual([]);
  });

  test('has no GraphQL that the schema refuses', () => {
    const blocks = [...text.matchAll(/^```graphql\n(.*?)^```$/gms)].map(([, block]) => block!);
    const problems = blocks.flatMap((block) => validate(schema, parse(block)).map(({ message }) => message));
    expect(problems).toEqual([]);
  });
});

// reference.md is generated.
test.each(pages.filter(({ path }) => path !== 'docs/sdk/reference.md'))(
  `$path has no line of prose over ${MAX_LINE} characters`,
  ({ text }) => {
    const lines = withoutCode(text).split('\n');
    expect(lines.filter((line) => line.length > MAX_LINE && !line.startsWith('|'))).toEqual([]);
  },
);

test(`the README has at most ${MAX_README_WORDS} words, and no line over ${MAX_LINE} characters`, () => {
  const { text } = pages.find(({ path }) => path === 'README.md')!;
  expect(text.split(/\s+/).filter((word) => word !== '').length).toBeLessThanOrEqual(MAX_README_WORDS);
  expect(text.split('\n').filter((line) => line.length > MAX_LINE)).toEqual([]);
});

async function findPages(): Promise<{ path: string; text: string }[]> {
  const below = async (folder: string) =>
    (await readdir(join(projectRoot, folder), { recursive: true })).map((name) => join(folder, name));
  const names = ['README.md', 'bench/README.md', ...(await below('docs')), ...(await below('examples'))];
  const paths = names.filter((name) => name.endsWith('.md') && !name.includes('node_modules')).sort();
  return Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(join(projectRoot, path), 'utf8') })),
  );
}

function withoutCode(text: string): string {
  return text.replace(/^( *)```.*?^\1```$/gms, '');
}

/** Targets of inline links and images within the repository. */
function linksIn(text: string): string[] {
  const prose = withoutCode(text).replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(\s*([^)\s]+)\s*\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

async function leadsSomewhere(page: string, link: string): Promise<boolean> {
  const [file = '', fragment] = link.split('#');
  const target = file === '' ? join(projectRoot, page) : resolve(projectRoot, dirname(page), file);
  if (!existsSync(target)) return false;
  return fragment === undefined || anchorsOf(await readFile(target, 'utf8')).has(fragment);
}

/** As GitHub makes them of headings: in lower case, without punctuation, with a dash for each space. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...withoutCode(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  const slugOf = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
  return new Set(headings.map(slugOf));
}
