import { createClient } from '@weft/client';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl }));
  weft = stack.use(new WeftClient(server.url));
  client = createClient({ url: new URL('/', server.url).href });
});
afterAll(() => stack.disposeAsync());

const same = { key: 'same', type: 'transform', config: { expression: 'input' } };
const fails = (code: string, message: string) => ({ key: 'fails', type: 'fail', config: { code, message } });
const idsOf = async (filter: object) => {
  const ids: string[] = [];
  for await (const { id } of client.executions.list({ filter, pageSize: 2 })) ids.push(id);
  return ids;
};
const startAndEnd = async (workflowId: string, input: unknown, labels?: Record<string, string>) => {
  const run = await client.executions.start({ workflowId, input, ...(labels && { labels }) });
  await weft.allEvents(run.id);
  return run.id;
};

test('an execution has the labels of its start over those that its workflow makes of the input, and is found by them', async () => {
  const labels =
    '{ "customer": input.customer, "plan": input.plan, "size": input.rows > 10 ? "large" : "small", "rows": input.rows }';
  const workflowId = await weft.createWorkflow({ nodes: [same], labels });
  const first = await startAndEnd(workflowId, { customer: '42', rows: 3 });
  const second = await startAndEnd(workflowId, { customer: '42', rows: 30 }, { plan: 'gold', size: 'huge' });
  const other = await startAndEnd(workflowId, { customer: '7', plan: 'gold', rows: 30 });

  expect((await client.executions.run(first).get()).labels).toEqual({
    customer: '42',
    size: 'small',
    rows: '3',
  });
  expect((await client.executions.run(second).get()).labels).toEqual({
    customer: '42',
    plan: 'gold',
    size: 'huge',
    rows: '30',
  });
  expect(await idsOf({ labels: { customer: '42' } })).toEqual([second, first]);
  expect(await idsOf({ labels: { customer: '42', plan: 'gold' } })).toEqual([second]);
  expect(await idsOf({ labels: { plan: 'gold' }, workflowId, statuses: ['SUCCEEDED'] })).toEqual([
    other,
    second,
  ]);
  expect(await idsOf({ labels: { customer: '4' } })).toEqual([]);
  expect(await client.executions.count({ labels: { rows: '30' } })).toBe(2);
  const { matched } = await client.executions.cancelAll({ filter: { labels: { rows: '30' } }, dryRun: true });
  expect(matched).toBe(0);
});

test('a retry keeps the labels, a child has those of its own workflow, a Python run those that it is given', async () => {
  const child = await weft.createWorkflow({
    name: 'Labelled child',
    nodes: [same],
    labels: '{ "of": "child" }',
  });
  const nodes = [{ key: 'call', type: 'subworkflow', config: { workflow: child } }];
  const parent = await weft.createWorkflow({ nodes });
  const id = await startAndEnd(parent, 1, { of: 'parent' });
  const retried = await client.executions.run(id).retry('ALL_NODES');
  await weft.allEvents(retried.id);
  expect(await idsOf({ labels: { of: 'parent' } })).toEqual([retried.id, id]);
  expect(await idsOf({ labels: { of: 'child' } })).toHaveLength(2);
  const python = client.python.run({ code: '1', labels: { of: 'python' } });
  await python.result();
  expect(await idsOf({ labels: { of: 'python' } })).toEqual([await python.id()]);
});

test('of debounced starts the last decides the labels', async () => {
  const debounce = { waitMs: 60_000, maxWaitMs: 60_000 };
  const workflowId = await weft.createWorkflow({ nodes: [same], debounce });
  const start = (labels: Record<string, string>) => client.executions.start({ workflowId, labels });
  const { id } = await start({ turn: 'first', gone: 'soon' });
  expect((await start({ turn: 'second' })).id).toBe(id);
  expect((await client.executions.run(id).get()).labels).toEqual({ turn: 'second' });
  expect(await idsOf({ labels: { turn: 'second' } })).toEqual([id]);
  expect(await idsOf({ labels: { turn: 'first' } })).toEqual([]);
  expect(await idsOf({ labels: { gone: 'soon' } })).toEqual([]);
  await weft.cancel(id);
});

test('executions are found by their error: its code, its node, and words of its message', async () => {
  const refused = await weft.createWorkflow({
    nodes: [fails('ORDER_REFUSED', 'Order {{ input }} has no lines')],
  });
  const timedOut = await weft.createWorkflow({ nodes: [fails('TOO_LATE', 'The order came too late')] });
  const one = await startAndEnd(refused, 'A-17');
  const two = await startAndEnd(timedOut, 1);
  expect(await idsOf({ errorCode: 'ORDER_REFUSED' })).toEqual([one]);
  expect(await idsOf({ errorNodeKey: 'fails' })).toEqual([two, one]);
  expect(await idsOf({ errorNodeKey: 'other' })).toEqual([]);
  expect(await idsOf({ errorText: 'order' })).toEqual([two, one]);
  expect(await idsOf({ errorText: 'order -late' })).toEqual([one]);
  expect(await idsOf({ errorText: '"no lines"' })).toEqual([one]);
  expect(await idsOf({ errorText: 'a-17' })).toEqual([one]);
  expect(await idsOf({ errorText: "it's (a) & | ! <-> :* \\" })).toEqual([]);
  expect(await idsOf({ errorText: 'order', errorCode: 'TOO_LATE', workflowId: timedOut })).toEqual([two]);
});

test('as many labels as an execution may have find it at once, and more are refused', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [same] });
  const labels = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`label-${n}`, String(n)]));
  const id = await startAndEnd(workflowId, 1, labels);
  await startAndEnd(workflowId, 1, { ...labels, 'label-19': 'other' });
  expect(await idsOf({ labels })).toEqual([id]);
  expect(await idsOf({ labels: { ...labels, 'label-7': 'other' } })).toEqual([]);
  for (const [wrong, message] of [
    [{ ...labels, more: '1' }, 'Expected at most 20 labels, got 21.'],
    [
      Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`l${n}`, '1'])),
      'Expected at most 20 labels',
    ],
    [{ 'a b': '1' }, 'Expected a label to have a name'],
  ] as const) {
    await expect(idsOf({ labels: wrong })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(message),
    });
    await expect(client.executions.count({ labels: wrong })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  }
});

test('a search that nobody types is refused', async () => {
  expect(await idsOf({ errorText: '-word '.repeat(166) })).toEqual(expect.any(Array));
  await expect(idsOf({ errorText: '-word '.repeat(1_000_000) })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining('at most 1000 characters'),
  });
});

test('executions are found by time and duration', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [same] });
  const id = await startAndEnd(workflowId, 1);
  const { createdAt } = await client.executions.run(id).get();
  const later = new Date(Date.parse(createdAt) + 1).toISOString();
  expect(await idsOf({ workflowId, createdAfter: createdAt })).toEqual([id]);
  expect(await idsOf({ workflowId, createdAfter: later })).toEqual([]);
  expect(await idsOf({ workflowId, createdBefore: later, createdAfter: createdAt })).toEqual([id]);
  expect(await idsOf({ workflowId, createdBefore: createdAt })).toEqual([]);
  expect(await idsOf({ workflowId, minDurationMs: 0, maxDurationMs: 86_400_000 })).toEqual([id]);
  expect(await idsOf({ workflowId, minDurationMs: 86_400_000 })).toEqual([]);
});

test('counts and durations over time have a span for each bucket, and count each execution once', async () => {
  const from = new Date();
  const workflowId = await weft.createWorkflow({ nodes: [same] });
  const failing = await weft.createWorkflow({ nodes: [fails('NO', 'no')] });
  for (let n = 0; n < 3; n += 1) await startAndEnd(workflowId, n, { chart: 'yes' });
  await startAndEnd(failing, 1, { chart: 'yes' });
  const waiting = await weft.createWorkflow({
    nodes: [{ key: 'w', type: 'delay', config: { durationMs: 3_600_000 } }],
  });
  const { id } = await client.executions.start({ workflowId: waiting, labels: { chart: 'yes' } });
  await eventually('it waits', async () => (await client.executions.run(id).get()).status === 'WAITING');
  const to = new Date(from.getTime() + 600_000);
  const stats = await client.executions.stats({
    filter: { labels: { chart: 'yes' } },
    from,
    to,
    buckets: 10,
  });
  expect(stats).toHaveLength(10);
  expect(stats[1]!.at).toBe(new Date(from.getTime() + 60_000).toISOString());
  const sum = (name: 'count' | 'succeeded' | 'failed' | 'canceled') =>
    stats.reduce((total, each) => total + each[name], 0);
  expect([sum('count'), sum('succeeded'), sum('failed'), sum('canceled')]).toEqual([5, 3, 1, 0]);
  expect(stats[0]!.p95DurationMs).toBeGreaterThanOrEqual(stats[0]!.medianDurationMs!);
  expect(stats[9]).toMatchObject({ count: 0, medianDurationMs: null, p95DurationMs: null });
  await weft.cancel(id);
  for (const range of [
    { from: to, to: from },
    { from, to, buckets: 501 },
    { from, to, buckets: 0 },
  ])
    await expect(client.executions.stats(range)).rejects.toThrow(/Expected/);
});

test('a label with a wrong name, too many, too long, of another type: a clear error, and nothing is started', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [same] });
  const start = (labels: unknown) =>
    client.executions.start({ workflowId, labels: labels as Record<string, string> });
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`l${n}`, 'x']));
  await expect(start(many)).rejects.toThrow('Expected at most 20 labels, got 10000.');
  const making = await weft.createWorkflow({ nodes: [same], labels: '{ "a": "1", "b": "2" }' });
  const twenty = Object.fromEntries(Object.entries(many).slice(0, 20));
  await expect(client.executions.start({ workflowId: making, labels: twenty })).rejects.toThrow(
    "Expected at most 20 labels, got 22. The workflow's own `labels` make 2 of them.",
  );
  await expect(start({ '': 'x' })).rejects.toThrow(/name of 1 to 63/);
  await expect(start(JSON.parse('{ "__proto__": "x" }'))).rejects.toThrow(/name of 1 to 63/);
  await expect(start({ a: 'x'.repeat(201) })).rejects.toThrow(
    'Expected the label a to be at most 200 characters, got 201.',
  );
  await expect(start({ a: 'a\u0000b' })).rejects.toThrow(/NUL/);
  for (const wrong of [{ a: 1 }, ['a'], 'a'])
    await expect(start(wrong)).rejects.toThrow(/an object of texts/);
  await expect(idsOf({ labels: { a: 1 } })).rejects.toThrow(/an object of texts/);
  expect(await idsOf({ workflowId })).toEqual([]);

  const create = (labels: string) => weft.createWorkflow({ nodes: [same], labels });
  await expect(create('input.')).rejects.toThrow('INVALID_EXPRESSION');
  await expect(create('5')).rejects.toThrow('INVALID_LABELS');
  await expect(create('{ "a": nodes.same.output }')).rejects.toThrow('UNKNOWN_REFERENCE');
  const odd = await create('input.labels');
  const startOdd = (labels: unknown) => client.executions.start({ workflowId: odd, input: { labels } });
  await expect(startOdd([1])).rejects.toThrow(/`labels` of the workflow to give an object/);
  await expect(startOdd({ a: { b: 1 } })).rejects.toThrow(/texts, numbers and booleans, at `a`/);
  await expect(startOdd({ 'a b': 1 })).rejects.toThrow(/name of 1 to 63/);
  expect(await idsOf({ workflowId: odd })).toEqual([]);
  expect((await client.executions.run((await startOdd(null)).id).get()).labels).toEqual({});
});
