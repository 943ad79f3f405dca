import { connect } from '../support/sql.ts';
import { startTcpProxy, withoutNotifications } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { untilNotified } from '../support/until-notified.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Three replicas of one database: an API, a worker, and an API whose notifications are all lost. */
let stack: AsyncDisposableStack;
let databaseUrl: string;
let worker: WeftServer;
let api: WeftClient;
let deaf: WeftClient;
let swallowed = 0;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  databaseUrl = stack.use(await createDatabase()).url;
  const proxy = stack.use(await startTcpProxy(databaseUrl, () => withoutNotifications(() => swallowed++)));
  const start = async (roles: string, url: string) =>
    stack.use(await startWeft({ databaseUrl: url, env: { WEFT_ROLES: roles } }));
  const [apiServer, deafServer, workerServer] = await Promise.all([
    start('api', databaseUrl),
    start('api', proxy.url),
    start('worker', databaseUrl),
  ]);
  worker = workerServer;
  api = stack.use(new WeftClient(apiServer.url));
  deaf = stack.use(new WeftClient(deafServer.url));
});
afterAll(() => stack.disposeAsync());

function expectDense(events: WatchedEvent[]): void {
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
}

const printing = (lines: number, everySeconds: number) =>
  `import time\nfor n in range(${lines}):\n    print(n, flush=True)\n    time.sleep(${everySeconds})\nresult = "done"`;

test('a worker alone answers probes, and names the role that serves the API', async () => {
  expect((await fetch(new URL('/healthz', worker.url))).status).toBe(200);
  expect((await fetch(new URL('/readyz', worker.url))).status).toBe(200);
  const elsewhere = await fetch(new URL('/graphql', worker.url));
  expect(elsewhere.status).toBe(404);
  expect(await elsewhere.text()).toContain('WEFT_ROLES');
});

test('an API alone reports its roles and checks Python', async () => {
  const { serverInfo, pythonCheck } = await api.query<{
    serverInfo: { roles: string[] };
    pythonCheck: { ok: boolean };
  }>('{ serverInfo { roles } pythonCheck(code: "import os") { ok } }');
  expect(serverInfo.roles).toEqual(['api']);
  expect(pythonCheck.ok).toBe(false);
});

test('a subscriber misses and doubles nothing while the connections that listen are cut again and again', async () => {
  await using sql = await connect(databaseUrl);
  const id = await api.runPython(printing(150, 0.02));
  const events: WatchedEvent[] = [];
  let cuts = 0;
  for await (const event of api.events(id)) {
    events.push(event);
    if (event.sequence % 10 !== 0) continue; // lines that come at once, on a busy machine, are one event
    const { rowCount } = await sql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'weft listener' AND datname = current_database()`,
    );
    cuts += rowCount ?? 0;
  }
  expectDense(events);
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'done' });
  expect(events).toEqual(await api.allEvents(id));
  expect(cuts).toBeGreaterThan(3);
});

test('a subscriber whose every notification is lost gets all events, in order, and the end', async () => {
  const swallowedBefore = swallowed;
  const id = await deaf.runPython(printing(50, 0.05));
  const events = await deaf.allEvents(id);
  expectDense(events);
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
  expect(events).toEqual(await api.allEvents(id));
  expect(swallowed).toBeGreaterThan(swallowedBefore);
});

test('executionUpdates reports each change once, though every notification is lost', async () => {
  const workflowId = await deaf.createWorkflow({
    nodes: [{ key: 'a', type: 'python', config: { code: 'result = 1' } }],
  });
  const updates = deaf.subscribe<{ executionUpdates: { id: string; status: string } }>(
    'subscription ($workflowId: ID) { executionUpdates(workflowId: $workflowId, statuses: [SUCCEEDED]) { id status } }',
    { workflowId },
  );
  const next = async () => (await updates.next()).value.data.executionUpdates.id;
  const runToItsEnd = async () => {
    const id = await api.start(workflowId);
    await api.allEvents(id);
    return id;
  };
  const reported = [await untilNotified(next(), runToItsEnd)];
  for (let more = 0; more < 2; more++) {
    const id = await runToItsEnd();
    while (!reported.includes(id)) reported.push(await next());
  }
  expect(reported).toEqual([...new Set(reported)]);
  await updates.return!();
});
