import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type ClientOptions,
  createClient,
  type ExecutionEvent,
  type Run,
  type TransportKind,
  WeftConnectionError,
} from '../../client-sdk/src/index.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let server: WeftServer;
let proxy: TcpProxy;

/** The worker is a process of its own, so that runs go on while the server of the API is away. */
beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  stack.use(await startWeft({ databaseUrl, env: { WEFT_ROLES: 'worker' } }));
  server = await startApi();
  proxy = stack.use(await startTcpProxy(server.url));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await stack.disposeAsync();
});

const startApi = () => startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } });
const connect = (options: Partial<ClientOptions> = {}) => createClient({ url: proxy.url, ...options });
/** A hundred cuts take half a minute, and several times as long on a busy host. */
const MANY_CUTS_MS = 480_000;
const printing = (lines: number, everyMs: number) =>
  `import time\nfor n in range(${lines}):\n    print(n, flush=True)\n    time.sleep(${everyMs / 1000})\nresult = 'done'`;

test.each<[number, TransportKind]>([
  [100, 'ws'],
  [10, 'sse'],
])('%i forced disconnects over %s lose and repeat nothing', loseConnections, MANY_CUTS_MS);

async function loseConnections(wanted: number, transport: TransportKind): Promise<void> {
  let isOpen = false;
  let cuts = 0;
  const onStream = ({ state }: { state: string }) => {
    isOpen = state === 'open';
  };
  const weft = connect({ transport, hooks: { onStream } });
  while (cuts < wanted) {
    const run = await startRun(weft, printing(400, 10));
    const events: ExecutionEvent[] = [];
    for await (const event of run.events()) {
      events.push(event);
      if (!isOpen || cuts === wanted) continue;
      cuts += 1;
      isOpen = false;
      proxy.cut();
    }
    await expectWhole(run, events);
  }
}

test('a server that is killed and started again elsewhere loses and repeats nothing', async () => {
  const run = await startRun(connect(), printing(100, 20));
  const result = run.result();
  const events: ExecutionEvent[] = [];
  for await (const event of run.events()) {
    events.push(event);
    if (event.type === 'NodeStarted') await moveServer();
  }
  await expectWhole(run, events);
  expect(await result).toBe('done');
});

test('a silent network is replaced by a new connection', async () => {
  const lost: unknown[] = [];
  const weft = connect({
    timeouts: { silenceMs: 600 },
    hooks: { onStream: (change) => change.state === 'lost' && lost.push(change.error) },
  });
  const run = await startRun(weft, printing(250, 20));
  const events: ExecutionEvent[] = [];
  for await (const event of run.events()) {
    events.push(event);
    if (event.type === 'NodeStarted') proxy.freeze();
  }
  await expectWhole(run, events);
  expect(lost.length).toBeGreaterThan(0);
  for (const error of lost) expect(error).toBeInstanceOf(WeftConnectionError);
});

test('a stream that finds no server fails when its time to reconnect is over', async () => {
  const weft = connect({ timeouts: { reconnectMs: 300 }, url: 'http://127.0.0.1:1' });
  await expect(weft.executions.run('exec_x').events().next()).rejects.toThrow(WeftConnectionError);
});

async function startRun(weft: ReturnType<typeof connect>, code: string): Promise<Run> {
  return weft.executions.run(await weft.python.run({ code }).id());
}

async function moveServer(): Promise<void> {
  await server.kill();
  await server[Symbol.asyncDispose]();
  server = await startApi();
  proxy.target = server.url;
}

/** The events are the whole history, as one who reads it undisturbed sees it. */
async function expectWhole({ id }: Run, events: ExecutionEvent[]): Promise<void> {
  const undisturbed = createClient({ url: server.url, transport: 'poll' });
  expect(events).toEqual(await Array.fromAsync(undisturbed.executions.run(id).events()));
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, n) => n + 1));
  expect(events.at(-1)?.type).toBe('ExecutionSucceeded');
}
