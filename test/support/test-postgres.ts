import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../server/db/database.ts';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';

/** Names the one Postgres of a test run to the jest workers, which are other processes. */
const urlVariable = 'WEFT_TEST_POSTGRES_URL';
const template = 'weft_template';

export interface TestDatabase extends AsyncDisposable {
  url: string;
}

/** A fresh database with all migrations applied, dropped when disposed, with whatever is still connected to it. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `weft_${randomBytes(6).toString('hex')}`;
  await execute(serverUrl(), `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    url: databaseUrl(serverUrl(), name),
    [Symbol.asyncDispose]: () => execute(serverUrl(), `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

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

function serverUrl(): string {
  const url = process.env[urlVariable];
  if (url === undefined) throw new Error(`Expected ${urlVariable} to be set: is the test outside test/unit?`);
  return url;
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
