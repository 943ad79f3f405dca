import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl: url })).url));
});
afterAll(() => stack.disposeAsync());

const python = (key: string, code: string, more: object = {}) => ({
  key,
  type: 'python',
  config: { code },
  ...more,
});
const input = { key: 'in', type: 'input' };
const chain = (...keys: string[]) => keys.slice(1).map((target, index) => ({ source: keys[index], target }));
const id = 'import uuid\nresult = str(uuid.uuid4())';
/** Hours of work, then a mistake. */
const draft = (last: string) => ({
  name: 'report',
  nodes: [input, python('load', id), python('sum', id), python('last', last)],
  edges: chain('in', 'load', 'sum', 'last'),
});

async function update(workflowId: string, input: object): Promise<void> {
  const { workflowUpdate } = await weft.query<{ workflowUpdate: { userErrors: object[] } }>(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { message } } }',
    { id: workflowId, input },
  );
  expect(workflowUpdate.userErrors).toEqual([]);
}

interface Retried {
  execution: { id: string; version: { number: number }; input: unknown } | null;
  userErrors: { code: string; field: string }[];
}
async function retry(executionId: string, args: object = {}): Promise<Retried> {
  const { executionRetry } = await weft.query<{ executionRetry: Retried }>(
    `mutation ($id: ID!, $strategy: ExecutionRetryStrategy! = FROM_FAILURE, $version: ExecutionRetryVersion! = SAME, $input: JSON) {
      executionRetry(id: $id, strategy: $strategy, version: $version, input: $input) {
        execution { id input version { number } } userErrors { code field }
      }
    }`,
    { id: executionId, ...args },
  );
  return executionRetry;
}

interface Plan {
  versionNumber: number | null;
  nodes: { nodeKey: string; action: string; reason: string | null; items: number[] }[];
  userErrors: { code: string; field: string }[];
}
async function planOf(executionId: string, args: object = {}): Promise<Plan> {
  const { executionRetryPlan } = await weft.query<{ executionRetryPlan: Plan }>(
    `query ($id: ID!, $strategy: ExecutionRetryStrategy! = FROM_FAILURE, $version: ExecutionRetryVersion! = SAME, $input: JSON) {
      executionRetryPlan(id: $id, strategy: $strategy, version: $version, input: $input) {
        versionNumber nodes { nodeKey action reason items } userErrors { code field }
      }
    }`,
    { id: executionId, ...args },
  );
  return executionRetryPlan;
}
const shortOf = ({ nodes }: Plan) =>
  nodes.map(({ nodeKey, action, reason }) => `${nodeKey} ${reason ?? action}`);
const endOf = (events: WatchedEvent[], nodeKey: string) =>
  events.find(
    (event) => event.nodeKey === nodeKey && event.item === null && /Reused|Succeeded/.test(event.__typename),
  );

test('fix the code, press retry: what was changed runs, the hours of work are kept, and the plan says so first', async () => {
  const workflowId = await weft.createWorkflow(draft('result = input_data.amount'));
  const failed = await weft.start(workflowId, { n: 1 });
  const before = await weft.allEvents(failed);
  expect(before.at(-1)!.__typename).toBe('ExecutionFailed');
  await update(workflowId, draft('result = len(input_data)'));

  expect(shortOf(await planOf(failed))).toEqual([
    'in REUSE',
    'load REUSE',
    'sum REUSE',
    'last NOT_SUCCEEDED',
  ]);
  const plan = await planOf(failed, { version: 'LATEST' });
  expect(plan.versionNumber).toBe(2);
  expect(shortOf(plan)).toEqual(['in REUSE', 'load REUSE', 'sum REUSE', 'last CHANGED']);

  const { execution } = await retry(failed, { version: 'LATEST' });
  expect(execution).toMatchObject({ version: { number: 2 }, input: { n: 1 } });
  const after = await weft.allEvents(execution!.id);
  expect(after.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 36 });
  for (const key of ['load', 'sum']) {
    expect(endOf(after, key)).toMatchObject({ __typename: 'NodeReused', output: endOf(before, key)!.output });
  }
});

test('what follows a change runs too, and what is new; a name, a place and a retry policy are no change', async () => {
  const workflowId = await weft.createWorkflow(draft('1 / 0'));
  const failed = await weft.start(workflowId);
  await weft.allEvents(failed);
  const changed = draft('result = 1');
  changed.nodes[1] = {
    ...changed.nodes[1]!,
    name: 'Load',
    retry: { maxAttempts: 2 },
  } as (typeof changed.nodes)[1];
  changed.nodes[2] = python('sum', `${id}  # mended`);
  changed.nodes.push(python('more', 'result = input_data'));
  changed.edges.push({ source: 'load', target: 'more' });
  await update(workflowId, changed);
  expect(shortOf(await planOf(failed, { version: 'LATEST' })).toSorted()).toEqual(
    ['in REUSE', 'load REUSE', 'sum CHANGED', 'last CHANGED', 'more NEW'].toSorted(),
  );
  const after = await weft.allEvents((await retry(failed, { version: 'LATEST' })).execution!.id);
  expect(after.at(-1)!.__typename).toBe('ExecutionSucceeded');
  expect(endOf(after, 'load')!.__typename).toBe('NodeReused');
  expect(endOf(after, 'sum')!.__typename).toBe('NodeSucceeded');
});

test('a run that succeeded is run again where the latest version changed it, and nothing else is', async () => {
  const workflowId = await weft.createWorkflow(draft('result = 1'));
  const first = await weft.start(workflowId);
  await weft.allEvents(first);
  expect((await retry(first)).userErrors).toMatchObject([{ code: 'NOTHING_FAILED' }]);
  await update(workflowId, draft('result = 2'));
  const { execution } = await retry(first, { version: 'LATEST' });
  const events = await weft.allEvents(execution!.id);
  expect(events.at(-1)!.output).toBe(2);
  expect(
    events.filter(({ __typename }) => __typename === 'NodeStarted').map(({ nodeKey }) => nodeKey),
  ).toEqual(['last']);
});

test('of a list that failed and is the same, the items that had succeeded are kept in the latest version too', async () => {
  const list = python('list', 'if input_data == 2:\n    raise ValueError("two")\nresult = input_data * 10', {
    forEach: { items: '[0, 1, 2, 3]', concurrency: 1 },
  });
  const workflowId = await weft.createWorkflow({ nodes: [list] });
  const failed = await weft.start(workflowId);
  await weft.allEvents(failed);
  await update(workflowId, { name: 'n', nodes: [list, python('other', '1')] });
  expect((await planOf(failed, { version: 'LATEST' })).nodes).toEqual([
    { nodeKey: 'list', action: 'RUN', reason: 'NOT_SUCCEEDED', items: [0, 1] },
    { nodeKey: 'other', action: 'RUN', reason: 'NEW', items: [] },
  ]);
});

test('another input reuses nothing, the same one given again everything, and one that does not fit is refused', async () => {
  const inputSchema = { type: 'object', required: ['n'] };
  const workflowId = await weft.createWorkflow({ ...draft('result = input_data.x'), inputSchema });
  const failed = await weft.start(workflowId, { n: 1 });
  await weft.allEvents(failed);
  expect(shortOf(await planOf(failed, { input: { n: 1 } }))[1]).toBe('load REUSE');
  expect(shortOf(await planOf(failed, { input: { n: 2 } }))).toEqual([
    'in INPUT_CHANGED',
    'load FOLLOWS',
    'sum FOLLOWS',
    'last FOLLOWS',
  ]);
  const { execution } = await retry(failed, { input: { n: 2 } });
  expect(execution).toMatchObject({ input: { n: 2 }, version: { number: 1 } });
  const events = await weft.allEvents(execution!.id);
  expect(events.filter(({ __typename }) => __typename === 'NodeReused')).toEqual([]);
  expect((await retry(failed, { input: null })).userErrors).toMatchObject([
    { code: 'INVALID_INPUT', field: 'input' },
  ]);
  await update(workflowId, { ...draft('result = 1'), inputSchema: { type: 'object', required: ['m'] } });
  expect((await retry(failed, { version: 'LATEST' })).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
  expect((await planOf(failed, { version: 'LATEST' })).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
  expect((await retry(failed, { version: 'LATEST', input: { m: 1 } })).execution).toMatchObject({
    input: { m: 1 },
  });
});

test('a deleted workflow, a pythonRun, a run that goes on and none at all are refused with their reasons', async () => {
  const alone = await weft.runPython('1 / 0');
  await weft.allEvents(alone);
  expect((await retry(alone, { version: 'LATEST' })).userErrors).toEqual([
    { code: 'NO_VERSIONS', field: 'version' },
  ]);
  expect((await retry(alone)).userErrors).toEqual([]);
  const workflowId = await weft.createWorkflow(draft('1 / 0'));
  const failed = await weft.start(workflowId);
  await weft.allEvents(failed);
  await weft.query('mutation ($id: ID!) { workflowDelete(id: $id) { userErrors { code } } }', {
    id: workflowId,
  });
  expect((await retry(failed, { version: 'LATEST' })).userErrors).toEqual([
    { code: 'NOT_FOUND', field: 'version' },
  ]);
  expect((await retry(failed)).userErrors).toEqual([]);
  const slow = await weft.runPython('import time\ntime.sleep(60)');
  expect((await planOf(slow)).userErrors).toEqual([{ code: 'NOT_ENDED', field: 'id' }]);
  await weft.cancel(slow, 'FORCE');
  expect((await planOf('exec_nope')).userErrors).toEqual([{ code: 'NOT_FOUND', field: 'id' }]);
});

test('ALL_NODES of the latest version runs all of it', async () => {
  const workflowId = await weft.createWorkflow(draft('1 / 0'));
  const failed = await weft.start(workflowId);
  await weft.allEvents(failed);
  await update(workflowId, draft('result = 1'));
  const args = { strategy: 'ALL_NODES', version: 'LATEST' };
  expect(new Set((await planOf(failed, args)).nodes.map(({ reason }) => reason))).toEqual(
    new Set(['ALL_NODES']),
  );
  const events = await weft.allEvents((await retry(failed, args)).execution!.id);
  expect(events.filter(({ __typename }) => __typename === 'NodeStarted')).toHaveLength(4);
});
