import { createClient } from '@weft/client';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let databaseUrl: string;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const server = stack.use(await startWeft({ databaseUrl }));
  weft = stack.use(new WeftClient(server.url));
  client = createClient({ url: new URL('/', server.url).href });
});
afterAll(() => stack.disposeAsync());

const hour = { key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } };
const fails = { key: 'fails', type: 'fail', config: { code: 'NO', message: 'no' } };

async function startMany(workflowId: string, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => weft.start(workflowId)));
}

interface Result {
  matched: number;
  changed: number;
  refused: number;
  refusals: { code: string; count: number }[];
  endCursor: string | null;
  userErrors: { field: string }[];
}

async function bulk(name: string, variables: object): Promise<Result> {
  const names = Object.keys(variables);
  const types: Record<string, string> = {
    filter: 'ExecutionFilter!',
    first: 'Int',
    after: 'ID',
    dryRun: 'Boolean',
    idempotencyKey: 'String',
    strategy: 'ExecutionRetryStrategy',
  };
  const data = await weft.query<Record<string, Result>>(
    `mutation (${names.map((each) => `$${each}: ${types[each]}`)}) {
      ${name}(${names.map((each) => `${each}: $${each}`)}) {
        matched changed refused refusals { code count } endCursor userErrors { field } } }`,
    variables,
  );
  return data[name]!;
}
const cancelAll = (variables: object) => bulk('executionsCancel', variables);
const retryAll = (variables: object) => bulk('executionsRetry', variables);

test('all of a filter are cancelled, so many a request, and no others', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], concurrency: { max: 2 } });
  const other = await weft.start(await weft.createWorkflow({ nodes: [hour] }));
  const ids = await startMany(workflowId, 7);
  const filter = { workflowId };
  expect(await cancelAll({ filter, dryRun: true })).toMatchObject({
    matched: 7,
    changed: 0,
    endCursor: null,
  });
  const first = await cancelAll({ filter, first: 5 });
  expect(first).toMatchObject({ matched: 7, changed: 5, refused: 0, endCursor: expect.any(String) });
  expect(await cancelAll({ filter, first: 5, after: first.endCursor })).toMatchObject({
    matched: 2,
    changed: 2,
    endCursor: null,
  });
  for (const id of ids) expect((await weft.allEvents(id)).at(-1)!.__typename).toBe('ExecutionCanceled');
  expect(await client.executions.count({ statuses: ['WAITING'], workflowId })).toBe(0);
  expect(await cancelAll({ filter })).toMatchObject({ matched: 0, changed: 0 });
  expect((await weft.cancel(other)).length).toBe(0);
});

test('all of a filter are retried, once for a key however often it is sent; what cannot be is counted', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [fails] });
  const ids = await startMany(workflowId, 6);
  for (const id of ids) await weft.allEvents(id);
  const filter = { workflowId, statuses: ['FAILED'] };
  const request = { filter, first: 500, idempotencyKey: 'once' };
  expect(await retryAll({ ...request, dryRun: true })).toMatchObject({ matched: 6, changed: 0 });
  expect(await retryAll(request)).toMatchObject({ matched: 6, changed: 6, refused: 0, endCursor: null });
  await using sql = await connect(databaseUrl);
  const countRetries = async () => {
    const { rows } = await sql.query(
      'SELECT count(*)::int AS count FROM executions WHERE retry_of = ANY ($1)',
      [ids],
    );
    return rows[0].count;
  };
  // The retries have failed by now, or will have: only what was there before is asked for again.
  const before = ids.toSorted();
  expect(await retryAll({ ...request, after: before.at(-1) })).toMatchObject({ matched: 5, changed: 5 });
  expect(await countRetries()).toBe(6);

  const works = await weft.createWorkflow({
    nodes: [{ ...hour, type: 'transform', config: { expression: '1' } }],
  });
  for (const id of await startMany(works, 3)) await weft.allEvents(id);
  expect(await retryAll({ filter: { workflowId: works } })).toMatchObject({ matched: 0 });
  const all = { workflowId: works, statuses: ['SUCCEEDED'] };
  expect(await retryAll({ filter: all })).toMatchObject({
    matched: 3,
    changed: 0,
    refused: 3,
    refusals: [{ code: 'NOTHING_FAILED', count: 3 }],
  });
  expect(await retryAll({ filter: all, strategy: 'ALL_NODES' })).toMatchObject({ changed: 3 });
});

test('the client goes on request by request, and tells how far it is', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [hour], concurrency: { max: 1 } });
  await startMany(workflowId, 130);
  const seen: number[] = [];
  const filter = { workflowId };
  expect(await client.executions.cancelAll({ filter, dryRun: true })).toMatchObject({ matched: 130 });
  const result = await client.executions.cancelAll({
    filter,
    onProgress: ({ changed }) => seen.push(changed),
  });
  expect(result).toEqual({ matched: 130, changed: 130, refused: 0, refusals: [] });
  expect(seen).toEqual([100, 130]);
  // One that was let through meanwhile may be in a worker's hands, which ends it.
  const canceled = { workflowId, statuses: ['CANCELED' as const] };
  await eventually('all have ended', async () => (await client.executions.count(canceled)) === 130);
  expect(await client.executions.retryAll({ filter, strategy: 'ALL_NODES' })).toMatchObject({ changed: 130 });
  await client.executions.cancelAll({ filter });
});

test('bad input is named', async () => {
  for (const [variables, field] of [
    [{ first: 0 }, 'first'],
    [{ first: 501 }, 'first'],
    [{ after: 'x' }, 'after'],
  ] as const)
    expect((await cancelAll({ filter: {}, ...variables })).userErrors).toEqual([{ field }]);
  expect((await retryAll({ filter: {}, idempotencyKey: '' })).userErrors).toEqual([
    { field: 'idempotencyKey' },
  ]);
});
