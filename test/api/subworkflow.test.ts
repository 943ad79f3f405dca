import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let server: WeftServer;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  // One slot: a parent that waits must not hold it.
  await open();
});
afterAll(() => stack.disposeAsync());

async function open(): Promise<void> {
  server = stack.use(await startWeft({ databaseUrl, env: { WEFT_WORKER_CONCURRENCY: '1' } }));
  weft = stack.use(new WeftClient(server.url));
}

const transform = (key: string, expression: string) => ({ key, type: 'transform', config: { expression } });
const sub = (workflow: string, config: object = {}) => ({
  key: 'sub',
  type: 'subworkflow',
  config: { workflow, ...config },
});
const endOf = async (id: string) => (await weft.allEvents(id)).at(-1)!;

async function save(key: string, nodes: object[], more: object = {}): Promise<string> {
  const { workflowUpsert } = await weft.query<{
    workflowUpsert: { workflow: { id: string }; warnings: { code: string }[]; userErrors: unknown[] };
  }>(
    `mutation ($key: String!, $input: WorkflowInput!) {
      workflowUpsert(key: $key, input: $input) { workflow { id } warnings { code } userErrors { message } }
    }`,
    { key, input: { name: key, nodes, edges: [], ...more } },
  );
  expect(workflowUpsert.userErrors).toEqual([]);
  return workflowUpsert.workflow.id;
}

interface Family {
  id: string;
  status: string;
  parent: { nodeKey: string; item: number | null; execution: { id: string } } | null;
  children: { nodes: { id: string; status: string; input: unknown }[] };
}

async function familyOf(id: string): Promise<Family> {
  const { execution } = await weft.query<{ execution: Family }>(
    `query ($id: ID!) { execution(id: $id) { id status parent { nodeKey item execution { id } }
      children(first: 10) { nodes { id status input } } } }`,
    { id },
  );
  return execution;
}

/** The first execution that a node of it has started. */
async function childOf(id: string): Promise<string> {
  await eventually('it has a child', async () => (await familyOf(id)).children.nodes.length > 0);
  return (await familyOf(id)).children.nodes[0]!.id;
}

test('a sub-workflow runs by key or id, gets its input by templates, and both sides are linked', async () => {
  const childId = await save('double', [transform('times', 'input.n * 2')]);
  for (const workflow of ['double', childId]) {
    const id = await weft.run([sub(workflow, { input: { n: '{{ input + 1 }}' } })], [], 20);
    expect(await endOf(id)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 42 });
    const { children } = await familyOf(id);
    expect(children.nodes).toEqual([{ id: expect.any(String), status: 'SUCCEEDED', input: { n: 21 } }]);
    const child = await familyOf(children.nodes[0]!.id);
    expect(child.parent).toEqual({ nodeKey: 'sub', item: null, execution: { id } });
  }
});

test('a pinned version runs whatever came after it, and without one the latest does', async () => {
  await save('versions', [transform('one', '"one"')]);
  await save('versions', [transform('two', '"two"')]);
  expect((await endOf(await weft.run([sub('versions', { version: 1 })]))).output).toBe('one');
  expect((await endOf(await weft.run([sub('versions')]))).output).toBe('two');
});

test('with forEach it fans out, and each item waits for its own', async () => {
  await save('square', [transform('times', 'input * input')]);
  const fan = { ...sub('square'), forEach: { items: 'input', concurrency: 3 } };
  const id = await weft.run([fan], [], [1, 2, 3, 4, 5]);
  expect(await endOf(id)).toMatchObject({ output: [1, 4, 9, 16, 25] });
  const { children } = await familyOf(id);
  expect(children.nodes.map(({ input }) => input).sort()).toEqual([1, 2, 3, 4, 5]);
});

test('a long list that is parked again and again goes on from what its worker kept', async () => {
  await save('twice', [transform('out', 'input * 2')]);
  const count = 130;
  const each = { ...sub('twice', { input: '{{ item }}' }), forEach: { items: 'input', concurrency: 2 } };
  const id = await weft.run(
    [each],
    [],
    Array.from({ length: count }, (_, n) => n),
  );
  const events = await weft.allEvents(id);
  expect(events.at(-1)!.output).toEqual(Array.from({ length: count }, (_, n) => 2 * n));
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  // Its worker keeps what is longer than 500 events, and parked this one often after that.
  const isParked = ({ __typename, sequence }: WatchedEvent) =>
    __typename === 'ExecutionWaiting' && sequence > 500;
  expect(events.filter(isParked).length).toBeGreaterThan(10);
  const ended = events.filter(({ __typename, item }) => __typename === 'NodeSucceeded' && item !== null);
  expect(new Set(ended.map(({ item }) => item)).size).toBe(count);
  expect(ended).toHaveLength(count);
});

test('the failure of a child is the node’s, by its code, and a retry policy starts another child', async () => {
  await save('fails', [{ key: 'no', type: 'fail', config: { code: 'ORDER_REFUSED', message: 'No.' } }]);
  const retry = { maxAttempts: 2, initialDelayMs: 0, retryOn: ['ORDER_REFUSED'] };
  const id = await weft.run([{ ...sub('fails'), retry }]);
  const child = await childOf(id);
  expect(await endOf(id)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'ORDER_REFUSED', nodeKey: 'sub', message: expect.stringContaining('No.') },
  });
  expect(child).toMatch(/^exec_/);
  expect((await familyOf(id)).children.nodes.map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
});

test('cancelling reaches the children of children within a second, those that wait and those that run', async () => {
  await save('sleeper', [{ key: 'py', type: 'python', config: { code: 'import time\ntime.sleep(60)' } }]);
  await save('middle', [sub('sleeper')]);
  const id = await weft.run([sub('middle')]);
  const middle = await childOf(id);
  const sleeper = await childOf(middle);
  await weft.event(sleeper, ({ __typename }) => __typename === 'NodeStarted');
  const canceledAt = Date.now();
  expect(await weft.cancel(id)).toEqual([]);
  const ends = await Promise.all([id, middle, sleeper].map(endOf));
  expect(ends.map(({ __typename }) => __typename)).toEqual(Array(3).fill('ExecutionCanceled'));
  expect(Date.now() - canceledAt).toBeLessThan(30_000); // a busy machine; a lost signal would take a minute
});

test('cancelling a child fails the node that waits for it', async () => {
  await save('waits', [{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }]);
  const id = await weft.run([sub('waits')]);
  const child = await childOf(id);
  await weft.event(child, ({ __typename }) => __typename === 'ExecutionWaiting');
  await weft.cancel(child);
  expect(await endOf(id)).toMatchObject({ error: { code: 'SUBWORKFLOW_CANCELED' } });
});

test('a child that nobody waits for lives on by itself', async () => {
  await save('later', [{ key: 'wait', type: 'delay', config: { durationMs: 1_500 } }]);
  const id = await weft.run([sub('later', { wait: false })], [], 7);
  const { output } = (await endOf(id)) as WatchedEvent;
  expect(await endOf(output.executionId)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 7 });
});

test('a parent and its child outlive their server', async () => {
  await save('slow', [{ key: 'wait', type: 'delay', config: { durationMs: 4_000 } }]);
  const id = await weft.run([sub('slow')], [], 'kept');
  const child = await childOf(id);
  await weft.event(child, ({ __typename }) => __typename === 'ExecutionWaiting');
  await server.kill();
  await open();
  expect(await endOf(id)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'kept' });
  expect((await familyOf(id)).children.nodes).toHaveLength(1);
});

test('repeat runs a workflow until it is enough, hands each output on, and keeps count', async () => {
  await save('add', [transform('more', 'input + 1')]);
  const repeat = (config: object) => ({
    key: 'again',
    type: 'repeat',
    config: { workflow: 'add', ...config },
  });
  const id = await weft.run([repeat({ until: 'output >= 13' })], [], 10);
  expect(await endOf(id)).toMatchObject({ output: 13 });
  expect((await familyOf(id)).children.nodes.map(({ input }) => input)).toEqual([12, 11, 10]);
  const counted = await weft.run(
    [repeat({ until: 'count = 2', input: 'count * 100', delayMs: 1_200 })],
    [],
    0,
  );
  expect(await endOf(counted)).toMatchObject({ output: 101 });
  const never = await weft.run([repeat({ until: 'false', maxRuns: 2 })], [], 0);
  expect(await endOf(never)).toMatchObject({ error: { code: 'REPEAT_LIMIT' } });
});

test('a workflow that starts itself ends with an error that says so', async () => {
  await save('circle', [sub('circle')]);
  const id = await weft.run([sub('circle')]);
  expect(await endOf(id)).toMatchObject({
    error: { code: 'SUBWORKFLOW_TOO_DEEP', message: expect.stringContaining('start itself') },
  });
});

test('a sub-workflow that is not there, or an input that does not fit, is a clear error', async () => {
  expect(await endOf(await weft.run([sub('nowhere')]))).toMatchObject({
    error: { code: 'SUBWORKFLOW_NOT_FOUND', message: expect.stringContaining('nowhere') },
  });
  await save('strict', [transform('same', 'input')], { inputSchema: { type: 'number' } });
  expect(await endOf(await weft.run([sub('strict')], [], 'text'))).toMatchObject({
    error: { code: 'INVALID_INPUT', message: expect.stringContaining('strict') },
  });
  const { workflowValidate } = await weft.query<{ workflowValidate: object[] }>(
    `query ($input: WorkflowInput!) { workflowValidate(input: $input) { level code field message } }`,
    { input: { name: 'x', nodes: [sub('nowhere'), { ...sub('strict', { version: 9 }), key: 'b' }] } },
  );
  expect(workflowValidate).toMatchObject([
    { level: 'WARNING', code: 'UNKNOWN_WORKFLOW', field: 'nodes.0.config.workflow' },
    { level: 'WARNING', code: 'UNKNOWN_WORKFLOW', field: 'nodes.1.config.version' },
  ]);
});
