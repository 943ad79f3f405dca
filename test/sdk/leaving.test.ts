import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient, type TransportKind, type WeftClient } from '../../client-sdk/src/index.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let proxy: TcpProxy;
let id: string;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl: url }));
  proxy = stack.use(await startTcpProxy(server.url));
  const run = createClient({ url: server.url }).python.run({
    code: 'import time\ntime.sleep(290)',
    timeoutMs: 300_000,
  });
  id = await run.id();
  // From then on nothing happens: the cursor of this event is the journal's last.
  for await (const { type } of run.events()) if (type === 'NodeStarted') break;
});
afterAll(() => stack.disposeAsync());

/** `fetch` keeps the connections of requests for a while; of those for streams it can keep none. */
const streams = (weft: WeftClient) => weft.executions.run(id).events({ types: ['ExecutionSucceeded'] });
const nothingOpen = () => eventually('all connections close', () => proxy.open === 0);

describe.each<TransportKind>(['ws', 'sse'])('over %s', (transport) => {
  const connect = () => createClient({ url: proxy.url, transport });

  test('an abort throws its reason and closes the connection, while an event is waited for', async () => {
    const controller = new AbortController();
    const next = connect()
      .executions.run(id)
      .events({ after: `${id}:3`, signal: controller.signal })
      .next();
    await eventually('it is connected', () => proxy.open > 0);
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await nothingOpen();
  });

  test('leaving ends the wait for the next event at once, and closes the connection', async () => {
    const events = streams(connect());
    const next = events.next();
    await eventually('it is connected', () => proxy.open > 0);
    await events.return();
    expect(await next).toEqual({ done: true, value: undefined });
    await nothingOpen();
  });

  test('an abort while it connects leaves nothing that goes on connecting', async () => {
    proxy.manners = () => 'ignore';
    const controller = new AbortController();
    const next = connect().executions.run(id).events({ signal: controller.signal }).next();
    await eventually('it connects', () => proxy.open > 0);
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await nothingOpen();
    proxy.manners = () => 'pass';
  });

  test('breaking out of the loop closes the connection', async () => {
    for await (const _ of connect().executions.run(id).events()) break;
    await nothingOpen();
  });
});

test('one stream that leaves does not disturb another on the same socket', async () => {
  const weft = createClient({ url: proxy.url, transport: 'ws' });
  const staying = weft.executions.run(id).events();
  await staying.next();
  for await (const _ of weft.executions.run(id).events()) break;
  expect((await staying.next()).value).toMatchObject({ sequence: 2 });
  await staying.return();
  await nothingOpen();
});

test.each<TransportKind>(['ws', 'sse', 'poll'])(
  'a program that aborts a stream over %s ends by itself: no timer and no socket is left',
  async (transport) => {
    const program = `
      import { createClient } from ${JSON.stringify(`${projectRoot}/dist/client-sdk/src/index.js`)};
      const weft = createClient({ url: ${JSON.stringify(proxy.url)}, transport: '${transport}' });
      const controller = new AbortController();
      const result = weft.executions.run('${id}').result({ signal: controller.signal, timeoutMs: 600_000 });
      for await (const event of weft.executions.run('${id}').events()) if (event.type === 'NodeStarted') break;
      controller.abort();
      await result.catch((error) => console.log(error.name));
      process.once('beforeExit', () => console.log('nothing left to do'));
    `;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 60_000,
    });
    expect((await run).stdout).toBe('AbortError\nnothing left to do\n');
  },
);
