import { Readable } from 'node:stream';
import { type Database, openDatabase } from '../../server/db/database.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { openFeed } from '../../server/use-cases/changes/read-changes.ts';
import { openDeliverySender } from '../../server/use-cases/deliveries/sender.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { HandClock } from '../unit/engine/support/hand-clock.ts';
import { HandHub } from '../unit/engine/support/hand-queue.ts';

const stack = new AsyncDisposableStack();
let url: string;
let database: Database;
/** Statements outside of transactions that were answered: one for each look. */
let looks = 0;

beforeAll(async () => {
  ({ url } = stack.use(await createDatabase()));
  // Who waits for each other waits for ever, and no deadlock goes unnoticed.
  const unending = `${url}?options=-c%20deadlock_timeout%3D1h`;
  database = stack.use(await openDatabase({ url: unending, logger: makeLogger('warn') }));
  await openFeed(database.pool);
  const query = database.pool.query.bind(database.pool) as (...args: unknown[]) => Promise<unknown>;
  Object.assign(database.pool, {
    query: async (...args: unknown[]) => {
      const answer = await query(...args);
      if (String(args[0]).includes('EXISTS (SELECT FROM webhook_endpoints)'))
        setImmediate(() => (looks += 1));
      return answer;
    },
  });
});
afterAll(() => stack.disposeAsync());
afterEach(() => database.pool.query('DELETE FROM webhook_endpoints'));

const INSERT_ENDPOINT = `
  INSERT INTO webhook_endpoints (id, project, url, name, types, principal, is_enabled, from_txid, signing_secrets)
  VALUES ('whe_1', 'default', 'https://example.com', 'x', '{EXECUTION_FAILED}', 'x', true, pg_current_xact_id(), '{x}')`;

const others = {
  audit: {} as never,
  settings: { retryMs: [1_000], disableAfterDays: 1, keepDays: 1 },
  logger: makeLogger('warn'),
};

test('without an endpoint a worker looks each half minute, and at once when one is made', async () => {
  const [clock, hub] = [new HandClock(), new HandHub()];
  const never = () => Promise.reject(new Error('nothing is sent'));
  await using _sender = openDeliverySender({
    database,
    hub,
    clock,
    outbound: { request: never },
    seals: {} as never,
    ...others,
  });
  const seen = (count: number) => eventually(`there were ${count} looks`, () => looks >= count);
  await clock.advance(1_000);
  await seen(1);
  await clock.advance(29_000);
  expect(looks).toBe(1);
  await clock.advance(1_000);
  await seen(2);
  hub.wake('delivery', '');
  await seen(3);
  await database.pool.query(INSERT_ENDPOINT);
  const before = looks;
  hub.wake('delivery', '');
  await seen(before + 1);
  await clock.advance(1_000);
  await seen(before + 2);
});

test('an endpoint that is deleted while what became of its delivery is noted does not wait for ever', async () => {
  const { pool } = database;
  await pool.query(INSERT_ENDPOINT);
  await pool.query(`
    INSERT INTO webhook_deliveries (id, project, endpoint_id, message_id, type, payload, next_attempt_at)
    VALUES ('dlv_1', 'default', 'whe_1', 'msg_1', 'webhook.test', '{}', now())`);
  const [clock, sent, accepted] = [
    new HandClock(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ];
  await using _sender = openDeliverySender({
    database,
    hub: new HandHub(),
    clock,
    outbound: {
      async request(_request, read) {
        sent.resolve();
        await accepted.promise;
        return read({ status: 204, headers: {}, body: Readable.from([]) });
      },
    },
    seals: { open: async () => `whsec_${btoa('secret')}` } as never,
    ...others,
  });
  await using holder = await connect(url);
  const waiting = (count: number) =>
    eventually(`${count} wait for a lock`, async () => {
      const { rows } = await holder.query(
        'SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0',
      );
      return rows.length === count;
    });
  await clock.advance(1_000);
  await sent.promise;
  await holder.query(`BEGIN; SELECT FROM webhook_endpoints FOR UPDATE`);
  const deleted = pool.query('DELETE FROM webhook_endpoints');
  await waiting(1);
  accepted.resolve();
  await waiting(2);
  await holder.query('COMMIT');
  expect(await deleted).toMatchObject({ rowCount: 1 });
  const { rows } = await pool.query('SELECT FROM webhook_attempts');
  expect(rows).toEqual([]);
});
