import { type Database, openDatabase } from '../../server/db/database.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { openFeed } from '../../server/use-cases/changes/read-changes.ts';
import { openDeliverySender } from '../../server/use-cases/deliveries/sender.ts';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { HandClock } from '../unit/engine/support/hand-clock.ts';
import { HandHub } from '../unit/engine/support/hand-queue.ts';

const stack = new AsyncDisposableStack();
let database: Database;
/** Statements outside of transactions that were answered: one for each look. */
let looks = 0;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  database = stack.use(await openDatabase({ url, logger: makeLogger('warn') }));
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

test('without an endpoint a worker looks each half minute, and at once when one is made', async () => {
  const [clock, hub] = [new HandClock(), new HandHub()];
  const never = () => Promise.reject(new Error('nothing is sent'));
  await using _sender = openDeliverySender({
    database,
    hub,
    clock,
    outbound: { request: never },
    seals: {} as never,
    audit: {} as never,
    settings: { retryMs: [1_000], disableAfterDays: 1, keepDays: 1 },
    logger: makeLogger('warn'),
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
  await database.pool.query(
    `INSERT INTO webhook_endpoints (id, project, url, name, types, principal, is_enabled, from_txid, signing_secrets)
     VALUES ('whe_1', 'default', 'https://example.com', 'x', '{EXECUTION_FAILED}', 'x', true, pg_current_xact_id(), '{x}')`,
  );
  const before = looks;
  hub.wake('delivery', '');
  await seen(before + 1);
  await clock.advance(1_000);
  await seen(before + 2);
});
