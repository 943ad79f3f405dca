import { once } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { RawWs } from '../support/raw-ws.ts';
import { openTransportServer, type TransportServer } from '../support/transport-server.ts';

const { stringMatching } = expect;
const studio = 'https://studio.example.org';

let server: TransportServer;
let locked: TransportServer;
beforeAll(async () => {
  server = await openTransportServer({ allowedOrigins: [studio] });
  locked = await openTransportServer({ apiToken: 'sesame' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await locked[Symbol.asyncDispose]();
});

describe('on loopback, the Host header', () => {
  test.each([
    'localhost',
    'LOCALHOST:4000',
    'weft.localhost',
    '127.0.0.1:4000',
    '127.8.8.8',
    '[::1]:4000',
    'studio.example.org',
  ])('%s is accepted', async (host) => {
    expect((await post({ host })).status).toBe(200);
  });

  test.each([
    'evil.example',
    '192.168.1.7:4000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'not a host',
  ])('%s is refused: the name may have been made to point here', async (host) => {
    const { status, error } = await post({ host });
    expect(status).toBe(403);
    expect(error).toEqual({
      code: 'FORBIDDEN_HOST',
      message: stringMatching(/WEFT_ALLOWED_ORIGINS|No setting/),
    });
  });
});

const foreignOrigins = [
  'https://evil.example',
  'null',
  'http://localhost:1',
  'https://studio.example.org:8443',
];

describe.each(foreignOrigins)('a page from the origin %s', (origin) => {
  test('cannot post an operation', async () => {
    const { status, error, headers } = await post({ origin });
    expect(status).toBe(403);
    expect(error).toEqual({
      code: 'FORBIDDEN_ORIGIN',
      message: stringMatching(/WEFT_ALLOWED_ORIGINS|No setting/),
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('cannot open an event stream', async () => {
    const headers = { origin, accept: 'text/event-stream' };
    expect((await send(server, 'GET', '/graphql?query={hello}', headers)).status).toBe(403);
  });

  test('cannot open a WebSocket', async () => {
    expect(
      await refusalOf(new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', { origin })),
    ).toBe(403);
  });

  test('gets no permission from a preflight', async () => {
    const { status, headers } = await send(server, 'OPTIONS', '/graphql', { origin });
    expect(status).toBe(403);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a page from an allowed origin', () => {
  test('may post, and read the answer', async () => {
    const { status, headers } = await post({ origin: studio });
    expect([status, headers['access-control-allow-origin']]).toEqual([200, studio]);
  });

  test('may read errors too', async () => {
    const { status, headers } = await send(server, 'PUT', '/graphql', { origin: studio });
    expect([status, headers['access-control-allow-origin']]).toEqual([405, studio]);
  });

  test('gets the permission to send a token from a preflight', async () => {
    const { status, headers } = await send(server, 'OPTIONS', '/graphql', { origin: studio });
    expect(status).toBe(204);
    expect(headers['access-control-allow-headers']).toContain('authorization');
  });

  test('may open a WebSocket', async () => {
    const client = await new RawWs(server.port, { origin: studio }).init();
    client.socket.close();
  });
});

describe('a page of the server itself', () => {
  test('may post and open a WebSocket', async () => {
    const origin = `http://localhost:${server.port}`;
    expect((await post({ origin, host: `localhost:${server.port}` })).status).toBe(200);
    const headers = { host: `localhost:${server.port}` };
    const client = await new RawWs(server.port, { origin, headers }).init();
    client.socket.close();
  });
});

describe('a page of another site that sends no Origin', () => {
  const query = '?query={hello}';
  const site = (value: string, mode = 'no-cors') => ({ 'sec-fetch-site': value, 'sec-fetch-mode': mode });
  const preflighted = { 'apollo-require-preflight': 'true' };

  test.each(['/graphql', '/graphql/stream'])('runs no operation by a GET of %s', async (path) => {
    for (const accept of ['*/*', 'text/event-stream']) {
      for (const from of [site('cross-site'), site('same-site'), site('cross-site', 'cors')]) {
        const refused = await send(server, 'GET', path + query, { accept, ...preflighted, ...from });
        expect([refused.status, refused.error?.code]).toEqual([403, 'FORBIDDEN_ORIGIN']);
      }
    }
  });

  test.each(['/graphql', '/graphql/stream'])(
    'nor by a link, or from a browser that says nothing: %s',
    async (path) => {
      for (const from of [
        site('cross-site', 'navigate'),
        site('none', 'navigate'),
        site('same-origin'),
        {},
      ]) {
        const refused = await send(server, 'GET', path + query, { accept: 'text/event-stream', ...from });
        expect([refused.status, refused.error?.code]).toEqual([400, 'PREFLIGHT_REQUIRED']);
      }
    },
  );

  test('may link to a page of the console', async () => {
    for (const mode of [site('cross-site', 'navigate'), site('none', 'navigate')])
      expect((await send(server, 'GET', '/graphql', { accept: 'text/html', ...mode })).status).toBe(302);
  });
});

test('a page of an allowed origin and a program run operations by GET', async () => {
  const headers = { accept: 'text/event-stream', 'apollo-require-preflight': 'true' };
  for (const from of [
    {},
    { origin: studio, 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
  ])
    expect((await send(server, 'GET', '/graphql/stream?query={hello}', { ...headers, ...from })).status).toBe(
      200,
    );
});

test('off loopback, an Origin that is no URL does not match a Host that is no name', async () => {
  await using everywhere = await openTransportServer({ host: '0.0.0.0' });
  const { status, error } = await post({ origin: 'null', host: 'not a host' }, everywhere);
  expect(status).toBe(403);
  expect(error?.code).toBe('FORBIDDEN_ORIGIN');
});

test('a form of another page, which sends no Origin, cannot post', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await send(server, 'POST', '/graphql', headers, 'query={hello}')).status).toBe(415);
});

describe('with a token', () => {
  const unauthenticated = { code: 'UNAUTHENTICATED', message: stringMatching(/WEFT_API_TOKEN/) };
  const bearer = { authorization: 'Bearer sesame' };

  test('an operation over HTTP needs it', async () => {
    for (const authorization of [undefined, 'Bearer open', 'Bearer sesame2', 'sesame']) {
      const { status, error } = await post(authorization ? { authorization } : {}, locked);
      expect(status).toBe(401);
      expect(error).toEqual(unauthenticated);
    }
    expect((await post(bearer, locked)).status).toBe(200);
  });

  test('an event stream needs it', async () => {
    const accept = 'text/event-stream';
    expect((await send(locked, 'GET', '/graphql?query={hello}', { accept })).error).toEqual(unauthenticated);
    const headers = { accept, 'apollo-require-preflight': 'true', ...bearer };
    const stream = await fetch(`${locked.url}?query={hello}`, { headers });
    expect(await stream.text()).toContain('world');
  });

  test('a WebSocket needs it, in the connection params or as a header', async () => {
    (await new RawWs(locked.port).init({ Authorization: 'Bearer sesame' })).socket.close();
    (await new RawWs(locked.port, { headers: bearer }).init()).socket.close();
    for (const params of [undefined, { authorization: 'Bearer open' }]) {
      const client = new RawWs(locked.port);
      await once(client.socket, 'open');
      client.send({ type: 'connection_init', payload: params });
      expect(await client.closed()).toEqual([4401, stringMatching(/Bearer/)]);
    }
  });

  test('health checks and the GraphiQL page need none', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await send(locked, 'GET', path)).status).toBe(200);
    expect((await send(locked, 'GET', '/graphiql')).status).not.toBe(401);
  });
});

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  error: { code: string; message: string } | undefined;
}

function post(headers: OutgoingHttpHeaders, target = server): Promise<Answer> {
  return send(
    target,
    'POST',
    '/graphql',
    { 'content-type': 'application/json', ...headers },
    '{"query": "{ hello }"}',
  );
}

/** Not `fetch`, which sets Host and Origin by itself. */
async function send(
  target: TransportServer,
  method: string,
  path: string,
  headers: OutgoingHttpHeaders = {},
  body = '',
): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port: target.port, method, path, headers, agent: false });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  const first = text.startsWith('{') ? JSON.parse(text).errors?.[0] : undefined;
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    error: first && { code: first.extensions.code, message: first.message },
  };
}

async function refusalOf(socket: WebSocket): Promise<number | undefined> {
  socket.on('error', () => {});
  const [outgoing, response] = await once(socket, 'unexpected-response');
  outgoing.destroy();
  return response.statusCode;
}
