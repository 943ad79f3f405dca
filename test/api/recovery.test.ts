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
const slow = (seconds: number) => `import time\nprint("on")\ntime.sleep(${seconds})\nresult = "done"`;
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

test('a worker killed with -9 is replaced within 15 s: what finished stays, what ran is run again', async () => {
  const first = await open();
  const nodes = [python('a', 'result = 1'), python('b', slow(2)), python('c', 'result = input_data')];
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
    if (event.__typename === 'NodeStarted' && event.attempt === 2)
      expect(Date.now() - upAt).toBeLessThan(15_000);
  }
  expectDense(events);
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'done' });
  expect(count(events, 'NodeStarted', 'a')).toBe(1);
  expect(count(events, 'NodeStarted', 'b')).toBe(2);
  for (const nodeKey of ['a', 'b', 'c']) expect(count(events, 'NodeSucceeded', nodeKey)).toBe(1);
});

test('another worker takes over while a client goes on watching, and sees each event once', async () => {
  const api = await open({ env: { WEFT_ROLES: 'api' } });
  const doomed = await open();
  const id = await api.weft.run([python('a', slow(3))]);
  const watched = api.weft.allEvents(id);
  await api.weft.event(id, isOutputOf('a'));
  const heir = await open();
  await doomed.server.kill();
  const events = await watched;
  expectDense(events);
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
  expect(count(events, 'NodeSucceeded', 'a')).toBe(1);
  expect(await heir.weft.allEvents(id)).toEqual(events);
});

test('a server that is asked to stop gives its work up at once, and it counts against nobody', async () => {
  const first = await open();
  const id = await first.weft.run([python('a', slow(2))]);
  await first.weft.event(id, isOutputOf('a'));
  const askedAt = Date.now();
  expect(await first.server.stop()).toBe(0);
  expect(Date.now() - askedAt).toBeLessThan(5_000);

  const second = await open();
  const events = await second.weft.allEvents(id);
  expectDense(events);
  expect(events.find(({ __typename }) => __typename === 'NodeRetryScheduled')).toMatchObject({
    error: { code: 'WORKER_STOPPED' },
  });
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
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
