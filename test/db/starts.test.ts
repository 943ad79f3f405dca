import { openBoss } from '../../server/db/boss.ts';
import { type Database, openDatabase } from '../../server/db/database.ts';
import { makeLimits } from '../../server/engine/limits.ts';
import { openQueue } from '../../server/engine/queue.ts';
import { openHub } from '../../server/journal/hub.ts';
import { makeRecentEvents } from '../../server/journal/recent-events.ts';
import { newId } from '../../server/shared/ids.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import {
  blankExecution,
  makeInsertExecution,
  type NewExecution,
} from '../../server/use-cases/insert-execution.ts';
import { openProjectStorage } from '../../server/use-cases/project-storage.ts';
import { createDatabase } from '../support/test-postgres.ts';

const stack = new AsyncDisposableStack();
let database: Database;
let insert: ReturnType<typeof makeInsertExecution>;
let statements = 0;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  const logger = makeLogger('warn');
  database = stack.use(await openDatabase({ url, logger }));
  const { pool } = database;
  const { boss } = stack.use(await openBoss({ pool, supervise: false, logger }));
  await openQueue(boss, pool);
  const hub = stack.use(openHub({ pool, url, replicaId: newId('wrk'), logger }));
  const recentEvents = stack.use(makeRecentEvents(hub));
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  Object.assign(pool, {
    query: (...args: [{ name?: string }]) => {
      if (args[0].name?.startsWith('weft-insert-execution')) statements += 1;
      return query(...args);
    },
  });
  insert = makeInsertExecution({
    database,
    hub,
    recentEvents,
    worker: null,
    limits: makeLimits({ database, hub }),
    storage: stack.use(openProjectStorage({ pool, hub })),
  });
});
afterAll(() => stack.disposeAsync());
beforeEach(() => {
  statements = 0;
});

const python = { name: 'pythonRun', nodes: [{ key: 'python', type: 'python', config: { code: "'\\n'" } }] };
const blank = { ...blankExecution, principal: 'test', project: 'default', definition: python as never };
const at = new Date('2026-02-03T04:05:06.789Z');

/** Everything that a start can say, so that no column and no kind of JSON is forgotten. */
const kinds: NewExecution[] = [
  ...[null, 0, 1.5e300, false, '', 'ü"\\\n\u2028😀', [], {}, { a: [{ b: null }], '': 'x' }].map((input) => ({
    ...blank,
    input,
  })),
  { ...blank, input: 'x'.repeat(40_000) },
  { ...blank, timeoutMs: 1234.5, priority: 5 },
  { ...blank, idempotencyKey: 'once', idempotencyExpiresAt: at, labels: { customer: '42' } },
  { ...blank, triggerId: 'sch_1', scheduledAt: at, retryStrategy: 'ALL', depth: 3, isAwaited: true },
  {
    ...blank,
    partial: { from: ['a'], to: ['b'], pinnedFrom: null },
    pinned: [{ nodeKey: 'a', output: [1] }],
  },
];

test('executions that share a statement are as those that start alone', async () => {
  const alone: unknown[] = [];
  for (const kind of kinds) alone.push(await stored(await insert(kind, null)));
  expect(statements).toBe(kinds.length);
  statements = 0;
  await database.pool.query('UPDATE executions SET idempotency_key = NULL');
  const together = await Promise.all(kinds.map((kind) => insert(kind, null)));
  expect(statements).toBeLessThan(kinds.length / 2);
  expect(await Promise.all(together.map(stored))).toEqual(alone);
});

test('a key that is used twice at once gives one execution, and every other start is untouched', async () => {
  const keys = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 'the same' : `key ${index}`));
  const started = await Promise.all(keys.map((idempotencyKey) => insert({ ...blank, idempotencyKey }, null)));
  const ids = started.map((each) => each.ok && each.value.id);
  expect(new Set(ids).size).toBe(41);
  expect(new Set(ids.filter((_, index) => index % 3 === 0)).size).toBe(1);
  expect(statements).toBeLessThan(41);
});

test('what the database refuses of one start keeps no other from starting', async () => {
  const rows = Array.from({ length: 20 }, (_, index) => ({ ...blank, depth: index === 7 ? 2 ** 40 : 0 }));
  const ends = await Promise.allSettled(rows.map((row) => insert(row, null)));
  expect(ends.map(({ status }) => status === 'fulfilled')).toEqual(rows.map(({ depth }) => depth === 0));
  expect(ends[7]).toMatchObject({ reason: { code: '22003' } });
});

/** Its row, labels, journal and job, without what is its own. */
async function stored(outcome: Awaited<ReturnType<typeof insert>>): Promise<unknown> {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  const { rows } = await database.pool.query(
    `SELECT to_jsonb(x) - 'id' - 'created_at' - 'idempotency_key' AS row, x.input::text, x.definition::text, x.pinned::text,
            (SELECT jsonb_agg(to_jsonb(l) - 'execution_id') FROM execution_labels l WHERE l.execution_id = x.id) AS labels,
            (SELECT jsonb_agg(to_jsonb(e) - 'execution_id' - 'occurred_at' - 'txid') FROM execution_events e
             WHERE e.execution_id = x.id AND e.occurred_at = x.created_at) AS events,
            (SELECT jsonb_agg(to_jsonb(j) - 'id' - 'data' - 'created_on' - 'keep_until' - 'start_after') FROM pgboss.job j
             WHERE j.data->>'executionId' = x.id) AS jobs
     FROM executions x WHERE x.id = $1`,
    [outcome.value.id],
  );
  return rows[0];
}
