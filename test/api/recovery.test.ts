import { ageHeartbeats } from '../support/age-heartbeats.ts';
import { connect } from '../support/sql.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

let stack: AsyncDisposableStack;
let databaseUrl: string;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  databaseUrl = stack.use(await createDatabase()).url;
});
afterEach(() => stack.disposeAsync());

const python = (key: string, code: string) => ({ key, type: 'python', config: { code, timeoutMs: 120_000 } });
/**
 * Until so many seconds after now, so that an attempt which comes later need not sleep as long. By then a busy machine has
 * to get to where the test ends the server.
 */
const sleep = (seconds: number) => `time.sleep(max(0, ${Date.now() / 1_000 + seconds} - time.time()))`;
const slow = (seconds: number) => `import time\nprint("on")\n${sleep(seconds)}\nresult = "done"`;
const isOutputOf = (nodeKey: string) => (event: WatchedEvent) =>
  event.__typename === 'NodeOutput' && event.nodeKey === nodeKey;
const count = (events: WatchedEvent[], type: string, nodeKey: string) =>
  events.filter((event) => event.__typename === type && event.nodeKey === nodeKey).length;

async function open(options: Parameters<typeof startWeft>[0] = {}) {
  const server = stack.use(await startWeft({ databaseUrl, ...options }));
  return { server, weft: stack.use(new WeftClient(server.url)) };
}

function expectDense(events: WatchedEvent[]): void {
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
}

test('a worker killed with -9 is replaced: what finished stays, what ran is run again', async () => {
  const first = await open();
  const nodes = [python('a', 'result = 1'), python('b', slow(15)), python('c', 'result = input_data')];
  const id = await first.weft.run(nodes, [
    { source: 'a', target: 'b' },
    { source: 'b', target: 'c' },
  ]);
  await first.weft.event(id, isOutputOf('b'));
  await first.server.kill();

  const second = await open();
  const upAt = Date.now();
  const events: WatchedEvent[] = [];
  for await (const event of second.weft.events(id)) {
    events.push(event);
    // 8 to 13 s where the machine is not slow (queue.ts).
    if (event.__typename === 'NodeStarted' && event.attempt === 2)
      expect(Date.now() - upAt).toBeLessThan(30_000);
  }
  expectDense(events);
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'done' });
  expect(count(events, 'NodeStarted', 'a')).toBe(1);
  expect(count(events, 'NodeStarted', 'b')).toBe(2);
  for (const nodeKey of ['a', 'b', 'c']) expect(count(events, 'NodeSucceeded', nodeKey)).toBe(1);
});

test('a worker killed with -9 in a retry from the failure is replaced: items that were reused stay reused', async () => {
  const first = await open();
  const code = `import time, uuid\nprint("on")\nif input_data == 2:\n    ${sleep(20)}\nresult = str(uuid.uuid4())`;
  const items = { ...python('list', code), forEach: { items: 'input', concurrency: 1 } };
  const isUnderWay = (event: WatchedEvent) => isOutputOf('list')(event) && event.item === 2;
  const canceled = await first.weft.run([items], [], [0, 1, 2]);
  await first.weft.event(canceled, isUnderWay);
  expect(await first.weft.cancel(canceled)).toEqual([]);
  const succeeded = (await first.weft.allEvents(canceled)).filter(
    ({ __typename }) => __typename === 'NodeSucceeded',
  );

  const id = await first.weft.retry(canceled);
  await first.weft.event(id, isUnderWay);
  await first.server.kill();
  await ageHeartbeats(databaseUrl);
  const events = await (await open()).weft.allEvents(id);
  expectDense(events);
  expect(events.at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: [...succeeded.map(({ output }) => output), expect.any(String)],
  });
  const nodesOf = (type: string) =>
    events.filter(({ __typename }) => __typename === type).map(({ item }) => item);
  expect(nodesOf('NodeReused')).toEqual([0, 1]);
  expect(nodesOf('NodeStarted')).toEqual([null, 2, null, 2]);
  expect(nodesOf('NodeSucceeded')).toEqual([2, null]);
});

test('another worker takes over while a client goes on watching, and sees each event once', async () => {
  const api = await open({ env: { WEFT_ROLES: 'api' } });
  const doomed = await open();
  const id = await api.weft.run([python('a', slow(6))]);
  const watched = api.weft.allEvents(id);
  await api.weft.event(id, isOutputOf('a'));
  const heir = await open();
  await doomed.server.kill();
  await ageHeartbeats(databaseUrl);
  const events = await watched;
  expectDense(events);
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
  expect(count(events, 'NodeSucceeded', 'a')).toBe(1);
  expect(await heir.weft.allEvents(id)).toEqual(events);
});

test('a server that gets SIGTERM releases its executions at once, and no node counts an interruption', async () => {
  const first = await open();
  const id = await first.weft.run([python('a', slow(15))]);
  await first.weft.event(id, isOutputOf('a'));
  expect(await first.server.stop()).toBe(0);

  const second = await open();
  const events = await second.weft.allEvents(id);
  expectDense(events);
  expect(events.find(({ __typename }) => __typename === 'NodeRetryScheduled')).toMatchObject({
    error: { code: 'WORKER_STOPPED' },
  });
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
});

test('with a time of grace, what runs goes on to its end, nothing more is begun, and the next server does the rest', async () => {
  const first = await open({ env: { WEFT_SHUTDOWN_GRACE_SECONDS: '60' } });
  const items = {
    ...python('list', `import time\nprint("on")\n${sleep(20)}\nresult = input_data`),
    forEach: { items: 'input', concurrency: 1 },
  };
  const chain = await first.weft.run(
    [python('a', slow(20)), python('b', 'result = input_data')],
    [{ source: 'a', target: 'b' }],
  );
  const list = await first.weft.run([items], [], [1, 2, 3]);
  const last = await first.weft.run([python('a', slow(20))]);
  await Promise.all([
    first.weft.event(chain, isOutputOf('a')),
    first.weft.event(list, isOutputOf('list')),
    first.weft.event(last, isOutputOf('a')),
  ]);
  expect(await first.server.stop()).toBe(0);

  const api = await open({ env: { WEFT_ROLES: 'api' } });
  const soFar = await api.weft.query<Record<'chain' | 'list' | 'last', { status: string }>>(`{
    chain: execution(id: "${chain}") { status } list: execution(id: "${list}") { status } last: execution(id: "${last}") { status }
  }`);
  expect([soFar.chain, soFar.list, soFar.last].map(({ status }) => status)).toEqual([
    'RUNNING',
    'RUNNING',
    'SUCCEEDED',
  ]);
  await open({ env: { WEFT_ROLES: 'worker' } });
  const chained = await api.weft.allEvents(chain);
  expectDense(chained);
  expect(chained.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'done' });
  for (const nodeKey of ['a', 'b']) expect(count(chained, 'NodeStarted', nodeKey)).toBe(1);
  const listed = await api.weft.allEvents(list);
  expect(listed.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: [1, 2, 3] });
  for (const item of [0, 1, 2]) {
    const starts = listed.filter((event) => event.__typename === 'NodeStarted' && event.item === item);
    expect(starts).toHaveLength(1);
  }
});

test('what outlasts the time of grace is given up for another worker', async () => {
  const first = await open({ env: { WEFT_SHUTDOWN_GRACE_SECONDS: '0.5' } });
  const id = await first.weft.run([python('a', slow(15))]);
  await first.weft.event(id, isOutputOf('a'));
  expect(await first.server.stop()).toBe(0);
  const second = await open();
  const events = await second.weft.allEvents(id);
  expect(events.map(({ __typename }) => __typename)).toContain('NodeRetryScheduled');
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
});

test('a node that kills its worker every time ends as an error, and not as a loop', async () => {
  let { server, weft } = await open();
  const id = await weft.run([python('killer', slow(600))]);
  for (let attempt = 1; attempt <= 3; attempt++) {
    await weft.event(id, (event) => isOutputOf('killer')(event) && event.attempt === attempt);
    await server.kill();
    await ageHeartbeats(databaseUrl);
    ({ server, weft } = await open());
  }
  const events = await weft.allEvents(id);
  expectDense(events);
  expect(count(events, 'NodeStarted', 'killer')).toBe(3);
  expect(events.at(-1)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'NODE_INTERRUPTED', nodeKey: 'killer' },
  });
});

test('a start that cannot be committed is an error, and nothing of it is there, not even of code that had begun', async () => {
  await using toDatabase = await startTcpProxy(databaseUrl);
  const { weft } = await open({ databaseUrl: toDatabase.url });
  const code = 'save_artifact("a.txt", "begun")\nimport subprocess';
  const refused = Promise.withResolvers<void>();
  toDatabase.manners = (sent) => {
    if (!sent.includes('weft-insert-execution')) return 'pass';
    refused.resolve();
    return 'refuse';
  };
  await expect(weft.runPython(code)).rejects.toThrow('DATABASE_UNAVAILABLE');
  await refused.promise;
  toDatabase.manners = () => 'pass';

  expect((await weft.allEvents(await weft.runPython('result = 1'))).at(-1)!.output).toBe(1);
  await using sql = await connect(databaseUrl);
  for (const table of ['executions', 'execution_events', 'artifacts', 'security_violations']) {
    const { rows } = await sql.query(
      `SELECT count(DISTINCT ${table === 'executions' ? 'id' : 'execution_id'})::int AS count FROM ${table}`,
    );
    expect({ table, ...rows[0] }).toEqual({ table, count: table.startsWith('exec') ? 1 : 0 });
  }
});

test('an execution that was started with no worker about is run when one comes', async () => {
  const api = await open({ env: { WEFT_ROLES: 'api' } });
  const id = await api.weft.runPython('result = 1');
  const canceled = await api.weft.runPython('result = 2');
  expect(await api.weft.cancel(canceled)).toEqual([]);
  expect((await api.weft.allEvents(canceled)).at(-1)!.__typename).toBe('ExecutionCanceled');
  await open();
  expect((await api.weft.allEvents(id)).at(-1)!.output).toBe(1);
  expect((await api.weft.allEvents(canceled)).map(({ __typename }) => __typename)).toEqual([
    'ExecutionQueued',
    'ExecutionCanceled',
  ]);
});

test('a client that comes back with its cursor gets the rest, no gap and no double, from another server', async () => {
  const first = await open();
  const id = await first.weft.runPython('for n in range(20):\n    print(n, flush=True)\nresult = 1');
  const seen: WatchedEvent[] = [];
  for await (const event of first.weft.events(id)) {
    seen.push(event);
    if (seen.length === 4) break;
  }
  await first.server.kill();
  const second = await open();
  for await (const event of second.weft.events(id, seen.at(-1)!.cursor)) seen.push(event);
  expectDense(seen);
  expect(seen).toEqual(await second.weft.allEvents(id));
});
