import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let api: string;
let other: string;
let lying: string;

interface Received {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}
const received: Received[] = [];

beforeAll(async () => {
  api = await serve();
  other = await serve();
  lying = await serveBytes('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort');
  const { url } = stack.use(await createDatabase());
  const hosts = [api, other, lying].map((each) => new URL(each).host).join(',');
  const server = stack.use(await startWeft({ databaseUrl: url, env: { WEFT_HTTP_ALLOWED_HOSTS: hosts } }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

async function serve(): Promise<string> {
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    void text(request).then(
      (body) => {
        received.push({ method, url, headers, body });
        answer(new URL(url!, 'http://x'), response);
      },
      () => {}, // The client has gone.
    );
  });
  server.keepAliveTimeout = 0; // whoever sends closes what is idle: no request meets a connection that is closing
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let failures = 0;

function answer(url: URL, response: ServerResponse): void {
  const json = (value: unknown, headers = {}) =>
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  switch (url.pathname) {
    case '/json':
      return void json({ films: ['Alien', 'Åse'] });
    case '/zipped':
      return void response
        .writeHead(200, { 'content-type': 'application/vnd.api+json', 'content-encoding': 'gzip' })
        .end(gzipSync(JSON.stringify({ zipped: true })));
    case '/latin':
      return void response
        .writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' })
        .end(Buffer.from('Å', 'latin1'));
    case '/no-json':
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('<html>');
    case '/file':
      return void response
        .writeHead(200, {
          'content-type': 'application/pdf',
          'content-disposition': 'attachment; filename="../../report 1.pdf"',
        })
        .end('%PDF-1.7');
    case '/big':
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(17 * 1024 * 1024));
    case '/bomb':
      return void response
        .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(100 * 1024 * 1024)));
    case '/missing':
      return void response.writeHead(404).end(`no such thing${' '.repeat(2_000)}`);
    case '/busy':
      failures += 1;
      return void (failures % 2 === 1
        ? response.writeHead(429, { 'retry-after': '1' }).end('later')
        : json({ attempt: failures }));
    case '/never':
      return void response.writeHead(200).write('never ');
    case '/to-other':
      return void response.writeHead(302, { location: `${other}/json` }).end();
    case '/to-metadata':
      return void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    case '/to-file':
      return void response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    case '/loop':
      return void response.writeHead(302, { location: '/loop' }).end();
    case '/pages': {
      const page = Number(url.searchParams.get('page') ?? 1);
      return void json({ rows: [page * 10, page * 10 + 1], next: page < 3 ? page + 1 : null });
    }
    default:
      return void json({});
  }
}

/** A server that sends these bytes to whoever connects, and closes. */
async function serveBytes(bytes: string): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function send(config: object, more: object = {}, input: unknown = null) {
  received.length = 0;
  const id = await weft.run(
    [
      { key: 'call', type: 'http', config, ...more },
      { key: 'out', type: 'output' },
    ],
    [{ source: 'call', target: 'out' }],
    input,
  );
  const events = await weft.allEvents(id);
  return { id, events, output: events.at(-1)!.output as { status: number; body: never; headers: never } };
}

async function failure(config: object, more: object = {}) {
  const { events } = await send(config, more);
  const { error } = events.find(({ __typename }) => __typename === 'NodeFailed') as WatchedEvent & {
    error: { code: string; message: string };
  };
  return error;
}

test('a request goes out as it is written, with templates, query, headers, authentication and a key of its attempt', async () => {
  const { id, output } = await send(
    {
      method: 'POST',
      url: `${api}/json?kept=1`,
      query: { tag: ['a', 'b c'], n: '{{ input.n }}', none: null },
      headers: { 'X-Custom': 'yes' },
      auth: { type: 'basic', username: 'me', password: 'pass:word' },
      body: { name: '{{ input.name }}' },
    },
    {},
    { n: 7, name: 'Åse' },
  );
  expect(output.status).toBe(200);
  expect(output.body).toEqual({ films: ['Alien', 'Åse'] });
  const [request] = received;
  expect(request).toMatchObject({
    method: 'POST',
    url: '/json?kept=1&tag=a&tag=b+c&n=7',
    body: '{"name":"Åse"}',
    headers: {
      'x-custom': 'yes',
      authorization: `Basic ${Buffer.from('me:pass:word').toString('base64')}`,
      'content-type': 'application/json',
      'idempotency-key': `${id}.call..1`,
    },
  });
});

test('a form and text are sent as such, and a header that is set wins', async () => {
  await send({ method: 'PUT', url: `${api}/`, body: { a: 'ä b', c: [1, 2] }, bodyFormat: 'form' });
  expect(received[0]).toMatchObject({ body: 'a=%C3%A4+b&c=1&c=2' });
  await send({
    method: 'POST',
    url: `${api}/`,
    body: '<x/>',
    bodyFormat: 'text',
    headers: { 'Content-Type': 'application/xml', 'Idempotency-Key': 'mine' },
  });
  expect(received[0]).toMatchObject({
    body: '<x/>',
    headers: { 'content-type': 'application/xml', 'idempotency-key': 'mine' },
  });
});

test('a body becomes JSON, text by its charset, or a file to download', async () => {
  expect((await send({ url: `${api}/zipped` })).output.body).toEqual({ zipped: true });
  expect((await send({ url: `${api}/latin` })).output.body).toBe('Å');
  const { output, events } = await send({ url: `${api}/file` });
  expect(output.body).toMatchObject({
    $file: expect.stringMatching(/^art_/),
    name: 'report 1.pdf',
    sizeBytes: 8,
  });
  expect(events.map(({ __typename }) => __typename)).toContain('ArtifactCreated');
  const { url } = output.body as { url: string };
  expect(await (await fetch(new URL(url, weft.url))).text()).toBe('%PDF-1.7');
  const big = await send({ url: `${api}/big` });
  expect(big.output.body).toMatchObject({ mimeType: 'text/plain', sizeBytes: 17 * 1024 * 1024 });
});

test('pages are followed until there is none, or so many were fetched', async () => {
  const pages = {
    url: `${api}/pages`,
    nextPage: 'response.body.next ? { "query": { "page": response.body.next } }',
  };
  const all = await send(pages);
  expect(all.output).toMatchObject({ status: 200, pages: 3 });
  expect((all.output.body as { rows: number[] }[]).map(({ rows }) => rows[0])).toEqual([10, 20, 30]);
  expect(new Set(received.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
  const some = await send({ ...pages, maxPages: 2 });
  expect(some.output).toMatchObject({ pages: 2 });
  expect(some.events.filter(({ __typename }) => __typename === 'NodeNotice')).toMatchObject([
    { code: 'MORE_PAGES' },
  ]);
});

test('a status that is no success is an error with its status and the start of its body; one that is allowed is none', async () => {
  expect(await failure({ url: `${api}/missing?secret=1` })).toMatchObject({
    code: 'HTTP_STATUS',
    message: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/missing gave status 404: no such thing/),
  });
  expect((await send({ url: `${api}/missing`, successStatuses: ['2xx', '404'] })).output.status).toBe(404);
});

test('a server that asks for a pause before the next attempt gets it', async () => {
  failures = 0;
  const { events, output } = await send(
    { url: `${api}/busy` },
    { retry: { maxAttempts: 2, initialDelayMs: 10, maxDelayMs: 100 } },
  );
  expect(output.body).toEqual({ attempt: 2 });
  expect(events.find(({ __typename }) => __typename === 'NodeRetryScheduled')).toMatchObject({
    delayMs: 1_000,
  });
  expect(received.map(({ headers }) => headers['idempotency-key']!.slice(-2))).toEqual(['.1', '.2']);
});

test('a redirect is followed, and what authenticates is not sent to another host', async () => {
  const { output } = await send({
    url: `${api}/to-other`,
    auth: { type: 'header', name: 'X-Api-Key', value: 'secret' },
  });
  expect(output.body).toEqual({ films: ['Alien', 'Åse'] });
  expect(received.map(({ headers }) => headers['x-api-key'])).toEqual(['secret', undefined]);
  expect(
    (await send({ url: `${api}/to-other`, maxRedirects: 0, successStatuses: ['302'] })).output.status,
  ).toBe(302);
});

test.each([
  ['to the metadata service', '/to-metadata', 'HTTP_REFUSED_ADDRESS'],
  ['to a file', '/to-file', 'HTTP_INVALID_REQUEST'],
  ['without end', '/loop', 'HTTP_TOO_MANY_REDIRECTS'],
])('a redirect %s is refused', async (_, path, code) => {
  expect(await failure({ url: api + path })).toMatchObject({ code });
});

test.each([
  ['http://127.0.0.1:1/', 'HTTP_REFUSED_ADDRESS'],
  ['http://localhost/', 'HTTP_REFUSED_ADDRESS'],
  ['http://[::1]/', 'HTTP_REFUSED_ADDRESS'],
  ['http://[::ffff:127.0.0.1]/', 'HTTP_REFUSED_ADDRESS'],
  ['http://2130706433/', 'HTTP_REFUSED_ADDRESS'],
  ['http://0x7f.1/', 'HTTP_REFUSED_ADDRESS'],
  ['http://169.254.169.254/', 'HTTP_REFUSED_ADDRESS'],
])('%s is refused', async (url, code) => expect(await failure({ url })).toMatchObject({ code }));

test('a response that never ends, lies about its length, is too large or no JSON is an error of its own', async () => {
  expect(await failure({ url: `${api}/never`, timeoutMs: 1_000 })).toMatchObject({ code: 'HTTP_TIMEOUT' });
  expect(await failure({ url: lying })).toMatchObject({ code: 'HTTP_NETWORK' });
  expect(await failure({ url: `${api}/bomb` })).toMatchObject({ code: 'HTTP_TOO_LARGE' });
  expect(await failure({ url: `${api}/big`, responseFormat: 'text' })).toMatchObject({
    code: 'HTTP_TOO_LARGE',
  });
  expect(await failure({ url: `${api}/no-json` })).toMatchObject({ code: 'HTTP_INVALID_RESPONSE' });
});

test('a canceled execution ends its request', async () => {
  const id = await weft.run([
    { key: 'call', type: 'http', config: { url: `${api}/never`, timeoutMs: 300_000 } },
  ]);
  await weft.event(id, ({ __typename }) => __typename === 'NodeStarted');
  await weft.cancel(id, 'FORCE');
  expect((await weft.allEvents(id)).at(-1)!.__typename).toBe('ExecutionCanceled');
});

test.each([
  ['file:///etc/passwd', /http or https, got one of file/],
  ['https://me:secret@api.example.com/', /without name and password/],
  ['/orders', /absolute URL/],
])('the URL %s is refused when it is saved', async (url, message) => {
  const created = weft.createWorkflow({ nodes: [{ key: 'call', type: 'http', config: { url } }] });
  await expect(created).rejects.toThrow(message);
  const late = await failure({ url: `{{ "${url}" }}` });
  expect(late).toMatchObject({ code: 'HTTP_INVALID_REQUEST', message: expect.stringMatching(message) });
});

test.each(['Host', 'content-length', 'Transfer-Encoding', 'bad name', 'x\ny'])(
  'the header %p is refused when it is saved',
  async (name) => {
    const config = { url: 'https://example.com', headers: { [name]: 'x' } };
    await expect(weft.createWorkflow({ nodes: [{ key: 'call', type: 'http', config }] })).rejects.toThrow(
      /header/,
    );
  },
);
