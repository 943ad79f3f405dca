import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
const posted: Record<string, unknown>[] = [];
let arrived = Promise.withResolvers<void>();

beforeAll(async () => {
  const record = async (request: IncomingMessage, response: ServerResponse) => {
    posted.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
    response.writeHead(204).end();
    arrived.resolve();
  };
  const webhook = createServer((request, response) => void record(request, response).catch(arrived.reject));
  await once(webhook.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void webhook.close());
  const { url } = stack.use(await createDatabase());
  const env = { WEFT_ALERT_WEBHOOK_URL: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/` };
  const server = stack.use(await startWeft({ databaseUrl: url, env }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

const count = async (filter: object) => {
  const data = await weft.query<{ executionCount: number }>(
    'query ($filter: ExecutionFilter) { executionCount(filter: $filter) }',
    { filter },
  );
  return data.executionCount;
};

test('parked executions are listed, counted and told of, until somebody decides or they end', async () => {
  const nodes = [{ key: 'works', type: 'transform', config: { expression: '$error("not yet")' } }];
  const workflowId = await weft.createWorkflow({ nodes, onFailure: 'PARK' });
  const [first, second] = [await weft.start(workflowId), await weft.start(workflowId)] as const;
  for (const id of [first, second])
    await weft.event(id, ({ __typename, reason }) => __typename === 'NodeWaiting' && reason === 'FAILURE');
  const filter = { workflowId, isParked: true };
  expect(await count(filter)).toBe(2);
  expect(await count({ workflowId, isParked: false })).toBe(0);
  await arrived.promise;
  expect(posted[0]).toEqual({
    type: 'executions-parked',
    workflowId,
    parked: expect.any(Number),
    executionId: expect.any(String),
    nodeKey: 'works',
    code: 'EXPRESSION_ERROR',
    message: expect.stringContaining('not yet'),
    raisedAt: expect.any(String),
  });

  await weft.cancel(first);
  await weft.allEvents(first);
  expect(await count(filter)).toBe(1);
  await weft.query('mutation ($id: ID!) { executionResume(id: $id, action: FAIL) { userErrors { code } } }', {
    id: second,
  });
  await weft.allEvents(second);
  expect(await count(filter)).toBe(0);
  expect(await count({ workflowId, isParked: false })).toBe(2);
  expect(await count({ workflowId, createdAfter: new Date(Date.now() + 60_000).toISOString() })).toBe(0);
  expect(await count({ workflowId, createdBefore: new Date(Date.now() + 60_000).toISOString() })).toBe(2);

  // Another workflow has alerts of its own; one more of this one is within its window.
  arrived = Promise.withResolvers();
  const other = await weft.createWorkflow({ nodes, onFailure: 'PARK' });
  await weft.start(workflowId);
  await weft.start(other);
  await arrived.promise;
  expect(posted.map((alert) => alert.workflowId)).toEqual([workflowId, other]);
});
