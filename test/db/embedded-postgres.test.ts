import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { installedNativeFolder } from '../../server/db/embedded/binaries.ts';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { processStart } from '../../server/shared/process-table.ts';
import { eventually } from '../support/eventually.ts';
import { makeTempFolder, type TempFolder } from '../support/temp-folder.ts';

const logger = makeLogger('silent');
const stranger = 12345; // a uid without a user on the host
let initialised: TempFolder; // a data folder after its first start; a copy saves the second that initdb takes
let folder: TempFolder;
let dataFolder: string;

beforeAll(async () => {
  initialised = await makeTempFolder();
  await (await startEmbeddedPostgres({ dataFolder: initialised.path, logger }))[Symbol.asyncDispose]();
});
beforeEach(async () => {
  folder = await makeTempFolder();
  dataFolder = join(folder.path, 'data');
  execFileSync('cp', ['-a', initialised.path, dataFolder]);
});
afterEach(async () => folder[Symbol.asyncDispose]());
afterAll(async () => initialised[Symbol.asyncDispose]());

test('data is there after the next start', async () => {
  {
    await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
    await query(postgres.url, 'create table kept as select 7 as n');
  }
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  expect(await query(postgres.url, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('a stopped Postgres leaves only its cluster in the folder', async () => {
  await (await startEmbeddedPostgres({ dataFolder, logger }))[Symbol.asyncDispose]();
  expect(await readdir(dataFolder)).toEqual(['postgres']);
});

test('Postgres requires a password and listens on loopback only', async () => {
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  const withoutPassword = new URL(postgres.url);
  withoutPassword.password = 'guess';
  await expect(query(withoutPassword.href, 'select 1')).rejects.toThrow('password authentication failed');
  expect(await query(postgres.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
});

test('a Postgres that ends by itself comes back at the same address, with its data', async () => {
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  await query(postgres.url, 'create table kept as select 7 as n');
  process.kill(await postmasterPid(), 'SIGKILL');
  await eventually('Postgres answers again', () =>
    query(postgres.url, 'select n from kept').then(
      () => true,
      () => false,
    ),
  );
});

test('stopping while Postgres is being started again ends both', async () => {
  const restarting = Promise.withResolvers<void>();
  const listening = Object.assign(makeLogger('silent'), { error: () => restarting.resolve() });
  const postgres = await startEmbeddedPostgres({ dataFolder, logger: listening });
  process.kill(await postmasterPid(), 'SIGKILL');
  await restarting.promise;
  await postgres[Symbol.asyncDispose]();
  expect(await readdir(dataFolder)).toEqual(['postgres']);
});

test('a Weft killed with -9 leaves no Postgres behind, and the next start has its data', async () => {
  const holder = await startHolder();
  await query(holder.url, 'create table kept as select 7 as n');
  const pid = await postmasterPid();
  holder.process.kill('SIGKILL');
  await eventually('its Postgres ends', async () => (await processStart(pid)) === undefined);
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  expect(await query(postgres.url, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('a start right after a -9 waits for the old Postgres instead of failing', async () => {
  const holder = await startHolder();
  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('a second Weft on the same folder is refused with the pid of the first', async () => {
  const holder = await startHolder();
  await expect(startEmbeddedPostgres({ dataFolder, logger })).rejects.toMatchObject({
    code: 'DATA_FOLDER_IN_USE',
    message: expect.stringContaining(`pid ${holder.process.pid}`),
  });
  expect(await query(holder.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  holder.process.kill('SIGTERM');
  expect(await once(holder.process, 'exit')).toEqual([0, null]);
});

test('a cluster that a crash left half made is removed and made again', async () => {
  await rename(join(dataFolder, 'postgres'), join(dataFolder, 'postgres.new-crash1'));
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  expect((await readdir(dataFolder)).filter((name) => name.startsWith('postgres'))).toEqual(['postgres']);
});

test('a postmaster.pid whose pid belongs to another program by now does not prevent the start', async () => {
  const pidFile = join(dataFolder, 'postgres/data/postmaster.pid');
  await writeFile(pidFile, `${process.pid}\n${dataFolder}/postgres/data\n1\n5432\n\n127.0.0.1\n0 0\nready\n`);
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('a folder that cannot be made is an error that names the remedy', async () => {
  const file = join(folder.path, 'file');
  await writeFile(file, 'in the way');
  await expect(startEmbeddedPostgres({ dataFolder: join(file, 'data'), logger })).rejects.toMatchObject({
    code: 'DATA_FOLDER_NOT_WRITABLE',
    message: expect.stringContaining('WEFT_DATA_DIR'),
  });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('root can start Postgres where no other user may enter the checkout or the data folder', async () => {
  await chmod(folder.path, 0o700);
  const nativeFolder = join(folder.path, 'native');
  await cp(installedNativeFolder(), nativeFolder, { recursive: true, verbatimSymlinks: true });
  for (const binary of ['postgres', 'initdb']) await chmod(join(nativeFolder, 'bin', binary), 0o700); // umask 077
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger, nativeFolder });
  expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  expect(await effectiveUid(await postmasterPid())).toBe('65534');
});

const checkoutIsPublic =
  process.getuid?.() === 0 && readableBy(stranger, join(projectRoot, 'dist/test/support/hold-postgres.js'));
const asStranger = checkoutIsPublic ? test : test.skip;

asStranger('a user without a name can start Postgres, and root then runs it as that user', async () => {
  await chmod(folder.path, 0o755);
  execFileSync('chown', ['-R', `${stranger}:${stranger}`, dataFolder]);
  await rm(join(dataFolder, 'postgres'), { recursive: true }); // so that the user makes the cluster
  const holder = await startHolder(asUser(stranger));
  await query(holder.url, 'create table kept as select 7 as n');
  holder.process.kill('SIGTERM');
  await once(holder.process, 'exit');
  await using postgres = await startEmbeddedPostgres({ dataFolder, logger });
  expect(await query(postgres.url, 'select n from kept')).toEqual([{ n: 7 }]);
  expect(await effectiveUid(await postmasterPid())).toBe(String(stranger));
});

async function startHolder(prefix: string[] = []): Promise<{ process: ChildProcess; url: string }> {
  const script = join(projectRoot, 'dist/test/support/hold-postgres.js');
  const [file, ...args] = [...prefix, process.execPath, script, dataFolder];
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { process: child, url };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the test may kill the server meanwhile
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(): Promise<number> {
  return Number((await readFile(join(dataFolder, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);
}

async function effectiveUid(pid: number): Promise<string | undefined> {
  return /^Uid:\s+\d+\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
}

function readableBy(uid: number, file: string): boolean {
  try {
    const [setpriv, ...args] = [...asUser(uid), 'test', '-r', file];
    execFileSync(setpriv!, args);
    return true;
  } catch {
    return false;
  }
}

function asUser(uid: number): string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
}
