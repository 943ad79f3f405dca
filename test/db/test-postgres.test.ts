import { expect, test } from '@jest/globals';
import pg from 'pg';
import { createDatabase } from '../support/test-postgres.ts';

test('each test database is separate and has every table', async () => {
  await using first = await createDatabase();
  await using second = await createDatabase();
  await query(first.url, 'CREATE TABLE mine ()');
  expect(await query(second.url, "SELECT to_regclass('mine') AS mine")).toEqual([{ mine: null }]);
  expect(await query(second.url, 'SELECT count(*)::int AS n FROM weft_migrations WHERE id > 0')).not.toEqual([
    { n: 0 },
  ]);
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
