import { waitingFor } from '../support/limited-runs.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl: url }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

const transform = (key: string, expression = 'input') => ({ key, type: 'transform', config: { expression } });
/** Waits until the test cancels it. */
const hour = { key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } };
const perKey = (more: object = {}) => ({ concurrency: { max: 1, key: 'input.key', ...more } });
const kinds = async (id: string) =>
  (await weft.allEvents(id))
    .map(({ __typename }) => __typename)
    .filter((type) => type.startsWith('Execution'));
const started = (id: string) => weft.event(id, ({ __typename }) => __typename === 'ExecutionStarted');
/** It has started, and waits in its node. */
const resting = (id: string) =>
  weft.event(id, ({ __typename, reason }) => __typename === 'ExecutionWaiting' && reason === 'DELAY');

interface Start {
  execution: { id: string; status: string } | null;
  userErrors: { code: string; field: string; message: string }[];
}

async function tryStart(workflowId: string, input: unknown, more: object = {}): Promise<Start> {
  const { executionStart } = await weft.query<{ executionStart: Start }>(
    `mutation ($input: ExecutionStartInput!) { executionStart(input: $input) {
      execution { id status } userErrors { code field message }
    } }`,
    { input: { workflowId, input, ...more } },
  );
  return executionStart;
}

async function update(id: string, input: object): Promise<void> {
  const { workflowUpdate } = await weft.query<{ workflowUpdate: { userErrors: unknown[] } }>(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { message } } }',
    { id, input: { name: 'test', edges: [], ...input } },
  );
  expect(workflowUpdate.userErrors).toEqual([]);
}

test('one of a key runs at once; what waits says why, and goes on by priority, then by age', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], ...perKey() });
  const running = await weft.start(workflowId, { key: 'a' });
  await resting(running);
  const { execution } = await tryStart(workflowId, { key: 'a' });
  expect(execution!.status).toBe('WAITING');
  const waiting = execution!.id;
  const urgent = await weft.start(workflowId, { key: 'a' }, { priority: 5 });
  await started(await weft.start(workflowId, { key: 'b' }));
  const place = { limit: 'CONCURRENCY', key: 'a', since: expect.any(String), until: null };
  expect(await waitingFor(weft, urgent)).toEqual({
    status: 'WAITING',
    waitingFor: { ...place, position: 1 },
  });
  expect(await waitingFor(weft, waiting)).toEqual({
    status: 'WAITING',
    waitingFor: { ...place, position: 2 },
  });
  expect(await waitingFor(weft, running)).toEqual({ status: 'WAITING', waitingFor: null });

  await weft.cancel(running);
  await resting(urgent);
  expect(await waitingFor(weft, waiting)).toMatchObject({ waitingFor: { position: 1 } });
  await weft.cancel(urgent);
  expect(await kinds(urgent)).toEqual([
    'ExecutionQueued',
    'ExecutionWaiting',
    'ExecutionResumed',
    'ExecutionStarted',
    'ExecutionWaiting',
    'ExecutionCanceled',
  ]);
  await started(waiting);
  await weft.cancel(waiting);
});

test('one that waits can be cancelled, and those behind it move up', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], ...perKey() });
  const ids = [];
  for (let n = 0; n < 3; n += 1) ids.push(await weft.start(workflowId, { key: 1 }));
  await weft.cancel(ids[1]!);
  expect(await kinds(ids[1]!)).toEqual(['ExecutionQueued', 'ExecutionWaiting', 'ExecutionCanceled']);
  await weft.cancel(ids[0]!);
  await started(ids[2]!);
  await weft.cancel(ids[2]!);
});

test('DROP refuses what is more, and a repeated idempotency key still gives its execution', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], ...perKey({ whenFull: 'DROP' }) });
  const first = await tryStart(workflowId, { key: 'a' }, { idempotencyKey: 'one' });
  const id = first.execution!.id;
  const dropped = await tryStart(workflowId, { key: 'a' }, { idempotencyKey: 'two' });
  expect(dropped).toMatchObject({
    execution: null,
    userErrors: [{ code: 'CONCURRENCY_LIMIT', message: expect.stringContaining('with the key "a"') }],
  });
  expect((await tryStart(workflowId, { key: 'a' }, { idempotencyKey: 'one' })).execution!.id).toBe(id);
  expect((await tryStart(workflowId, { key: 'b' }, { idempotencyKey: 'one' })).userErrors[0]!.code).toBe(
    'IDEMPOTENCY_CONFLICT',
  );
  await weft.cancel(id);
  await weft.allEvents(id);
  const later = await tryStart(workflowId, { key: 'a' }, { idempotencyKey: 'two' });
  expect(later.userErrors).toEqual([]);
  await weft.cancel(later.execution!.id);
});

test('REPLACE ends the oldest and what waits for its place, and the last one runs', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], ...perKey({ whenFull: 'REPLACE' }) });
  const [first, second, third] = [
    await weft.start(workflowId, { key: 'a' }),
    await weft.start(workflowId, { key: 'a' }),
    await weft.start(workflowId, { key: 'a' }),
  ];
  await started(third!);
  expect((await weft.allEvents(first!)).at(-1)).toMatchObject({
    __typename: 'ExecutionCanceled',
    replacedBy: second,
  });
  expect((await weft.allEvents(second!)).at(-1)).toMatchObject({ replacedBy: third });
  await weft.cancel(third!);
  expect((await weft.allEvents(third!)).at(-1)).toMatchObject({ replacedBy: null });
});

test('a new version lets go what waits: with more room, and without the limit', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], concurrency: { max: 1 } });
  const ids: string[] = [];
  for (let n = 0; n < 4; n += 1) ids.push(await weft.start(workflowId));
  expect((await waitingFor(weft, ids[3]!)).waitingFor).toMatchObject({ key: null, position: 3 });
  await update(workflowId, { nodes: [hour], concurrency: { max: 2 } });
  await started(ids[1]!);
  expect((await waitingFor(weft, ids[3]!)).waitingFor).toMatchObject({ position: 2 });
  await update(workflowId, { nodes: [hour] });
  await Promise.all(ids.map(started));
  for (const id of ids) await weft.cancel(id);
});

test('what waits when its workflow is deleted runs all the same, in its turn', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], concurrency: { max: 1 } });
  const [first, second] = [await weft.start(workflowId), await weft.start(workflowId)];
  await weft.query('mutation ($id: ID!) { workflowDelete(id: $id) { deletedWorkflowId } }', {
    id: workflowId,
  });
  expect(await waitingFor(weft, second!)).toMatchObject({ status: 'WAITING' });
  await weft.cancel(first!);
  await started(second!);
  await weft.cancel(second!);
});

test('a child that is awaited runs in the slot of its starter; one of another workflow waits for its own', async () => {
  const inner = await weft.createWorkflow({ nodes: [hour], concurrency: { max: 1 } });
  const blocking = await weft.start(inner);
  const outer = await weft.createWorkflow({
    nodes: [{ key: 'inner', type: 'subworkflow', config: { workflow: inner } }],
    concurrency: { max: 1 },
  });
  const parent = await weft.start(outer, null, { priority: 4 });
  await weft.event(parent, ({ __typename }) => __typename === 'ExecutionWaiting');
  const { execution } = await weft.query<{
    execution: { children: { nodes: { id: string; priority: number }[] } };
  }>('query ($id: ID!) { execution(id: $id) { children { nodes { id priority } } } }', { id: parent });
  const child = execution.children.nodes[0]!;
  expect(child.priority).toBe(4);
  expect((await waitingFor(weft, child.id)).waitingFor).toMatchObject({ limit: 'CONCURRENCY' });
  await weft.cancel(blocking);
  await started(child.id);
  await weft.cancel(parent);

  const key = 'calls-itself';
  const nodes = [
    { key: 'again', type: 'branch', config: { condition: 'input.left > 0' } },
    {
      key: 'inner',
      type: 'subworkflow',
      config: { workflow: key, input: '{{ {"left": input.left - 1} }}' },
    },
    transform('end', '"end"'),
  ];
  const edges = [
    { source: 'again', sourceHandle: 'true', target: 'inner' },
    { source: 'again', sourceHandle: 'false', target: 'end' },
  ];
  const { workflowUpsert } = await weft.query<{ workflowUpsert: { workflow: { id: string } | null } }>(
    `mutation ($key: String!, $input: WorkflowInput!) { workflowUpsert(key: $key, input: $input) {
      workflow { id } userErrors { message } } }`,
    { key, input: { name: key, nodes, edges, concurrency: { max: 1 } } },
  );
  const id = await weft.start(workflowUpsert.workflow!.id, { left: 2 });
  expect((await weft.allEvents(id)).at(-1)!.__typename).toBe('ExecutionSucceeded');
});

test('a retry takes its turn, from the failure too', async () => {
  const nodes = [
    { key: 'fails', type: 'fail', config: { code: 'NO', message: 'no' } },
    transform('works', '1'),
  ];
  const workflowId = await weft.createWorkflow({ nodes, concurrency: { max: 1 } });
  const failed = await weft.start(workflowId);
  await weft.allEvents(failed);
  await update(workflowId, { nodes: [hour], concurrency: { max: 1 } });
  const blocking = await weft.start(workflowId);
  const retry = await weft.retry(failed);
  expect((await waitingFor(weft, retry)).waitingFor).toMatchObject({ position: 1 });
  await weft.cancel(blocking);
  const types = (await weft.allEvents(retry)).map(({ __typename }) => __typename);
  expect(types.slice(0, 4)).toEqual([
    'ExecutionQueued',
    'ExecutionWaiting',
    'ExecutionResumed',
    'ExecutionStarted',
  ]);
  expect(types.at(-1)).toBe('ExecutionFailed');
});

test('a key that no limit can count under refuses the start, and says what it got', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [transform('a')], ...perKey() });
  const [object, long, failing] = [
    await tryStart(workflowId, { key: { a: 1 } }),
    await tryStart(workflowId, { key: 'x'.repeat(300) }),
    await tryStart(
      await weft.createWorkflow({ nodes: [transform('a')], ...perKey({ key: '$number(input)' }) }),
      'x',
    ),
  ];
  expect(object.userErrors[0]).toMatchObject({
    code: 'INVALID_LIMIT_KEY',
    message: expect.stringContaining('got an object with the key a'),
  });
  expect(long.userErrors[0]!.message).toContain('a text of 302 characters');
  expect(failing.userErrors[0]!.code).toBe('INVALID_LIMIT_KEY');
  expect((await tryStart(workflowId, {})).userErrors).toEqual([]);
});

test('limits that cannot be are refused when the workflow is saved', async () => {
  const { workflowValidate } = await weft.query<{ workflowValidate: { field: string; message: string }[] }>(
    'query ($input: WorkflowInput!) { workflowValidate(input: $input) { field message } }',
    {
      input: {
        name: 'test',
        nodes: [transform('a')],
        concurrency: { max: 0, key: 'input.' },
        rate: { max: 1, perMs: 1e12, key: 'customerId' },
        debounce: { waitMs: 5_000, maxWaitMs: 1_000 },
        priority: 6,
      },
    },
  );
  const messages = Object.fromEntries(workflowValidate.map(({ field, message }) => [field, message]));
  expect(messages).toEqual({
    'concurrency.max': 'Expected `concurrency.max` to be an integer from 1 to 10000, got 0.',
    'concurrency.key': expect.any(String),
    'rate.perMs': 'Expected `rate.perMs` to be an integer from 1000 to 2678400000, got 1000000000000.',
    'rate.key': expect.stringContaining('`input.customerId`'),
    'debounce.maxWaitMs': 'Expected `debounce.maxWaitMs` to be an integer from 5000 to 2678400000, got 1000.',
    priority: 'Expected `priority` to be an integer from 1 to 5, got 6.',
  });
  const { userErrors } = await tryStart(await weft.createWorkflow({ nodes: [transform('a')] }), null, {
    priority: 0,
  });
  expect(userErrors[0]!.field).toBe('priority');
});
