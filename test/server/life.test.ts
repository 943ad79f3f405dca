import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { eventually } from '../support/eventually.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { descendantsOf, serverProgram, startWeft } from '../support/weft-server.ts';

test('SIGTERM right after the ready line is a clean stop that leaves nothing but the data', async () => {
  await using folder = await makeTempFolder();
  const weft = await startWeft({ dataFolder: folder.path });
  expect(await weft.stop()).toBe(0);
  expect(weft.stderr).toBe('');
  expect(await readdir(folder.path)).toEqual(['postgres', 'python', 'secrets.key']);
  expect((await stat(join(folder.path, 'secrets.key'))).mode & 0o777).toBe(0o600);
});

test('after kill -9 the next start on the same folder works', async () => {
  await using folder = await makeTempFolder();
  const first = await startWeft({ dataFolder: folder.path });
  await first.kill();
  await using second = await startWeft({ dataFolder: folder.path });
  expect((await fetch(new URL('/readyz', second.url))).status).toBe(200);
});

test('a database of the user is used instead of an embedded one', async () => {
  await using database = await createDatabase();
  await using folder = await makeTempFolder();
  await using weft = await startWeft({ databaseUrl: database.url, dataFolder: folder.path });
  expect((await fetch(new URL('/healthz', weft.url))).status).toBe(200);
  expect(await readdir(folder.path)).not.toContain('postgres');
});

test('so many cells wait as WEFT_WAITING_CELLS says, and end before the server where memory runs out', async () => {
  await using database = await createDatabase();
  const env = { WEFT_WAITING_CELLS: '43' }; // more than without it, so that they would never come to be so many
  await using weft = await startWeft({ databaseUrl: database.url, env });
  let cells: number[] = [];
  await eventually('43 processes have one parent, the fork-server', async () => {
    const groups = Map.groupBy(await descendantsOf(weft.pid), ({ parent }) => parent);
    cells = [...groups.values()].find(({ length }) => length === 43)?.map(({ pid }) => pid) ?? [];
    return cells.length === 43;
  });
  const score = (pid: number) => readFile(`/proc/${pid}/oom_score_adj`, 'utf8');
  expect(new Set(await Promise.all(cells.map(score)))).toEqual(new Set(['1000\n']));
  expect(await score(weft.pid)).not.toBe('1000\n');
});

test.each([
  [
    'a database that does not answer',
    { DATABASE_URL: 'postgres://weft:sesame@127.0.0.1:1/x' },
    /127\.0\.0\.1:1, but: .*ECONNREFUSED.*DATABASE_URL/,
  ],
  [
    'a data folder that cannot be made',
    { WEFT_DATA_DIR: '/etc/hostname/weft' },
    /\/etc\/hostname\/weft .*ENOTDIR.*WEFT_DATA_DIR/,
  ],
  [
    'a data folder where the kernel makes none',
    { WEFT_DATA_DIR: '/proc/weft' },
    /\/proc\/weft .*ENOENT.*WEFT_DATA_DIR/,
  ],
])('%s gives an error with its remedy, and the server ends with 1', async (_, env, message) => {
  const { exitCode, stderr } = await execa(process.execPath, [serverProgram], {
    env: { PORT: '0', ...env },
    reject: false,
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Weft cannot start: /);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain('sesame');
});

test('a misspelt setting is a warning on stderr that names the setting that was meant', async () => {
  await using database = await createDatabase();
  await using server = await startWeft({ databaseUrl: database.url, env: { WEFT_ALLOWED_ORIGIN: 'x' } });
  // The ready line came by another pipe, and so maybe earlier.
  await eventually('the warning has come', () => server.stderr.includes('WEFT_ALLOWED_ORIGIN '));
  expect(server.stderr).toMatch(/"level":40.*WEFT_ALLOWED_ORIGIN is not a setting.*WEFT_ALLOWED_ORIGINS\?/);
});

test('a port in use is named in the error, and the server ends with 1', async () => {
  await using database = await createDatabase();
  await using other = createServer((socket) => socket.destroy());
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const { port } = other.address() as { port: number };
  const env = { DATABASE_URL: database.url, PORT: String(port) };
  const { exitCode, stderr } = await execa(process.execPath, [serverProgram], { env, reject: false });
  expect(stderr).toContain(String(port));
  expect(stderr).toContain('PORT');
  expect(exitCode).toBe(1);
});
