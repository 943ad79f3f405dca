import { type Database, openDatabase } from '../../server/db/database.ts';
import { ExecutionEntity } from '../../server/db/entities/execution.entity.ts';
import { isConnectionError } from '../../server/db/errors.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { createDatabase } from '../support/test-postgres.ts';

const stack = new AsyncDisposableStack();
let database: Database;
beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  database = stack.use(await openDatabase({ url, logger: makeLogger('silent') }));
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
