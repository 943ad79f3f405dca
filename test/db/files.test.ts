import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { openDataSource } from '../../server/db/database.ts';
import type { ContentStore } from '../../server/files/content-store.ts';
import { type Files, makeFiles } from '../../server/files/files.ts';
import { openStore } from '../../server/files/store-url.ts';
import { joined } from '../../server/shared/pieces.ts';
import { openS3Server, type S3Server, s3Keys } from '../support/s3-server.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';

const MIB = 1024 * 1024;
const stack = new AsyncDisposableStack();
const { signal } = new AbortController();
let pool: pg.Pool;
let databaseUrl: string;
let folder: string;
let s3: S3Server;
let s3Url: string;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  stack.defer(() => pool.end());
  folder = stack.use(await makeTempFolder()).path;
  s3 = stack.use(await openS3Server());
  s3Url = `s3://bucket/weft files/?endpoint=${s3.endpoint}/&region=eu-west-3`;
});
afterAll(() => stack.disposeAsync());

const filesWith = (outside: ContentStore | null) => makeFiles({ pool, outside, maxBytes: 10 * MIB });
const content = Buffer.alloc(3 * MIB + 5, Buffer.from(Array.from({ length: 251 }, (_, at) => at)));
const countOf = async (table: string) =>
  Number((await pool.query(`SELECT count(*) AS n FROM ${table}`)).rows[0].n);
const insertExecution = (id: string) =>
  pool.query(
    `INSERT INTO executions (id, status, definition, input, created_at, principal) VALUES ($1, 'QUEUED', '{}', 'null', now(), 'x')`,
    [id],
  );
const inFolder = async () =>
  (await readdir(folder, { recursive: true })).filter((path) => path.includes('art_'));
const sweepAll = async (files: Files) => {
  await pool.query(`UPDATE artifact_leftovers SET since = '-infinity'`);
  return files.sweep({ uploadMs: 0, signal });
};

const stores = {
  database: () => null,
  folder: () => openStore(pathToFileURL(folder).href, { accessKeyId: undefined, secretAccessKey: undefined }),
  's3 store': () => openStore(s3Url, s3Keys),
};

describe.each(Object.entries(stores))('in the %s', (_, makeStore) => {
  const keptIn = async () => (await countOf('artifact_pieces')) + s3.objects.size + (await inFolder()).length;

  test('large content comes back as it was, and goes with the last execution that has it', async () => {
    const files = filesWith(makeStore());
    await insertExecution('exec_owner');
    await insertExecution('exec_user');
    const { id } = await files.save('exec_owner', { name: 'a.bin', content }, signal);
    const small = await files.save('exec_owner', { name: 'b.txt', content: Buffer.from('b') }, signal);
    await pool.query('INSERT INTO artifact_uses (execution_id, artifact_id) VALUES ($1, $2)', [
      'exec_user',
      id,
    ]);
    expect(await countOf('artifact_leftovers')).toBe(0);
    expect(await keptIn()).toBeGreaterThan(0);
    const read = async (executionId: string) => joined((await files.openFor(executionId, id)).content);
    expect((await read('exec_owner')).equals(content)).toBe(true);
    await pool.query(`DELETE FROM executions WHERE id = 'exec_owner'`);
    expect(await sweepAll(files)).toBe(1);
    expect([await files.find(small.id), (await read('exec_user')).equals(content)]).toEqual([null, true]);
    await pool.query(`DELETE FROM executions WHERE id = 'exec_user'`);
    expect(await sweepAll(files)).toBe(1);
    expect([await files.find(id), await keptIn(), await countOf('artifact_leftovers')]).toEqual([null, 0, 0]);
  });

  test('content that breaks off, or is too large, leaves nothing', async () => {
    const files = filesWith(makeStore());
    async function* broken() {
      yield content;
      throw new Error('broken off');
    }
    await expect(files.save(null, { name: 'a', content: broken() }, signal)).rejects.toThrow('broken off');
    const large = { name: 'a', content: Buffer.alloc(11 * MIB) };
    await expect(files.save(null, large, signal)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    const counts = ['artifacts', 'artifact_leftovers', 'artifact_pieces'].map(countOf);
    expect([...(await Promise.all(counts)), await keptIn()]).toEqual([0, 0, 0, 0]);
  });

  test('content whose writer was killed is removed by the sweep', async () => {
    const files = filesWith(makeStore());
    const writer = spawn(process.execPath, ['--input-type=module', '-e', KILLED_WRITER], {
      env: { ...process.env, DATABASE_URL: databaseUrl, STORE: storeUrlOf(makeStore) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(writer.stdout, 'data');
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(await countOf('artifact_leftovers')).toBe(1);
    expect(await files.sweep({ uploadMs: 0, signal })).toBe(0);
    expect(await countOf('artifact_leftovers')).toBe(1); // it might still be written
    await sweepAll(files);
    expect([await countOf('artifact_leftovers'), await keptIn()]).toEqual([0, 0]);
  });

  test('content that is gone or changed is an error, and not another content', async () => {
    const files = filesWith(makeStore());
    const { id } = await files.save(null, { name: 'a.bin', content }, signal);
    await (
      makeStore() ?? {
        delete: (key: string) => pool.query('DELETE FROM artifact_pieces WHERE artifact_id = $1', [key]),
      }
    ).delete(id);
    const { content: gone } = (await files.open(id))!;
    await expect(joined(gone)).rejects.toMatchObject({
      code: expect.stringMatching(/^FILE_(STORE_ERROR|INCOMPLETE)$/),
    });
    await sweepAll(files);
  });
});

test('a store that is busy is tried again; one that refuses is an error that says so', async () => {
  const files = filesWith(openStore(s3Url, s3Keys));
  s3.failures = 2;
  const { id } = await files.save(null, { name: 'a.bin', content }, signal);
  expect([...s3.objects.keys()]).toEqual([`/bucket/weft files/${id}`]);
  expect((await joined((await files.open(id))!.content)).equals(content)).toBe(true);
  const wrong = filesWith(openStore(s3Url, { ...s3Keys, secretAccessKey: 'another' }));
  await expect(wrong.save(null, { name: 'a.bin', content }, signal)).rejects.toMatchObject({
    code: 'FILE_STORE_ERROR',
    message: expect.stringMatching(/WEFT_FILES_URL.*403.*SignatureDoesNotMatch/),
  });
  await sweepAll(files);
  expect(s3.objects.size).toBe(0);
});

test('an id that another execution has is never taken over', async () => {
  const files = filesWith(null);
  await insertExecution('exec_a');
  await insertExecution('exec_b');
  const { id } = await files.save('exec_a', { name: 'a.txt', content: Buffer.from('a') }, signal);
  const again = { id, name: 'a.txt', content: Buffer.from('a') };
  // As after the answer to the first try was lost.
  expect(await files.save('exec_a', again, signal)).toMatchObject({ id });
  await expect(files.save('exec_b', again, signal)).rejects.toMatchObject({ code: 'FILE_INCOMPLETE' });
  await expect(files.openFor('exec_b', id)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('files that were saved before this release are read, and go with their execution', async () => {
  await using database = await createDatabase();
  const dataSource = await openDataSource(database.url, 1);
  await using old = new AsyncDisposableStack();
  old.defer(() => dataSource.destroy());
  await dataSource.undoLastMigration({ transaction: 'each' });
  const insert = `INSERT INTO artifacts (id, execution_id, name, mime_type, content) VALUES ($1, 'exec_1', 'a', 'text/plain', $2)`;
  const id = 'art_01993b3c-0000-7000-8000-000000000001';
  await dataSource.query(
    `INSERT INTO executions (id, status, definition, input, created_at, principal) VALUES ('exec_1', 'QUEUED', '{}', 'null', now(), 'x')`,
  );
  await dataSource.query(insert, [id, content]);
  await dataSource.runMigrations({ transaction: 'each' });
  const oldPool = new pg.Pool({ connectionString: database.url, max: 1 });
  old.defer(() => oldPool.end());
  const files = makeFiles({ pool: oldPool, outside: null, maxBytes: MIB });
  expect((await joined((await files.openFor('exec_1', id)).content)).equals(content)).toBe(true);
  // As the previous release does, while both are running.
  await dataSource.query(insert, [id.replace(/1$/, '2'), Buffer.from('later')]);
  expect(await files.find(id.replace(/1$/, '2'))).toMatchObject({ sizeBytes: 5 });
  await dataSource.query('DELETE FROM executions');
  expect(await files.sweep({ uploadMs: 0, signal })).toBe(2);
});

function storeUrlOf(makeStore: () => ContentStore | null): string {
  if (makeStore === stores.database) return '';
  return makeStore === stores.folder ? pathToFileURL(folder).href : s3Url;
}

/** Says when it has written two thirds of a file, and never writes the rest. */
const KILLED_WRITER = `
  import pg from 'pg';
  import { makeFiles } from '${new URL('../../server/files/files.js', import.meta.url)}';
  import { openStore } from '${new URL('../../server/files/store-url.js', import.meta.url)}';
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  const outside = process.env.STORE ? openStore(process.env.STORE, ${JSON.stringify(s3Keys)}) : null;
  async function* content() {
    yield Buffer.alloc(2 * 1024 * 1024);
    setTimeout(() => process.stdout.write('written'), 300);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  await makeFiles({ pool, outside, maxBytes: 1e9 }).save(null, { name: 'a', content: content() }, new AbortController().signal);`;
