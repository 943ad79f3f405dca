import { readFileSync } from 'node:fs';
import pg from 'pg';
import { fileReferences } from '../../../server/files/file-value.ts';
import { makeFiles } from '../../../server/files/files.ts';
import { mimeTypeOf, sandboxMimeTypes } from '../../../server/shared/mime-type.ts';
import { piecesOf, takeStart } from '../../../server/shared/pieces.ts';

test('a file that cannot be kept for want of a database is waited for no longer than its run lasts', async () => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1 });
  const run = new AbortController();
  const files = makeFiles({ pool, outside: null, maxBytes: 100 });
  const saved = files.save('exec_1', { name: 'a.txt', content: Buffer.alloc(0) }, run.signal);
  setImmediate(() => run.abort());
  await expect(saved).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await pool.end();
});

test.each([
  ['report.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['letter.DOCX', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['slides.pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  ['old.xls', 'application/vnd.ms-excel'],
  ['rows.parquet', 'application/vnd.apache.parquet'],
  ['rows.csv', 'text/csv'],
  ['no extension', 'application/octet-stream'],
  ['what.ever', 'application/octet-stream'],
])('the type of %s is %s', (name, type) => {
  expect(mimeTypeOf(name)).toBe(type);
});

test('the sandbox knows the same types; `npm run schema` writes them', () => {
  const path = new URL('../../../../server/sandbox/python/_generated_mime_types.json', import.meta.url);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(sandboxMimeTypes());
});

test('files are found wherever they stand in a value, with what stands in place of an id', () => {
  const value = { a: { $file: 'art_1' }, b: [1, { c: { $file: 5, name: 'x' } }], $files: 'no', d: '$file' };
  expect(fileReferences(value).toSorted((a, b) => a.path.length - b.path.length)).toEqual([
    { path: ['a'], id: 'art_1' },
    { path: ['b', '1', 'c'], id: 5 },
  ]);
  expect(fileReferences({ $file: 'art_1' })).toEqual([{ path: [], id: 'art_1' }]);
  expect(fileReferences(Array(5_000).fill({ $file: 'art_1' }))).toHaveLength(1_001);
});

async function* chunks(...sizes: number[]) {
  for (const size of sizes) yield Buffer.alloc(size, 1);
}

test('content comes in pieces of one size, however it arrives', async () => {
  const sizesOf = async (...sizes: number[]) =>
    (await Array.fromAsync(piecesOf(chunks(...sizes), 10))).map(({ length }) => length);
  expect(await sizesOf(3, 3, 3, 3)).toEqual([10, 2]);
  expect(await sizesOf(35)).toEqual([10, 10, 10, 5]);
  expect(await sizesOf(10)).toEqual([10]);
  expect(await sizesOf()).toEqual([]);
  expect(await sizesOf(...Array(3_000).fill(0), 1)).toEqual([1]);
});

test('the start of content is all of it, or is followed by the rest', async () => {
  const whole = await takeStart(chunks(4, 4), 8);
  expect([whole.start.length, whole.rest]).toEqual([8, null]);
  const { start, rest } = await takeStart(chunks(4, 4, 4, 4), 7);
  expect([start.length, (await Array.fromAsync(rest!)).length]).toEqual([8, 2]);
});
