import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SandboxBackend } from '../../server/sandbox/backend.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { errorOf, openTestSandbox, resultOf, runOn, type TestSandbox } from '../support/test-sandbox.ts';
import { openClient, serveSandbox } from '../support/test-service.ts';
import { until } from '../support/until.ts';

/** What only a sandbox behind HTTP does. What every sandbox does is in contract.test.ts. */
const TOKEN = 'a secret of the tests';
const ENDLESS =
  "print('go', flush=True)\nwhile True:\n  try:\n    while True: pass\n  except BaseException: pass";
let one: TestSandbox;
let two: TestSandbox;
beforeAll(async () => {
  [one, two] = await Promise.all([openTestSandbox({ maxCells: 4 }), openTestSandbox({ maxCells: 4 })]);
});
afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

describe('a token', () => {
  test('is required of every request where the service has one', async () => {
    await using service = await serveSandbox(one.backend, { token: TOKEN });
    for (const path of ['runs', 'runs/x/cancel', 'checks', 'status', 'health', 'environments', 'nothing']) {
      for (const headers of [
        {},
        { authorization: 'Bearer a secret of the test' },
        { authorization: TOKEN },
      ]) {
        const answer = await fetch(`${service.url}/${path}`, { method: 'POST', headers });
        expect(answer.status).toBe(401);
        expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      }
    }
  });

  test('lets in a client that has it; a client with another gets an error that names the token', async () => {
    await using service = await serveSandbox(one.backend, { token: TOKEN });
    await using friend = await openClient(service.url, { token: TOKEN });
    expect(resultOf(await runOn(friend, 'result = 1'))).toBe(1);
    await using stranger = await openClient(service.url, {
      token: 'another secret',
      limits: { waitMs: 100 },
    });
    const error = errorOf(await runOn(stranger, 'result = 1'));
    expect(error.code).toBe('PYTHON_SERVICE_ERROR');
    expect(error.message).toContain('PYTHON_SERVICE_TOKEN');
  });
});

describe('the service', () => {
  test('refuses what is not a request of its protocol', async () => {
    await using service = await serveSandbox(one.backend);
    const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
      const init = {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      };
      const answer = await fetch(`${service.url}/${path}`, init);
      return [answer.status, JSON.stringify(await answer.json())];
    };
    const run = { v: 1, id: crypto.randomUUID(), code: 'x = 1', packages: [], input: null, timeoutMs: 1_000 };
    expect(await post('runs', { ...run, v: 2 })).toEqual([400, expect.stringContaining('version 1')]);
    expect(await post('runs', { ...run, timeoutMs: 43_200_001 })).toEqual([
      400,
      expect.stringContaining('timeoutMs'),
    ]);
    expect(await post('runs', { ...run, id: '../../etc' })).toEqual([400, expect.stringContaining('id')]);
    expect(await post('runs', 'run')).toEqual([400, expect.any(String)]);
    expect(await post('health', {})).toEqual([404, expect.stringContaining('POST /sandbox/v1/health')]);
    expect(await post('runs', run, { 'content-type': 'text/plain' })).toEqual([415, expect.any(String)]);
    expect(await post('runs', run, { origin: 'https://evil.example' })).toEqual([403, expect.any(String)]);
    expect(await post(`runs/${run.id}/cancel`, { v: 1, force: true })).toEqual([404, expect.any(String)]);
  });

  test('kills a run whose client closes the connection', async () => {
    await using service = await serveSandbox(one.backend);
    const socket = postRun(service.url, ENDLESS);
    for await (const bytes of socket) if (String(bytes).includes('"go')) break;
    socket.destroy();
    await until(() => one.backend.capacity().running === 0);
  });

  test('kills a run whose client stops reading', async () => {
    await using service = await serveSandbox(one.backend, { times: { goneMs: 500 } });
    const flood =
      "import os\nwhile True:\n  for fd in (1, 2): os.write(fd, bytes(99) + b'\\n')\n  progress(1)";
    const socket = postRun(service.url, flood);
    await once(socket, 'readable');
    await until(() => one.backend.capacity().running === 1);
    await eventually('the run is killed', () => one.backend.capacity().running === 0);
    socket.destroy();
  });

  test('refuses new runs while it shuts down, and lets active ones finish', async () => {
    await using service = await serveSandbox(one.backend);
    await using client = await openClient(service.url, { limits: { waitMs: 100 } });
    const release = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const short = runOn(client, "print('go')\nresult = 'done'", {
      onEvent: () => {
        began.resolve();
        return release.promise;
      },
    });
    await began.promise;
    const drained = service.service.drain(60_000);
    expect(await service.service.isReady()).toMatchObject({ ready: false });
    const refused = errorOf(await runOn(client, 'result = 1'));
    expect(refused).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', retryable: true });
    expect(refused.message).toContain('shutting down');
    release.resolve();
    expect(resultOf(await short)).toBe('done');
    await drained;
  });

  test('reports to a client that it ends the run early', async () => {
    await using service = await serveSandbox(one.backend);
    await using client = await openClient(service.url);
    const run = await runOn(client, ENDLESS, { onEvent: () => void service.service.drain(0) });
    expect(errorOf(run)).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', retryable: true });
    expect(errorOf(run).message).toContain('shutting down');
  });

  test('a result that is too long for a line is an error of the code', async () => {
    const result = 'x'.repeat(70_000_000);
    const outcome = { kind: 'succeeded', result, durationMs: 1 } as const;
    await using service = await serveSandbox(
      Object.create(one.backend, { run: { value: async () => outcome } }),
    );
    await using client = await openClient(service.url);
    const error = errorOf(await runOn(client, 'result = 1'));
    expect(error).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', retryable: false });
    expect(error.message).toContain('64 MiB');
  });
});

describe('the client', () => {
  test('keeps its connection from run to run', async () => {
    await using service = await serveSandbox(one.backend);
    await using proxy = await openProxy(service.url);
    await using client = await openClient(proxy.url);
    for (let n = 0; n < 10; n += 1)
      expect(resultOf(await runOn(client, `print(${n})\nresult = ${n}`))).toBe(n);
    // The first run may come before the connection of the first health check is free.
    expect(proxy.connections).toBeLessThanOrEqual(2);
  });

  test('waits for a silent run, because the service sends heartbeats', async () => {
    await using service = await serveSandbox(one.backend, { times: { heartbeatMs: 50 } });
    await using client = await openClient(service.url, { limits: { stallMs: 4_000 } });
    const silent = 'import time\ntime.sleep(6)\nresult = 1';
    expect(resultOf(await runOn(client, silent, { timeoutMs: 60_000 }))).toBe(1);
  });

  test('sends each run to the service that is the least busy', async () => {
    await using a = await serveSandbox(one.backend);
    await using b = await serveSandbox(two.backend);
    await using client = await openClient([a.url, b.url]);
    const abort = new AbortController();
    const runs = Array.from({ length: 6 }, () =>
      runOn(client, ENDLESS, { signal: abort.signal, timeoutMs: 60_000 }),
    );
    await until(() => one.backend.capacity().running + two.backend.capacity().running === 6);
    expect([one.backend.capacity().running, two.backend.capacity().running]).toEqual([3, 3]);
    expect(client.capacity().max).toBe(8);
    abort.abort({ force: true });
    for (const { outcome } of await Promise.all(runs)) expect(outcome.kind).toBe('aborted');
  });

  test('knows from the reports of services how busy other clients keep them', async () => {
    await using a = await serveSandbox(one.backend);
    await using b = await serveSandbox(two.backend);
    const abort = new AbortController();
    const held = [1, 2].map(() => one.run(ENDLESS, { signal: abort.signal, timeoutMs: 60_000 }));
    await until(() => one.backend.capacity().running === 2);
    await using client = await openClient([a.url, b.url]);
    const mine = [1, 2].map(() => runOn(client, ENDLESS, { signal: abort.signal, timeoutMs: 60_000 }));
    await until(() => one.backend.capacity().running + two.backend.capacity().running === 4);
    expect([one.backend.capacity().running, two.backend.capacity().running]).toEqual([2, 2]);
    abort.abort({ force: true });
    await Promise.all([...held, ...mine]);
  });

  test('uses every address that a name has, and follows when they change', async () => {
    await using a = await serveSandbox(one.backend, { host: '127.0.0.1' });
    const { port } = new URL(a.url);
    await using _b = await serveSandbox(two.backend, { host: '127.0.0.2', port: Number(port) });
    let addresses = [v4('127.0.0.1'), v4('127.0.0.2'), { address: '::1', family: 6 }];
    await using client = await openClient(`http://sandbox.localhost:${port}`, {
      limits: { checkMs: 20 },
      resolve: async () => addresses,
    });
    const urls = async () => (await client.status()).services.map(({ url }) => url).sort();
    const url = `http://sandbox.localhost:${port}/sandbox/v1`;
    expect(await urls()).toEqual([`${url} (127.0.0.1)`, `${url} (127.0.0.2)`]);

    const abort = new AbortController();
    const runs = [1, 2].map(() => runOn(client, ENDLESS, { signal: abort.signal, timeoutMs: 60_000 }));
    await until(() => one.backend.capacity().running === 1 && two.backend.capacity().running === 1);
    addresses = [v4('127.0.0.2'), v4('127.0.0.3')];
    await eventually('the first is gone', async () => !(await urls()).includes(`${url} (127.0.0.1)`));
    expect(one.backend.capacity().running).toBe(1);
    expect(resultOf(await runOn(client, 'result = 1'))).toBe(1);
    abort.abort({ force: true });
    for (const { outcome } of await Promise.all(runs)) expect(outcome.kind).toBe('aborted');
  });

  test('sends no run to a service whose host cannot run Python, and has the reason where there is no other', async () => {
    await using lame = await openTestSandbox({ bubblewrapPath: '/nowhere/bwrap' });
    await using bad = await serveSandbox(lame.backend);
    await using good = await serveSandbox(one.backend);
    await using client = await openClient([bad.url, good.url]);
    for (let n = 0; n < 5; n += 1) expect(resultOf(await runOn(client, 'result = 1'))).toBe(1);
    await using stuck = await openClient(bad.url, { limits: { waitMs: 100 } });
    expect(errorOf(await runOn(stuck, 'result = 1')).message).toContain('apt-get install bubblewrap');
  });

  test('reports the runs of each service, and none of a service that is gone', async () => {
    const service = await serveSandbox(one.backend);
    await using client = await openClient(service.url, { limits: { waitMs: 100 } });
    const services = async () => (await client.status()).services;
    const begun = Promise.withResolvers<void>();
    const running = runOn(client, ENDLESS, { timeoutMs: 60_000, onEvent: () => begun.resolve() });
    await begun.promise;
    expect(await services()).toMatchObject([{ isUp: true, running: 1, waiting: 0 }]);
    await service[Symbol.asyncDispose]();
    expect(errorOf(await running).code).toBe('PYTHON_SERVICE_ERROR');
    await eventually('it runs nothing', async () => (await services())[0]!.running === 0);
    expect(await services()).toMatchObject([{ isUp: false, running: 0, waiting: 0 }]);
  });

  test('the error names a host name that cannot be resolved', async () => {
    await using client = await openClient('http://nowhere.localhost:1', {
      limits: { waitMs: 100 },
      resolve: () => Promise.reject(new Error('ENOTFOUND nowhere.localhost')),
    });
    expect(errorOf(await runOn(client, 'result = 1')).message).toContain('ENOTFOUND');
  });

  test('a run waits for a service that has just been started', async () => {
    const placeholder = await serveSandbox(one.backend);
    const port = Number(new URL(placeholder.url).port);
    await placeholder[Symbol.asyncDispose]();
    await using client = await openClient(`http://127.0.0.1:${port}`);
    const waiting = runOn(client, 'result = 1');
    await using _late = await serveSandbox(one.backend, { port });
    expect(resultOf(await waiting)).toBe(1);
  });

  test('a connection that is cut in the middle of a run is a service error, and the run ends there too', async () => {
    await using service = await serveSandbox(one.backend);
    await using proxy = await openProxy(service.url);
    await using client = await openClient(proxy.url);
    const run = await runOn(client, ENDLESS, { onEvent: () => proxy.cut(), timeoutMs: 120_000 });
    expect(errorOf(run)).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', retryable: true });
    expect(errorOf(run).message).toContain('connection was lost');
    await until(() => one.backend.capacity().running === 0);
  });
});

test('a slow journal stops the run on the service, and little is on its way meanwhile', async () => {
  let emitted = 0;
  const backend: SandboxBackend = Object.create(one.backend, {
    run: {
      value: (request: Parameters<SandboxBackend['run']>[0], options: Parameters<SandboxBackend['run']>[1]) =>
        one.backend.run(request, {
          ...options,
          onEvent: (event) => {
            emitted += event.kind === 'output' ? event.text.length : 0;
            return options.onEvent(event);
          },
        }),
    },
  });
  await using service = await serveSandbox(backend);
  await using client = await openClient(service.url);
  // A NUL is six characters in JSON: 12 MB to send, more than the sockets on the way can hold.
  const code = `
import os
line = bytes(99) + b"\\n"
for _ in range(10_000):
  os.write(1, line)
  os.write(2, line)
result = "written"`;
  const journal = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  let events = 0;
  const running = runOn(client, code, {
    timeoutMs: 60_000,
    onEvent: () => {
      events += 1;
      first.resolve();
      return journal.promise;
    },
  });
  await first.promise;
  // A run that was not stopped would have written everything during so many others on the same sandbox.
  for (let n = 0; n < 100; n += 1) resultOf(await one.run('result = 1'));
  expect(events).toBe(1);
  expect(emitted).toBeLessThan(1_900_000);
  expect(one.backend.capacity().running).toBe(1);
  journal.resolve();
  const run = await running;
  expect(resultOf(run)).toBe('written');
  expect(run.stdout).toHaveLength(1_000_000);
  expect(run.stderr).toHaveLength(1_000_000);
});

describe('over TLS', () => {
  const file = (name: string) => join(projectRoot, 'test/support/tls', name);

  test('a service works whose certificate Node trusts, and no other', async () => {
    await using service = await serveSandbox(one.backend);
    const tls = createTlsServer(
      { key: readFileSync(file('service-key.pem')), cert: readFileSync(file('service-cert.pem')) },
      (request, response) => void service.service.handle(request, response),
    );
    await once(tls.listen(0, '127.0.0.1'), 'listening');
    try {
      const url = `https://sandbox.localhost:${(tls.address() as AddressInfo).port}`;
      expect(await runInOtherProcess(url, { NODE_EXTRA_CA_CERTS: file('service-cert.pem') })).toMatchObject({
        kind: 'succeeded',
        result: 'over TLS',
      });
      await using stranger = await openClient(url, {
        limits: { waitMs: 100 },
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      });
      expect(errorOf(await runOn(stranger, 'result = 1')).message).toMatch(/self-signed certificate/);
    } finally {
      tls.closeAllConnections();
      tls.close();
    }
  });
});

/** Sends a run as a client would, and reads nothing. */
function postRun(url: string, code: string) {
  const id = crypto.randomUUID();
  const body = JSON.stringify({ v: 1, id, code, packages: [], input: null, timeoutMs: 300_000 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  socket.write(
    `POST /sandbox/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

function v4(address: string) {
  return { address, family: 4 };
}

/** Node reads NODE_EXTRA_CA_CERTS when it starts. */
async function runInOtherProcess(url: string, env: Record<string, string>): Promise<unknown> {
  const script = `
    const { openRemoteSandbox } = await import(${JSON.stringify(join(projectRoot, 'dist/server/sandbox/remote/remote-sandbox.js'))});
    const { makeLogger } = await import(${JSON.stringify(join(projectRoot, 'dist/server/shared/logger.js'))});
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    await using sandbox = await openRemoteSandbox({ urls: [${JSON.stringify(url)}], token: undefined, resolve, logger: makeLogger('warn') });
    const request = { code: "result = 'over TLS'", packages: [], input: null, timeoutMs: 5000 };
    console.log(JSON.stringify(await sandbox.run(request, { signal: AbortSignal.timeout(20000), onEvent() {} })));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) text += piece;
  return JSON.parse(text);
}

interface TestProxy extends AsyncDisposable {
  url: string;
  readonly connections: number;
  cut(): void;
}

/** Passes on bytes in both directions, no faster than the other side reads. */
async function openProxy(target: string): Promise<TestProxy> {
  const sockets = new Set<ReturnType<typeof connect>>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: false }, (client) => {
    const service = connect(Number(new URL(target).port), new URL(target).hostname);
    connections += 1;
    for (const socket of [client, service]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          client.destroy();
          service.destroy();
        });
    }
    client.pipe(service);
    service.pipe(client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
