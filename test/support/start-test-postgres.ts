import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../server/db/database.ts';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { databaseUrl, execute, template, urlVariable } from './test-postgres.ts';

/** For jest's global set-up: one Postgres for the whole run, with a migrated template to clone. */
export async function startTestPostgres(): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const dataFolder = await mkdtemp(join(await quickFolder(), 'weft-test-postgres-'));
  opened.defer(() => rm(dataFolder, { recursive: true }));
  const logger = makeLogger('warn');
  const { url } = opened.use(await startEmbeddedPostgres({ dataFolder, logger }));
  // What a test writes need not outlive a power cut.
  for (const setting of ['fsync', 'full_page_writes'])
    await execute(url, `ALTER SYSTEM SET ${setting} = off`);
  await execute(url, "ALTER SYSTEM SET max_wal_size = '256MB'"); // it counts as memory
  await execute(url, 'SELECT pg_reload_conf()');
  await execute(url, `CREATE DATABASE ${template}`);
  await (await openDatabase({ url: databaseUrl(url, template), logger }))[Symbol.asyncDispose]();
  process.env[urlVariable] = url;
  return opened.move();
}

/** In memory, where there is plenty of it: a database is a thousand files, which a disk takes four times the work for. */
async function quickFolder(): Promise<string> {
  const { bavail, bsize } = await statfs(SHARED_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize > MIN_FREE_BYTES ? SHARED_MEMORY : tmpdir();
}

const SHARED_MEMORY = '/dev/shm';
const MIN_FREE_BYTES = 4 * 2 ** 30;
