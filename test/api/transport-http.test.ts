import { type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openTransportServer, type TransportServer } from '../support/transport-server.ts';

const { stringMatching } = expect;

let server: TransportServer;
beforeAll(async () => {
  server = await openTransportServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

describe('a GraphQL request over HTTP', () => {
  test('is answered when a client posts it as JSON', async () => {
    const { status, body } = await post({ query: '{ hello }' });
    expect([status, body]).toEqual([200, { data: { hello: 'world' } }]);
  });

  test('is answered over GET with a header that a form cannot send', async () => {
    const url = `${server.url}?query=${encodeURIComponent('{ hello }')}`;
    const headers = { 'apollo-require-preflight': 'yes' };
    expect(await (await fetch(url, { headers })).json()).toEqual({ data: { hello: 'world' } });
    expect((await fetch(url)).status).toBe(400);
  });

  test('accepts any JSON value, as a variable and as a literal', async () => {
    const value = { list: [1, 2.5, 'three', true, null], nested: { __proto__x: {} }, 'odd key': '' };
    const query =
      'query ($v: JSON) { variable: echo(value: $v), literal: echo(value: {a: [1, "b", {c: null}, $v]}) }';
    const { body } = await post({ query, variables: { v: value } });
    expect(body).toEqual({ data: { variable: value, literal: { a: [1, 'b', { c: null }, value] } } });
  });

  test('is redirected to GraphiQL when a person opens the endpoint in a browser', async () => {
    const response = await fetch(server.url, { headers: { accept: 'text/html,*/*' }, redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/graphiql']);
  });
});

describe('bad input gets a clear error', () => {
  test('malformed JSON', async () => {
    const { status, body } = await post('{"query": ');
    expect(status).toBe(400);
    expect(errorOf(body)).toEqual({
      code: 'BAD_REQUEST',
      message: stringMatching(/^Expected the body to be JSON/),
    });
  });

  test.each([
    ['a syntax error', '{ hello', 'GRAPHQL_PARSE_FAILED', /Syntax Error/],
    ['an unknown field', '{ helo }', 'GRAPHQL_VALIDATION_FAILED', /Did you mean "hello"/],
    ['an operation nested too deep', `{ ${nest(13)} }`, 'GRAPHQL_TOO_COMPLEX', /at most 12 deep, got 14/],
    [
      'one nested by a fragment',
      `{ inner { ...F } } fragment F on Inner { ${nest(12)} }`,
      'GRAPHQL_TOO_COMPLEX',
      /got 14/,
    ],
    ['one nested beyond the stack', `{ ${'inner { '.repeat(9_000)}`, 'GRAPHQL_TOO_COMPLEX', /deep/],
    [
      'a long document',
      `{ hello } #${'x'.repeat(262_144)}`,
      'GRAPHQL_TOO_COMPLEX',
      /262144 characters, got 262155/,
    ],
    [
      'many lines before its errors',
      `${'\n'.repeat(10_000)}{ helo }`,
      'GRAPHQL_TOO_COMPLEX',
      /10000 lines, got 10001/,
    ],
    ['too many tokens', `{ ${'hello '.repeat(20_001)} }`, 'GRAPHQL_TOO_COMPLEX', /20000 tokens/],
    ['too many fields', `{ ${'hello '.repeat(2_001)} }`, 'GRAPHQL_TOO_COMPLEX', /2000 fields, got 2001/],
    ['too many aliases', `{ ${alias(101)} }`, 'GRAPHQL_TOO_COMPLEX', /100 aliases, got 101/],
    ['fragments that multiply', fragmentBomb(40), 'GRAPHQL_TOO_COMPLEX', /2000 fields/],
    [
      'fragments in a circle',
      '{ inner { ...A } } fragment A on Inner { ...A }',
      'GRAPHQL_VALIDATION_FAILED',
      /itself/,
    ],
    ['a subscription', 'subscription { never }', 'BAD_REQUEST', /WebSocket/],
    [
      'a name as a JSON literal, such as of Python',
      '{ echo(value: { isReady: True }) }',
      'GRAPHQL_VALIDATION_FAILED',
      /got the name True: write true/,
    ],
    [
      'a JSON literal nested too deep',
      `{ echo(value: ${'['.repeat(200)}${']'.repeat(200)}) }`,
      'GRAPHQL_VALIDATION_FAILED',
      /128/,
    ],
  ])('%s', async (_what, query, code, message) => {
    const { status, body } = await post({ query });
    expect(status).toBe(400);
    expect(errorOf(body)).toEqual({ code, message: stringMatching(message) });
  });

  test('a JSON variable nested too deep', async () => {
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    const { body } = await post(
      `{"query": "query ($v: JSON) { echo(value: $v) }", "variables": {"v": ${deep}}}`,
    );
    expect(errorOf(body)).toEqual({ code: 'BAD_USER_INPUT', message: stringMatching(/at most 128 deep/) });
  });

  test('introspection is accepted, as deep as its own query goes', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    expect((await post({ query: getIntrospectionQuery() })).status).toBe(200);
  });

  test('a method other than GET and POST', async () => {
    const response = await fetch(server.url, { method: 'PUT', body: '{}' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect(errorOf(await response.json())).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ 'content-type': 'text/plain' }, /application\/json, got text\/plain/],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, /uncompressed/],
  ])('a body of another type: %p', async (headers, message) => {
    const response = await fetch(server.url, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(415);
    expect(errorOf(await response.json())).toEqual({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: stringMatching(message),
    });
  });

  test.each(['/grapql', '//', '//x:y'])('an unknown path (%s), with a hint', async (path) => {
    const response = await fetch(`${new URL(server.url).origin}${path}`);
    expect(response.status).toBe(404);
    expect(errorOf(await response.json())).toEqual({
      code: 'NOT_FOUND',
      message: stringMatching(/Expected \/graphql,/),
    });
  });
});

test('a person who opens the endpoint in a browser is led to GraphiQL', async () => {
  const headers = { accept: 'text/html,*/*' };
  const response = await fetch(server.url, { headers, redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([302, '/graphiql']);
});

test('a body of nothing but lists is refused before it is parsed', async () => {
  const { status, body } = await post(
    `{"query": "{ hello }", "variables": {"x": [${'[],'.repeat(500_000)}[]]}}`,
  );
  expect(status).toBe(413);
  expect(errorOf(body)).toEqual({
    code: 'PAYLOAD_TOO_LARGE',
    message: stringMatching(/at most 500000 lists and objects, got more\. Send less/),
  });
});

describe('a body over the limit', () => {
  const tooLarge = {
    code: 'PAYLOAD_TOO_LARGE',
    message: stringMatching(/at most 16777216 bytes \(16 MiB\), got more\. Send less/),
  };

  test('of 50 MB is refused, and the client that sends it all the same gets the answer', async () => {
    const { status, body } = await post({ query: '{ hello }', padding: 'x'.repeat(50_000_000) });
    expect(status).toBe(413);
    expect(errorOf(body)).toEqual(tooLarge);
  });

  test('is refused by its Content-Length before any of it has come', async () => {
    const { status, body } = await answerTo({ 'content-length': 50_000_000 }, 1);
    expect(status).toBe(413);
    expect(errorOf(body)).toEqual(tooLarge);
  });

  test('is refused as soon as it exceeds the limit when no Content-Length announces its size', async () => {
    const { status, body } = await answerTo({ 'transfer-encoding': 'chunked' }, 16 * 1024 * 1024 + 1);
    expect(status).toBe(413);
    expect(errorOf(body)).toEqual(tooLarge);
  });

  test('is refused before it is sent by a client that expects 100-continue', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        'Content-Length: 50000000\r\nExpect: 100-continue\r\n\r\n',
    );
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).not.toContain('100 Continue');
  });
});

describe('errors', () => {
  test('of the known kind pass with their code', async () => {
    const { body } = await post({ query: '{ known }' });
    expect(errorOf(body)).toEqual({ code: 'NO_TEA', message: 'No tea today' });
  });

  test.each(['{ secret }', '{ broken }'])('of any other kind are masked: %s', async (query) => {
    const { body } = await post({ query });
    expect(errorOf(body)).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      message: stringMatching(/error id [0-9a-f-]{36}/),
    });
    expect(JSON.stringify(body)).not.toMatch(/hunter2|not a number/);
  });
});

describe('health', () => {
  test('report that the process is alive, whether it is ready, and why not', async () => {
    await using unready = await openTransportServer({
      isReady: async () => ({ ready: false, problem: 'no database' }),
    });
    expect((await fetch(new URL('/healthz', unready.url))).status).toBe(200);
    const response = await fetch(new URL('/readyz', unready.url));
    expect([response.status, await response.json()]).toEqual([503, { ready: false, problem: 'no database' }]);
    expect((await fetch(new URL('/readyz', server.url))).status).toBe(200);
  });
});

async function post(body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Sends the first bytes of a body that never ends, and waits for the answer. */
function answerTo(headers: OutgoingHttpHeaders, bytes: number): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    const outgoing = request(server.url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => {
        chunks.push(chunk);
        if (Buffer.concat(chunks).length < Number(response.headers['content-length'])) return;
        outgoing.destroy();
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) });
      });
    });
    outgoing.once('error', reject);
    outgoing.write(Buffer.alloc(bytes, 'x'));
  });
}

function errorOf(body: unknown): { code: string; message: string } {
  const { errors } = body as { errors: { message: string; extensions: { code: string } }[] };
  return { message: errors[0]!.message, code: errors[0]!.extensions.code };
}

function nest(depth: number): string {
  return `${'inner { '.repeat(depth)} name ${'}'.repeat(depth)}`;
}

function alias(count: number): string {
  return Array.from({ length: count }, (_, index) => `a${index}: hello`).join(' ');
}

function fragmentBomb(levels: number): string {
  const fragments = Array.from(
    { length: levels },
    (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`,
  );
  return `{ ...F0 } ${fragments.join(' ')} fragment F${levels} on Query { hello }`;
}
