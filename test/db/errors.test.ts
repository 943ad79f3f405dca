import { type Database, openDatabase } from '../../server/db/database.ts';
import { ExecutionEntity } from '../../server/db/entities/execution.entity.ts';
import { isConnectionError } from '../../server/db/errors.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';

const stack = new AsyncDisposableStack();
let url: string;
let database: Database;
beforeAll(async () => {
  ({ url } = stack.use(await createDatabase()));
  // Longer than it takes until the other one waits as well: who waits looks for a deadlock once, after this time.
  database = stack.use(
    await openDatabase({ url: `${url}?options=-c%20deadlock_timeout%3D2s`, logger: makeLogger('silent') }),
  );
});
afterAll(() => stack.disposeAsync());

test.each(['EPIPE', 'ECONNRESET'])('a broken socket (%s) is a connection error', (code) => {
  expect(isConnectionError(Object.assign(new Error(`write ${code}`), { code }))).toBe(true);
});

test('too many parameters are no connection error, and a terminated connection is one', async () => {
  const ids = Array.from({ length: 70_000 }, (_, n) => `exec_${n}`);
  const tooMuch = await database.pool
    .query(`SELECT 1 WHERE 'x' IN (${ids.map((_, n) => `$${n + 1}`)})`, ids)
    .catch((error) => error);
  expect([tooMuch.code, isConnectionError(tooMuch)]).toEqual(['08P01', false]);
  const byTypeorm = await database.manager
    .getRepository(ExecutionEntity)
    .findBy(ids.map((id) => ({ id })))
    .catch((error) => error);
  expect([byTypeorm.driverError?.code, isConnectionError(byTypeorm)]).toEqual(['08P01', false]);

  const ended = await database.pool
    .query('SELECT pg_terminate_backend(pg_backend_pid())')
    .catch((error) => error);
  expect(isConnectionError(ended)).toBe(true);
  // How PgBouncer reports that its database is unreachable.
  expect(isConnectionError(Object.assign(new Error(), { code: '08P01', severity: 'FATAL' }))).toBe(true);
});

test('a statement by itself that Postgres ends because of a deadlock is run again, as a transaction is', async () => {
  await database.pool.query('CREATE TABLE numbers (id int, changes int DEFAULT 0)');
  await database.pool.query('INSERT INTO numbers VALUES (2), (1)');
  await using other = await connect(url);
  // The other one never looks for deadlocks: it is the statement that is ended.
  await other.query(`SET deadlock_timeout = '1h'`);
  for (const run of [
    (sql: string) => database.pool.query(sql),
    (sql: string) => database.transaction((tx) => tx.query(sql)),
  ]) {
    await other.query('BEGIN; UPDATE numbers SET changes = changes + 1 WHERE id = 1');
    const changed = run('UPDATE numbers SET changes = changes + 1');
    await eventually('it waits, and holds the row before', async () => {
      const { rows } = await other.query(
        'SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))',
      );
      return rows.length === 1;
    });
    await other.query('UPDATE numbers SET changes = changes + 1 WHERE id = 2; COMMIT');
    await changed;
  }
  const { rows } = await database.pool.query('SELECT id, changes FROM numbers ORDER BY id');
  expect(rows).toEqual([
    { id: 1, changes: 4 },
    { id: 2, changes: 4 },
  ]);
});
