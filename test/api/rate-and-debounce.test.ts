import type pg from 'pg';
import { eventually } from '../support/eventually.ts';
import { waitingFor } from '../support/limited-runs.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let sql: pg.Client;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl: url }));
  weft = stack.use(new WeftClient(server.url));
  sql = stack.use(await connect(url));
  await sql.query('CREATE RULE keep_all AS ON DELETE TO rate_admissions DO INSTEAD NOTHING');
});
afterAll(() => stack.disposeAsync());

const nodes = [{ key: 'same', type: 'transform', config: { expression: 'input' } }];
const outputOf = async (id: string) => (await weft.allEvents(id)).at(-1)!.output;

test('a rate lets no more than so many go within any window; other keys have their own', async () => {
  const perMs = 1_500;
  const workflowId = await weft.createWorkflow({ nodes, rate: { max: 2, perMs, key: 'input.key' } });
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await weft.start(workflowId, { key: 'a', n }));
  const other = await weft.start(workflowId, { key: 'b' });
  expect((await weft.allEvents(other)).some(({ __typename }) => __typename === 'ExecutionWaiting')).toBe(
    false,
  );
  for (const id of ids) expect(await outputOf(id)).toMatchObject({ key: 'a' });
  // By the clock of the database: a worker starts what was let go a little later.
  const { rows } = await sql.query<{ at: Date }>(
    'SELECT admitted_at AS at FROM rate_admissions WHERE workflow_id = $1 AND rate_key = $2 ORDER BY admitted_at',
    [workflowId, '"a"'],
  );
  const admissions = rows.map(({ at }) => at.getTime());
  expect(admissions).toHaveLength(5);
  for (const [index, at] of admissions.slice(2).entries())
    expect(at - admissions[index]!).toBeGreaterThanOrEqual(perMs);
});

test('what waits for a rate says its place, and the first of them until when', async () => {
  const workflowId = await weft.createWorkflow({ nodes, rate: { max: 1, perMs: 86_400_000 } });
  await weft.start(workflowId);
  const second = await weft.start(workflowId);
  const third = await weft.start(workflowId);
  const { waitingFor: place } = await waitingFor(weft, second);
  expect(place).toMatchObject({ limit: 'RATE', key: null, position: 1, until: expect.any(String) });
  expect((await waitingFor(weft, third)).waitingFor).toMatchObject({ position: 2, until: null });
  await weft.cancel(second);
  await eventually('the next one is the first of the line', async () => {
    const { position, until } = (await waitingFor(weft, third)).waitingFor!;
    return position === 1 && until !== null;
  });
  await weft.cancel(third);
});

test('what waits for a rate has its slot, and one that ends there lets the next one go', async () => {
  const workflowId = await weft.createWorkflow({
    nodes,
    rate: { max: 1, perMs: 86_400_000 },
    concurrency: { max: 1 },
  });
  const first = await weft.start(workflowId);
  await weft.allEvents(first);
  await eventually('its slot is free, a moment after its end', async () => {
    const { rowCount } = await sql.query('SELECT FROM limited_executions WHERE execution_id = $1', [first]);
    return rowCount === 0;
  });
  const rated = await weft.start(workflowId);
  const queued = await weft.start(workflowId);
  expect((await waitingFor(weft, rated)).waitingFor).toMatchObject({ limit: 'RATE' });
  expect((await waitingFor(weft, queued)).waitingFor).toMatchObject({ limit: 'CONCURRENCY' });
  await weft.cancel(rated);
  const next = await weft.event(
    queued,
    ({ __typename, reason }) => __typename === 'ExecutionWaiting' && reason === 'RATE',
  );
  expect(next.sequence).toBe(3);
  await weft.cancel(queued);
});

test('starts of one key become one execution with the last input; each idempotency key gives it again', async () => {
  const waitMs = 8_000; // each start has to come within the time of the one before, on a busy machine too
  const workflowId = await weft.createWorkflow({ nodes, debounce: { waitMs, key: 'input.key' } });
  const first = await weft.start(workflowId, { key: 'a', n: 1 }, { idempotencyKey: 'one' });
  const other = await weft.start(workflowId, { key: 'b', n: 9 });
  expect(await weft.start(workflowId, { key: 'a', n: 2 }, { idempotencyKey: 'two' })).toBe(first);
  expect(await weft.start(workflowId, { key: 'a', n: 1 }, { idempotencyKey: 'one' })).toBe(first);
  expect(other).not.toBe(first);
  const { waitingFor: place, status } = await waitingFor(weft, first);
  expect(status).toBe('WAITING');
  expect(place).toMatchObject({ limit: 'DEBOUNCE', key: 'a', position: 1, until: expect.any(String) });
  expect(Date.parse(place!.until!) - Date.parse(place!.since)).toBeGreaterThanOrEqual(waitMs);
  expect(await outputOf(first)).toEqual({ key: 'a', n: 2 });
  expect(await outputOf(other)).toEqual({ key: 'b', n: 9 });
  expect(await weft.start(workflowId, { key: 'a', n: 2 }, { idempotencyKey: 'two' })).toBe(first);
  await expect(weft.start(workflowId, { key: 'c', n: 2 }, { idempotencyKey: 'two' })).rejects.toThrow(
    'IDEMPOTENCY_CONFLICT',
  );
  const next = await weft.start(workflowId, { key: 'a', n: 3 });
  expect(next).not.toBe(first);
  await weft.cancel(next);
  expect((await weft.allEvents(next)).at(-1)!.__typename).toBe('ExecutionCanceled');
});

test('a debounce ends at the latest so long after its first start, and then takes its turn', async () => {
  const limits = { debounce: { waitMs: 60_000, maxWaitMs: 60_000 }, concurrency: { max: 1 } };
  const workflowId = await weft.createWorkflow({ nodes, ...limits });
  const id = await weft.start(workflowId, 1);
  await weft.start(workflowId, 2);
  const { waitingFor: place } = await waitingFor(weft, id);
  expect(Date.parse(place!.until!) - Date.parse(place!.since)).toBe(60_000);
  await weft.cancel(id);
});
