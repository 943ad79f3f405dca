import { ageHeartbeats } from '../support/age-heartbeats.ts';
import { eventually } from '../support/eventually.ts';
import { mostAtOnce, type Span, waitingFor } from '../support/limited-runs.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let weft: WeftClient;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const api = stack.use(await startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } }));
  weft = stack.use(new WeftClient(api.url));
});
afterAll(() => stack.disposeAsync());

const startWorker = () => startWeft({ databaseUrl, env: { WEFT_ROLES: 'worker' } });
const MAX = 3;
const COUNT = 300;

test('hundreds of one key go in order over two workers, and never more at once than may be', async () => {
  const nodes = [{ key: 'same', type: 'transform', config: { expression: 'input' } }];
  const workflowId = await weft.createWorkflow({ nodes, concurrency: { max: MAX, key: 'input.key' } });
  await using sql = await connect(databaseUrl);
  await sql.query(LOG_ADMISSIONS);
  for (let n = 0; n < COUNT; n += 20) {
    const batch = Array.from({ length: 20 }, (_, index) =>
      weft.start(workflowId, { key: 'one' }, { priority: index === 7 ? 5 : 3 }),
    );
    await Promise.all(batch);
  }
  const { rows: order } = await sql.query<{ id: string; isFirst: boolean }>(`
    SELECT execution_id AS id, has_slot AS "isFirst" FROM limited_executions
    ORDER BY has_slot DESC, CASE WHEN has_slot THEN 0 ELSE priority END DESC, number`);
  expect(order.filter(({ isFirst }) => isFirst)).toHaveLength(MAX);
  expect((await waitingFor(weft, order[MAX]!.id)).waitingFor).toMatchObject({ position: 1 });
  expect((await waitingFor(weft, order.at(-1)!.id)).waitingFor).toMatchObject({ position: COUNT - MAX });

  await using _one = await startWorker();
  await using _two = await startWorker();
  await eventually(
    'all have ended',
    async () => {
      const { rows } = await sql.query('SELECT FROM executions WHERE finished_at IS NULL LIMIT 1');
      return rows.length === 0;
    },
    280_000,
  );
  const { rows: spans } = await sql.query<Span & { events: number; last: number }>(`
    SELECT execution_id AS id, count(*)::int AS events, max(seq) AS last,
           extract(epoch FROM min(occurred_at) FILTER (WHERE type = 'ExecutionStarted')) * 1000 AS "from",
           extract(epoch FROM min(occurred_at) FILTER (WHERE type = 'ExecutionSucceeded')) * 1000 AS "to"
    FROM execution_events GROUP BY execution_id`);
  expect(spans).toHaveLength(COUNT);
  for (const { events, last } of spans) expect(events).toBe(last);
  const times = spans.map(({ from, to, id }) => ({ id, from: Number(from), to: Number(to) }));
  expect(mostAtOnce(times)).toBeLessThanOrEqual(MAX);
  const { rows: admitted } = await sql.query<{ id: string }>('SELECT id FROM admitted ORDER BY number');
  // Those that are let go together have no order among them, and nothing waits between them.
  const places = new Map(order.map(({ id }, index) => [id, index]));
  for (const [index, { id }] of admitted.entries())
    expect(Math.abs(places.get(id)! - index)).toBeLessThan(MAX);
}, 400_000);

/** Jobs in the order in which they were made, under the lock of their line. */
const LOG_ADMISSIONS = `
  CREATE TABLE admitted (number serial, id text);
  CREATE FUNCTION log_admission() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO admitted (id) SELECT new.data->>'executionId' WHERE new.name = 'executions';
    RETURN new;
  END $$;
  CREATE TRIGGER log_admission AFTER INSERT ON pgboss.job FOR EACH ROW EXECUTE FUNCTION log_admission()`;

test('a worker that is killed keeps its slot for the next one; an end that no worker saw lets the next one go', async () => {
  const nodes = [
    { key: 'long', type: 'python', config: { code: 'import time\ntime.sleep(60)' } },
    { key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } },
    { key: 'which', type: 'branch', config: { condition: 'input = "waits"' } },
  ];
  const edges = [
    { source: 'which', sourceHandle: 'true', target: 'wait' },
    { source: 'which', sourceHandle: 'false', target: 'long' },
  ];
  const workflowId = await weft.createWorkflow({ nodes, edges, concurrency: { max: 1 } });
  const [killed, waits, last] = [
    await weft.start(workflowId, 'runs'),
    await weft.start(workflowId, 'waits'),
    await weft.start(workflowId, 'waits'),
  ] as const;
  const worker = await startWorker();
  await weft.event(killed, ({ __typename, nodeKey }) => __typename === 'NodeStarted' && nodeKey === 'long');
  await worker.kill();
  await ageHeartbeats(databaseUrl);
  const next = await startWorker();
  await weft.event(
    killed,
    ({ __typename, nodeKey, attempt }) => __typename === 'NodeStarted' && nodeKey === 'long' && attempt === 2,
  );
  expect((await waitingFor(weft, waits)).waitingFor).toMatchObject({ limit: 'CONCURRENCY', position: 1 });
  await weft.cancel(killed, 'FORCE');
  await weft.event(waits, ({ __typename, nodeKey }) => __typename === 'NodeWaiting' && nodeKey === 'wait');
  const ended = (await weft.allEvents(killed)).at(-1)!;
  const resumed = await weft.event(waits, ({ __typename }) => __typename === 'ExecutionResumed');
  expect(Date.parse(resumed.occurredAt)).toBeGreaterThanOrEqual(Date.parse(ended.occurredAt));

  await weft.event(
    waits,
    ({ __typename, reason }) => __typename === 'ExecutionWaiting' && reason === 'DELAY',
  );
  await using sql = await connect(databaseUrl);
  await eventually('its worker has given it up', async () => {
    const { rows } = await sql.query('SELECT FROM executions WHERE id = $1 AND wake_at IS NOT NULL', [waits]);
    return rows.length === 1;
  });
  await next.kill();
  await weft.cancel(waits);
  expect((await weft.allEvents(waits)).at(-1)!.__typename).toBe('ExecutionCanceled');
  expect((await waitingFor(weft, last)).waitingFor).toMatchObject({ limit: 'CONCURRENCY', position: 1 });
  await ageHeartbeats(databaseUrl);
  await using _third = await startWorker();
  await weft.event(last, ({ __typename }) => __typename === 'ExecutionStarted');
  await weft.cancel(last);
});
