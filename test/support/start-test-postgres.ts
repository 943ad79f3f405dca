import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../server/db/database.ts';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { databaseUrl, execute, template, urlVariable } from './test-postgres.ts';

/** For jest's global set-up: one Postgres for the whole run, with a migrated template to clone. */
export async function startTestPostgres(): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const dataFolder = await mkdtemp(join(tmpdir(), 'weft-test-postgres-'));
  opened.defer(() => rm(dataFolder, { recursive: true }));
  const logger = makeLogger('warn');
  const { url } = opened.use(await startEmbeddedPostgres({ dataFolder, logger }));
  await execute(url, 'ALTER SYSTEM SET fsync = off'); // what a test writes need not outlive a power cut
  await execute(url, 'SELECT pg_reload_conf()');
  await execute(url, `CREATE DATABASE ${template}`);
  await (await openDatabase({ url: databaseUrl(url, template), logger }))[Symbol.asyncDispose]();
  process.env[urlVariable] = url;
  return opened.move();
}
