import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { connect } from '../support/sql.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const TABLES = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`;

test('status follows a database from empty to up to one step down, and changes nothing', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  await sql.query('DROP SCHEMA public CASCADE');
  await sql.query('CREATE SCHEMA public');
  const env = { DATABASE_URL: database.url };

  const empty = await migrate('status', env);
  expect(statesOf(empty.stdout)).toEqual(['pending']);
  expect(empty.exitCode).toBe(1);
  expect((await sql.query(TABLES)).rows).toEqual([]);

  await migrate('up', env);
  const up = await migrate('status', env);
  expect(statesOf(up.stdout)).toEqual(['applied']);
  expect(namesOf(up.stdout)).toEqual(namesOf(empty.stdout));
  expect(up.exitCode).toBe(0);

  await migrate('down', env);
  const down = await migrate('status', env);
  expect(down.stdout.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
    ...namesOf(up.stdout)
      .slice(1)
      .map(() => 'applied'),
    'pending',
  ]);
  expect(down.exitCode).toBe(1);
});

test('a migration that a newer Weft applied is listed as unknown', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  await sql.query(`INSERT INTO weft_migrations (timestamp, name) VALUES (1, 'Tomorrow1')`);
  const { stdout, exitCode } = await migrate('status', { DATABASE_URL: database.url });
  expect(stdout).toMatch(/^unknown {2}Tomorrow1 \(applied by a newer Weft\)$/m);
  expect(exitCode).toBe(0);
});

test('status makes no data folder, and no database in one that is there', async () => {
  await using folder = await makeTempFolder();
  const missing = join(folder.path, 'missing');
  for (const dataFolder of [missing, folder.path]) {
    const { stdout, exitCode } = await migrate('status', { WEFT_DATA_DIR: dataFolder });
    expect(stdout).toContain(`${dataFolder} has no database yet`);
    expect(stdout).toMatch(/^pending {2}InitialSchema\d+$/m);
    expect(exitCode).toBe(1);
  }
  expect(existsSync(missing)).toBe(false);
  expect(await readdir(folder.path)).toEqual([]);
});

test('status reads the embedded Postgres of a running server, and starts the one of a server that ended', async () => {
  await using folder = await makeTempFolder();
  const env = { WEFT_DATA_DIR: folder.path };
  {
    await using server = await startWeft({ dataFolder: folder.path, env: { WEFT_ROLES: 'api' } });
    const { stdout, exitCode } = await migrate('status', env);
    expect([statesOf(stdout), exitCode, server.stderr]).toEqual([['applied'], 0, '']);
  }
  const before = await readdir(folder.path);
  const { stdout, exitCode } = await migrate('status', env);
  expect([statesOf(stdout), exitCode]).toEqual([['applied'], 0]);
  expect(await readdir(folder.path)).toEqual(before);
});

test.each([
  ['sideways', 'sideways'],
  [undefined, 'no command'],
])('migrate -- %s prints the usage and ends with 2', async (command, got) => {
  const { stderr, exitCode } = await migrate(command, {});
  expect(stderr).toMatch(`Expected up, down or status, got ${got}.\nUsage:\n`);
  for (const name of ['up', 'down', 'status']) expect(stderr).toMatch(`\n  npm run migrate -- ${name} `);
  expect(exitCode).toBe(2);
});

const statesOf = (stdout: string) => [
  ...new Set([...stdout.matchAll(/^(applied|pending|unknown) /gm)].map(([, state]) => state)),
];
const namesOf = (stdout: string) => [...stdout.matchAll(/^\w+ +(\w+\d+)$/gm)].map(([, name]) => name);

async function migrate(command: string | undefined, env: Record<string, string>) {
  const script = join(projectRoot, 'dist/server/cli/migrate.js');
  const args = command === undefined ? [] : [command];
  return await execa(process.execPath, [script, ...args], { env, reject: false });
}
