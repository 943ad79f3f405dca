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

const transform = (key: string, expression: string) => ({ key, type: 'transform', config: { expression } });
const python = (key: string, code: string) => ({ key, type: 'python', config: { code } });
const edges = [
  { source: 'before', target: 'works' },
  { source: 'works', target: 'after' },
];
const before = python('before', 'import random\nresult = random.random()');
const fails = python('works', 'raise ValueError("not yet")');
const mended = python('works', 'result = [input_data, "mended"]');
const after = transform('after', 'input');
const endOf = async (id: string) => (await weft.allEvents(id)).at(-1)!;

async function update(id: string, nodes: object[]): Promise<void> {
  const { workflowUpdate } = await weft.query<{ workflowUpdate: { userErrors: unknown[] } }>(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { message } } }',
    { id, input: { name: 'test', nodes, edges, onFailure: 'PARK' } },
  );
  expect(workflowUpdate.userErrors).toEqual([]);
}

/** Runs it until it is parked after its failure. */
async function begin(): Promise<{ id: string; workflowId: string }> {
  const workflowId = await weft.createWorkflow({ nodes: [before, fails, after], edges, onFailure: 'PARK' });
  const id = await weft.start(workflowId);
  await weft.event(id, ({ __typename, reason }) => __typename === 'ExecutionWaiting' && reason === 'FAILURE');
  return { id, workflowId };
}

async function resume(id: string, more: object = {}): Promise<string[]> {
  const { executionResume } = await weft.query<{ executionResume: { userErrors: { code: string }[] } }>(
    `mutation ($id: ID!, $action: FailureAction, $version: ExecutionRetryVersion) {
      executionResume(id: $id, action: $action, version: $version) { execution { status } userErrors { code message } }
    }`,
    { id, action: 'RETRY', version: 'SAME', ...more },
  );
  return executionResume.userErrors.map(({ code }) => code);
}

test('a failure waits for somebody; mended in a later version, the execution goes on and keeps what it had', async () => {
  const { id, workflowId } = await begin();
  const { execution } = await weft.query<{ execution: object }>(
    'query ($id: ID!) { execution(id: $id) { status wait { reason until } nodeExecutions { nodeKey status error { message } } } }',
    { id },
  );
  expect(execution).toEqual({
    status: 'WAITING',
    wait: { reason: 'FAILURE', until: null },
    nodeExecutions: [
      { nodeKey: 'before', status: 'SUCCEEDED', error: null },
      { nodeKey: 'works', status: 'WAITING', error: { message: 'not yet' } },
    ],
  });
  await update(workflowId, [before, mended, after]);
  expect(await resume(id, { version: 'LATEST' })).toEqual([]);
  const events = await weft.allEvents(id);
  const first = events.find(
    ({ __typename, nodeKey }) => __typename === 'NodeSucceeded' && nodeKey === 'before',
  )!;
  expect(events.at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: [first.output, 'mended'],
  });
  expect(
    events.filter(({ __typename, nodeKey }) => __typename === 'NodeStarted' && nodeKey === 'before'),
  ).toHaveLength(1);
  const { execution: moved } = await weft.query<{ execution: object }>(
    'query ($id: ID!) { execution(id: $id) { version { number } } }',
    { id },
  );
  expect(moved).toEqual({ version: { number: 2 } });
});

test('resumed as it is, it fails again and waits again; given up, it fails with the error', async () => {
  const { id } = await begin();
  expect(await resume(id)).toEqual([]);
  let waits = 0;
  await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting' && ++waits === 2);
  expect(await resume(id, { action: 'FAIL' })).toEqual([]);
  expect(await endOf(id)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'PYTHON_EXECUTION_ERROR', message: 'not yet', nodeKey: 'works' },
  });
  expect(await resume(id)).toEqual(['ALREADY_ENDED']);
});

test('of a list only the items that had failed run again', async () => {
  const list = (code: string) => ({
    ...python('works', code),
    forEach: { items: '[1, 2, 3]', concurrency: 1 },
  });
  const good = list('import random\nresult = random.random()');
  const failing = list(
    'import random\nif input_data == 2:\n    raise ValueError("two")\nresult = random.random()',
  );
  const only = [{ source: 'works', target: 'after' }];
  const workflowId = await weft.createWorkflow({ nodes: [failing, after], edges: only, onFailure: 'PARK' });
  const id = await weft.start(workflowId);
  await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
  const { workflowUpdate } = await weft.query<{ workflowUpdate: { userErrors: unknown[] } }>(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { message } } }',
    { id: workflowId, input: { name: 'test', nodes: [good, after], edges: only, onFailure: 'PARK' } },
  );
  expect(workflowUpdate.userErrors).toEqual([]);
  expect(await resume(id, { version: 'LATEST' })).toEqual([]);
  const events = await weft.allEvents(id);
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
  const started = events.filter(({ __typename, item }) => __typename === 'NodeStarted' && item !== null);
  expect(started.map(({ item }) => item)).toEqual([0, 1, 1, 2]);
});

test('an execution that waits after no failure, a version that changes what has run, and two at once are refused', async () => {
  const plain = await weft.run([{ key: 'wait', type: 'delay', config: { durationMs: 60_000 } }]);
  await weft.event(plain, ({ __typename }) => __typename === 'ExecutionWaiting');
  expect(await resume(plain)).toEqual(['NOT_PARKED']);
  expect(await resume('exec_nowhere')).toEqual(['NOT_FOUND']);
  await weft.cancel(plain);

  const { id, workflowId } = await begin();
  await update(workflowId, [python('before', 'result = 1'), mended, after]);
  expect(await resume(id, { version: 'LATEST' })).toEqual(['CHANGED_ALREADY_RUN']);
  const both = await Promise.all([resume(id, { action: 'FAIL' }), resume(id)]);
  expect(both.filter((codes) => codes.length === 0)).toHaveLength(1);
  expect(both.flat()).toHaveLength(1);
});
