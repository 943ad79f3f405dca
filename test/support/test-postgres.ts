import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Names the one Postgres of a test run to the jest workers, which are other processes. */
export const urlVariable = 'WEFT_TEST_POSTGRES_URL';
export const template = 'weft_template';

export interface TestDatabase extends AsyncDisposable {
  url: string;
}

/** A fresh database with all migrations applied, dropped when disposed, with whatever is still connected to it. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `weft_${randomBytes(6).toString('hex')}`;
  // Files are copied for half the work of logging each page.
  await execute(serverUrl(), `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  return {
    url: databaseUrl(serverUrl(), name),
    [Symbol.asyncDispose]: () => execute(serverUrl(), `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

function serverUrl(): string {
  const url = process.env[urlVariable];
  if (url === undefined) throw new Error(`Expected ${urlVariable} to be set: is the test outside test/unit?`);
  return url;
}

export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
