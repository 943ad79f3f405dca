import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let server: WeftServer;
let databaseUrl: string;
let sql: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  await open();
  sql = stack.use(await connect(databaseUrl));
});
afterAll(() => stack.disposeAsync());

async function open(): Promise<void> {
  server = stack.use(await startWeft({ databaseUrl, env: { WEFT_WORKER_CONCURRENCY: '2' } }));
  weft = stack.use(new WeftClient(server.url));
}

const hour = 3_600_000;
const delay = (key: string, config: object) => ({ key, type: 'delay', config });
const chain = (...keys: string[]) => keys.slice(1).map((target, index) => ({ source: keys[index]!, target }));
const typesOf = (events: WatchedEvent[]) =>
  events.map(({ __typename, nodeKey }) => (nodeKey === null ? __typename : `${__typename} ${nodeKey}`));

/** Reads an execution as it waits. */
async function waitOf(id: string) {
  const { execution } = await weft.query<{ execution: Record<string, unknown> }>(
    'query ($id: ID!) { execution(id: $id) { status wait { reason until } nodeExecutions { nodeKey item status wait { reason until } } } }',
    { id },
  );
  return execution;
}

/** Resolves when nothing of the execution is held any more. */
async function parked(id: string): Promise<void> {
  await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
  await eventually('the execution is parked', async () => {
    const { rows } = await sql.query('SELECT FROM executions WHERE id = $1 AND wake_at IS NOT NULL', [id]);
    return rows.length === 1;
  });
}

async function jobsOf(id: string): Promise<number> {
  const { rows } = await sql.query(
    "SELECT FROM pgboss.job WHERE data->>'executionId' = $1 AND state <> 'completed'",
    [id],
  );
  return rows.length;
}

test('a delay gives the execution up, goes on when it is due, and emits what it got', async () => {
  const nodes = [delay('wait', { durationMs: 2_500 }), { key: 'out', type: 'output' }];
  const startedAt = Date.now();
  const id = await weft.run(nodes, chain('wait', 'out'), { n: 1 });
  const events = await weft.allEvents(id);
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(2_500);
  expect(typesOf(events)).toEqual([
    'ExecutionQueued',
    'ExecutionStarted',
    'NodeStarted wait',
    'NodeWaiting wait',
    'ExecutionWaiting',
    'ExecutionResumed',
    'NodeResumed wait',
    'NodeSucceeded wait',
    'NodeStarted out',
    'NodeSucceeded out',
    'ExecutionSucceeded',
  ]);
  expect(events.at(-1)!.output).toEqual({ n: 1 });
  expect(events[4]).toMatchObject({ reason: 'DELAY', until: events[3]!.until });
  expect(Date.parse(events[3]!.until) - startedAt).toBeGreaterThanOrEqual(2_500);
});

test('what waits is a row: no job, no worker’s slot, and both the execution and its node say for what', async () => {
  const ids = await Promise.all(
    Array.from({ length: 6 }, () => weft.run([delay('wait', { durationMs: 30 * 24 * hour })])),
  );
  await Promise.all(ids.map(parked));
  const [id] = ids as [string];
  const until = expect.stringMatching(/^\d{4}-/);
  expect(await waitOf(id)).toEqual({
    status: 'WAITING',
    wait: { reason: 'DELAY', until },
    nodeExecutions: [{ nodeKey: 'wait', item: null, status: 'WAITING', wait: { reason: 'DELAY', until } }],
  });
  expect(await jobsOf(id)).toBe(0);
  // Two slots, six that wait: another runs all the same.
  const other = await weft.run([{ key: 'out', type: 'output' }], [], 1);
  expect((await weft.allEvents(other)).at(-1)!.__typename).toBe('ExecutionSucceeded');
  const canceled = await Promise.all(ids.map((each) => weft.cancel(each)));
  expect(canceled.flat()).toEqual([]);
  for (const each of ids) {
    const events = await weft.allEvents(each);
    expect(events.at(-1)!.__typename).toBe('ExecutionCanceled');
  }
  await eventually('no job is left', async () => (await jobsOf(id)) === 0);
});

test('a wait outlives its server, and goes on in another one where it was left', async () => {
  const nodes = [
    { key: 'in', type: 'transform', config: { expression: '{ "at": $now() }' } },
    delay('wait', { until: '{{ $fromMillis($toMillis(input.at) + 8000) }}' }),
    { key: 'out', type: 'output' },
  ];
  const id = await weft.run(nodes, chain('in', 'wait', 'out'));
  await parked(id);
  await server.kill();
  await open();
  const events = await weft.allEvents(id);
  expect(typesOf(events).filter((type) => type.startsWith('NodeStarted'))).toEqual([
    'NodeStarted in',
    'NodeStarted wait',
    'NodeStarted out',
  ]);
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
});

test('the delay of a retry gives the execution up too', async () => {
  const fails = {
    key: 'a',
    type: 'python',
    config: { code: 'raise ValueError("no")' },
    retry: { maxAttempts: 2, initialDelayMs: 6_000, maxDelayMs: 6_000, retryOn: [] }, // it is read meanwhile
  };
  const id = await weft.run([fails]);
  await parked(id);
  expect(await waitOf(id)).toMatchObject({ status: 'WAITING', wait: { reason: 'RETRY' } });
  const events = await weft.allEvents(id);
  expect(
    events.filter(({ __typename }) => __typename === 'NodeStarted').map(({ attempt }) => attempt),
  ).toEqual([1, 2]);
  expect(events.at(-1)!.__typename).toBe('ExecutionFailed');
});

test('items of a list wait as state: two at a time, over several workers', async () => {
  const list = {
    ...delay('wait', { until: '{{ $fromMillis($millis() + 6000) }}' }),
    forEach: { items: 'input', concurrency: 2 },
  };
  const id = await weft.run([list], [], ['a', 'b', 'c']);
  await parked(id);
  const { nodeExecutions } = (await waitOf(id)) as {
    nodeExecutions: { item: number | null; status: string }[];
  };
  expect(nodeExecutions.map(({ item, status }) => [item, status])).toEqual([
    [null, 'WAITING'],
    [0, 'WAITING'],
    [1, 'WAITING'],
  ]);
  const events = await weft.allEvents(id);
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: ['a', 'b', 'c'] });
  for (const type of ['NodeStarted', 'NodeWaiting', 'NodeSucceeded']) {
    const items = events.filter((event) => event.__typename === type && event.item !== null);
    expect([type, items.map(({ item }) => item).sort()]).toEqual([type, [0, 1, 2]]);
  }
});

test('a list that waits ends its items with the execution', async () => {
  const list = { ...delay('wait', { durationMs: hour }), forEach: { items: '[1, 2, 3]', concurrency: 2 } };
  const id = await weft.run([list]);
  await parked(id);
  await weft.cancel(id);
  const events = await weft.allEvents(id);
  expect(typesOf(events.slice(-3))).toEqual(['NodeCanceled wait', 'NodeCanceled wait', 'ExecutionCanceled']);
});

test('an execution that takes longer than its time fails, while it waits and while it runs', async () => {
  const nodes = [delay('wait', { durationMs: hour })];
  const workflowId = await weft.createWorkflow({ nodes, timeoutMs: hour });
  const waits = await weft.start(workflowId, null, { timeoutMs: 2_000 });
  const slow = { key: 'slow', type: 'python', config: { code: 'import time\ntime.sleep(60)' } };
  const runs = await weft.start(await weft.createWorkflow({ nodes: [slow], timeoutMs: 1_000 }));
  for (const id of [waits, runs]) {
    expect((await weft.allEvents(id)).at(-1)).toMatchObject({
      __typename: 'ExecutionFailed',
      error: { code: 'EXECUTION_TIMEOUT', nodeKey: null },
    });
  }
});

test.each([
  [{ durationMs: 10 ** 15 }, 'nodes.0.config.durationMs'],
  [{}, 'nodes.0.config.durationMs'],
  [{ durationMs: 1, until: '2027-01-01T00:00:00Z' }, 'nodes.0.config.durationMs'],
])('a delay of %j is refused', async (config, field) => {
  const saved = weft.createWorkflow({ nodes: [delay('wait', config)] });
  await expect(saved).rejects.toThrow(field);
});

test.each(['tomorrow', '2999-01-01T00:00:00Z'])(
  'a delay until %s fails its node with what is expected',
  async (until) => {
    const id = await weft.run([delay('wait', { until })]);
    expect((await weft.allEvents(id)).at(-1)).toMatchObject({
      error: { code: 'INVALID_CONFIG', message: expect.stringContaining(until) },
    });
  },
);
