import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackWithSources } from '../../../server/shared/source-places.ts';
import { makeTempFolder, type TempFolder } from '../../support/temp-folder.ts';

let folder: TempFolder;
let script: string;

beforeEach(async () => {
  folder = await makeTempFolder();
  script = join(folder.path, 'script.js');
});
afterEach(() => folder[Symbol.asyncDispose]());

/** A frame at the start of a line of the script. */
const frameAt = (line: number) =>
  ({
    getFileName: () => script,
    getLineNumber: () => line,
    getColumnNumber: () => 1,
    toString: () => `run (${script}:${line}:1)`,
  }) as unknown as NodeJS.CallSite;

test('a stack has the places of the sources, and of what the map leaves out those of the script', () => {
  // The first line is the third of source.ts, the second is nothing's, the third is the fourth.
  const map = { version: 3, sources: ['source.ts'], names: [], mappings: 'AAEA;A;AACA' };
  writeFileSync(`${script}.map`, JSON.stringify(map));
  const stack = stackWithSources(script)(new TypeError('no'), [frameAt(1), frameAt(2)]);
  expect(stack).toBe(`TypeError: no\n    at run (${folder.path}/source.ts:3:1)\n    at run (${script}:2:1)`);
});

test('where the map cannot be read, a stack has the places of the script', () => {
  const stackOf = stackWithSources(script);
  expect(stackOf(new Error('no'), [frameAt(1)])).toBe(`Error: no\n    at run (${script}:1:1)`);
});
