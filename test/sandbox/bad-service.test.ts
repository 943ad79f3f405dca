import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ClientLimits } from '../../server/sandbox/remote/endpoint.ts';
import { errorOf, runOn, type TestRun, type TestRunOptions } from '../support/test-sandbox.ts';
import { openBadService, openClient } from '../support/test-service.ts';

/** Each of these services passes its health checks, and misbehaves with runs in its own way. */
type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

const capacity = { running: 0, waiting: 1, max: 4 };
const accepted = line({ v: 1, kind: 'accepted', capacity });
const heartbeat = line({ v: 1, kind: 'heartbeat', capacity });
const output = line({
  v: 1,
  kind: 'event',
  event: { kind: 'output', stream: 'STDOUT', text: 'x'.repeat(1_000), byteOffset: 0, truncated: false },
});
const MIB = 1024 * 1024;

const opened: AsyncDisposableStack[] = [];
afterEach(async () => {
  for (const stack of opened.splice(0)) await stack.disposeAsync();
});

describe('a run fails with PYTHON_SERVICE_ERROR, and may be retried, when the service', () => {
  const cases: [string, Behaviour, RegExp, Partial<ClientLimits>?][] = [
    ['takes the request and never answers', () => {}, /did not answer within 1000 ms/, { stallMs: 1_000 }],
    ['begins an answer and is silent', (response) => response.flushHeaders(), /was silent for 1000 ms/, { stallMs: 1_000 }],
    ['accepts the run and hangs', (response) => response.write(accepted), /was silent for 1000 ms/, { stallMs: 1_000 }],
    ['hangs in the middle of a line', (response) => response.write(`${accepted}{"v":1,"ki`), /was silent/, { stallMs: 1_000 }],
    ['closes the connection at once', (_response, request) => request.socket.destroy(), /other side closed|ECONNRESET/],
    ['ends its answer without a byte', (response) => response.end(), /ended its answer before/],
    ['ends its answer before the outcome', (response) => response.end(accepted + output), /ended its answer/],
    ['ends its answer within a line', (response) => response.end(`${accepted}{"v":1,"k`), /ended its answer/],
    ['answers a web page', (response) => response.end('<!doctype html>\n<h1>Hi</h1>\n'), /is not JSON: <!doctype/],
    ['answers other JSON', (response) => response.end('{"hello":"world"}\n'), /not a message.*hello/],
    ['answers bytes that are not text', (response) => response.end(Buffer.alloc(5_000, 0xff)), /before it was complete/],
    ['sends empty lines', (response) => response.end('\n\n\n'), /is not JSON/],
    ['uses another version', (response) => response.end(line({ v: 2, kind: 'accepted' })), /uses version 2.*expected version 1/],
    ['sends the outcome of a run that it has not accepted', (response) => response.end(outcome({ kind: 'succeeded', result: 1, durationMs: 1 })), /`outcome` at the wrong place/],
    ['accepts a run twice', (response) => response.end(accepted + accepted), /`accepted` at the wrong place/],
    ['sends an event of an unknown kind', (response) => response.end(accepted + event({ kind: 'magic' })), /not a message/],
    ['sends an event with a wrong field', (response) => response.end(accepted + event({ kind: 'progress', current: 'many' })), /not a message/],
    ['sends an unknown error code', (response) => response.end(accepted + outcome({ kind: 'failed', error: { code: 'OH_NO', message: '' }, durationMs: 1 })), /not a message/],
    ['aborts the run without a request', (response) => response.end(accepted + outcome({ kind: 'aborted', durationMs: 1 })), /without a request to do so/],
    ['gives the run up', (response) => response.end(accepted + line({ v: 1, kind: 'gave-up', message: 'no power' })), /gave up the run: no power/],
    ['fails', (response) => response.writeHead(500).end('Internal Server Error'), /answered 500: Internal/],
    ['is something else', (response) => response.writeHead(404).end(refusal('nothing here')), /answered 404: nothing here/],
    ['requires another token', (response) => response.writeHead(401).end(refusal('a token is needed')), /401: a token is needed/],
    ['is a proxy without a service', (response) => response.writeHead(502).end('x'.repeat(10 * MIB)), /answered 502/],
    ['sends its clients elsewhere', (response) => response.writeHead(302, { location: '/elsewhere' }).end(), /answered 302/],
    ['breaks HTTP', (_response, request) => request.socket.end('HTTP/1.1 200 OK\r\nBroken\r\n\r\n'), /does not match the HTTP/],
  ]; // biome-ignore format: a line for each reads best

  // Without its default, jest would take `limits` for a callback where a row has none.
  test.each(cases)('%s', async (_what, behave, message, limits = {}) => {
    const error = errorOf(await runAgainst(behave, {}, limits));
    expect(error.message).toMatch(message);
    expect(error.message).toContain('http://127.0.0.1:');
    expect(error).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', retryable: true });
  });
});

test('a request that the service finds wrong is not retryable', async () => {
  const error = errorOf(await runAgainst((response) => response.writeHead(413).end(refusal('too large'))));
  expect(error).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', retryable: false });
  expect(error.message).toContain('too large');
});

test('where nothing listens, the run fails with that reason after a while', async () => {
  const service = await openBadService(() => {});
  await service[Symbol.asyncDispose]();
  const client = await open(service.url, { waitMs: 300 });
  const error = errorOf(await runOn(client, 'result = 1'));
  expect(error).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', retryable: true });
  expect(error.message).toContain('ECONNREFUSED');
  expect(await client.status()).toMatchObject({
    available: false,
    problem: { code: 'PYTHON_SERVICE_ERROR', remedy: expect.stringContaining('PYTHON_SERVICE_URL') },
    services: [{ isUp: false, problem: expect.stringContaining('ECONNREFUSED') }],
  });
});

test('a service whose health check uses another version gets no runs, and the error has the reason', async () => {
  const service = await openBadService(() => {});
  service.server.removeAllListeners('request');
  service.server.on('request', (_request, response) =>
    response.end(JSON.stringify({ v: 7, state: 'ok', problem: null, version: '7', capacity })),
  );
  use(service);
  const error = errorOf(await runOn(await open(service.url, { waitMs: 300 }), 'result = 1'));
  expect(error.message).toContain('uses version 7');
});

test('a kept connection that the service closed costs the run nothing', async () => {
  let runs = 0;
  const behave: Behaviour = (response, { socket }) => {
    runs += 1;
    // The first run uses the connection of the health check.
    if (runs === 1) socket.destroy();
    else response.end(accepted + outcome({ kind: 'succeeded', result: 1, durationMs: 1 }));
  };
  const { url } = use(await openBadService((request, response) => behave(response, request)));
  // With `waitMs: 0` the run would fail if the service were down now.
  const sandbox = await open(url, { waitMs: 0 });
  await nextTurn(); // the connection is free
  const run = await runOn(sandbox, 'result = 1');
  expect(runs).toBe(2);
  expect(run.outcome).toMatchObject({ kind: 'succeeded' });
});

test('a service that hangs up on a TLS handshake is down', async () => {
  const server = use(createServer((socket) => socket.destroy()).listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sandbox = await open(`https://127.0.0.1:${port}`, { waitMs: 100 });
  expect(errorOf(await runOn(sandbox, 'result = 1')).message).toMatch(/No sandbox service can be reached/);
});

test('a line without an end is not kept beyond its limit', async () => {
  let sent = 0;
  const piece = Buffer.alloc(MIB, 'x');
  const pourOn: Behaviour = (response) => {
    response.write(accepted);
    pour(response, piece, (bytes) => {
      sent += bytes;
    });
  };
  const error = errorOf(await runAgainst(pourOn));
  expect(error.message).toContain(`a line of more than ${64 * MIB} bytes`);
  expect(sent).toBeLessThan(80 * MIB);
});

test('a flood of frames ends at a limit', async () => {
  let emitted = 0;
  const run = await runAgainst(
    (response) => pour(response, Buffer.from(accepted.concat(output.repeat(1_000)))),
    {
      onEvent: () => {
        emitted += 1;
      },
    },
  );
  expect(errorOf(run).message).toMatch(/`accepted` at the wrong place/);
  expect(emitted).toBe(1_000);

  const flood = await runAgainst(
    (response) => {
      response.write(accepted);
      pour(response, Buffer.from(output.repeat(100)));
    },
    {},
    { maxAnswerBytes: 10 * MIB },
  );
  expect(errorOf(flood).message).toContain(`answered more than ${10 * MIB} bytes`);
});

test('a flood of heartbeats ends at the same limit', async () => {
  const run = await runAgainst(
    (response) => {
      response.write(accepted);
      pour(response, Buffer.from(heartbeat.repeat(1_000)));
    },
    {},
    { maxAnswerBytes: MIB },
  );
  expect(errorOf(run).message).toContain('answered more than');
});

test('what a service sends while onEvent is pending stays unread', async () => {
  let sent = 0;
  const subscriber = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const abort = new AbortController();
  let emitted = 0;
  const { url } = use(
    await openBadService((_request, response) => {
      response.write(accepted);
      pour(response, Buffer.from(output.repeat(100)), (bytes) => {
        sent += bytes;
      });
    }),
  );
  const running = runOn(await open(url), 'result = 1', {
    signal: abort.signal,
    onEvent: () => {
      emitted += 1;
      first.resolve();
      return subscriber.promise;
    },
  });
  await first.promise;
  // A client that went on reading would have read far more by the end of so many exchanges in the same process.
  for (let n = 0; n < 200; n += 1) await (await fetch(`${url}/health`)).text();
  // What the sockets of both ends hold, and a little in either process.
  expect(sent).toBeLessThan(16 * MIB);
  expect(emitted).toBe(1);
  abort.abort({ force: true });
  expect((await running).outcome.kind).toBe('aborted');
  subscriber.resolve();
});

test('aborting ends a run at once when the service hangs', async () => {
  for (const behave of [() => {}, (response: ServerResponse) => response.write(accepted)]) {
    const abort = new AbortController();
    const { url } = use(
      await openBadService((request, response) => {
        if (request.url?.endsWith('/cancel')) return request.socket.destroy();
        request.resume().once('end', () => abort.abort({ force: true }));
        behave(response);
      }),
    );
    const client = await open(url);
    expect((await runOn(client, 'result = 1', { signal: abort.signal })).outcome.kind).toBe('aborted');
  }
});

test('a service that fails all its runs gets fewer and fewer, and another one carries them out', async () => {
  let requests = 0;
  const bad = use(
    await openBadService((_request, response) => {
      requests += 1;
      response.writeHead(500).end();
    }),
  );
  const good = use(
    await openBadService((_request, response) =>
      response.end(accepted + outcome({ kind: 'succeeded', result: 'good', durationMs: 1 })),
    ),
  );
  const client = await open([bad.url, good.url]);
  for (let n = 0; n < 30; n += 1)
    expect((await runOn(client, 'result = 1')).outcome).toMatchObject({ kind: 'succeeded', result: 'good' });
  expect(requests).toBeGreaterThan(0);
  expect(requests).toBeLessThan(15);
});

/** One run on a service that behaves so. */
async function runAgainst(
  behave: Behaviour,
  options: TestRunOptions = {},
  limits: Partial<ClientLimits> = {},
): Promise<TestRun> {
  const { url } = use(await openBadService((request, response) => behave(response, request)));
  return runOn(await open(url, limits), 'result = 1', options);
}

async function open(urls: string | string[], limits: Partial<ClientLimits> = {}) {
  return use(
    await openClient(urls, { limits: { checkMs: 100, stallMs: 20_000, waitMs: 20_000, ...limits } }),
  );
}

function use<T extends AsyncDisposable>(resource: T): T {
  const stack = new AsyncDisposableStack();
  stack.use(resource);
  opened.unshift(stack);
  return resource;
}

/** Writes the same piece again and again until the response is closed. */
function pour(response: ServerResponse, piece: Buffer, count: (bytes: number) => void = () => {}): void {
  const more = () => {
    while (!response.destroyed) {
      count(piece.length);
      if (!response.write(piece)) return;
    }
  };
  response.on('drain', more).on('error', () => {});
  more();
}

function event(body: object): string {
  return line({ v: 1, kind: 'event', event: body });
}

function outcome(body: object): string {
  return line({ v: 1, kind: 'outcome', outcome: body });
}

function refusal(message: string): string {
  return JSON.stringify({ errors: [{ message, extensions: { code: 'NO' } }] });
}

function line(frame: object): string {
  return `${JSON.stringify(frame)}\n`;
}
