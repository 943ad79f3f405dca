import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'graphql-sse';
import { otherClientReads } from '../support/other-client-reads.ts';
import { openTransportServer, type TransportServer } from '../support/transport-server.ts';
import { until } from '../support/until.ts';

let server: TransportServer;
beforeAll(async () => {
  server = await openTransportServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

const eventStream = { accept: 'text/event-stream', 'apollo-require-preflight': 'true' };

describe('over server-sent events', () => {
  test('the graphql-sse client runs queries, mutations and subscriptions, on either path', async () => {
    for (const url of [server.url, `${server.url}/stream`]) {
      const client = createClient({ url });
      const run = async (query: string) => {
        const results: unknown[] = [];
        for await (const { data } of client.iterate({ query })) results.push(data);
        return results;
      };
      expect(await run('{ hello }')).toEqual([{ hello: 'world' }]);
      expect(await run('mutation { touch }')).toEqual([{ touch: 'touched' }]);
      expect(await run('subscription { countTo(last: 2) }')).toEqual([{ countTo: 1 }, { countTo: 2 }]);
      client.dispose();
    }
  });

  test('a GET with a header that needs a preflight returns events up to complete', async () => {
    const url = `${server.url}?query=${encodeURIComponent('subscription { countTo(last: 1) }')}`;
    const response = await fetch(url, { headers: eventStream });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toBe(
      ':\n\nevent: next\ndata: {"data":{"countTo":1}}\n\nevent: complete\ndata:\n\n',
    );
  });

  test.each([
    ['a refused document', '{ helo }', 'GRAPHQL_VALIDATION_FAILED'],
    ['what the source of a subscription throws, masked', 'subscription { failing }', 'INTERNAL_SERVER_ERROR'],
  ])('%s becomes a result with errors', async (_what, query, code) => {
    const text = await (await post({ query })).text();
    expect(text).toContain(`"code":"${code}"`);
    expect(text).not.toContain('hunter2');
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });

  test.each<[string, RequestInit, number]>([
    [
      'a body that is not JSON',
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      400,
    ],
    [
      'a body without a query',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      400,
    ],
    ['another content type', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } }, 415],
    ['another method', { method: 'PUT', body: '{}' }, 405],
  ])('%s is refused', async (_what, init, status) => {
    const response = await fetch(`${server.url}/stream`, {
      ...init,
      headers: { ...init.headers, ...eventStream },
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('errors.0.extensions.code');
  });

  test('a body over the limit is refused', async () => {
    const response = await post({ query: '{ hello }', padding: 'x'.repeat(50_000_000) });
    expect(response.status).toBe(413);
  });

  test('a mutation over GET is refused', async () => {
    const response = await fetch(`${server.url}?query=mutation{touch}`, { headers: eventStream });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('a request that does not accept an event stream is refused on the stream path', async () => {
    expect((await fetch(`${server.url}/stream?query={hello}`)).status).toBe(406);
  });

  test('a subscription ends at once when the client leaves', async () => {
    const response = await open('subscription { never }');
    await until(() => server.counts.open === 1);
    response.destroy();
    await until(() => server.counts.open === 0);
  });

  test('a request that is pipelined behind an open stream does not begin', async () => {
    const get = `GET /graphql?query=${encodeURIComponent('subscription { never }')} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nApollo-Require-Preflight: true\r\n\r\n`;
    const ahead = connect(Number(new URL(server.url).port), '127.0.0.1');
    ahead.write(get.repeat(50));
    await until(() => server.counts.open > 0);
    await (await post({ query: '{ hello }' })).text(); // As long as one takes to begin.
    expect(server.counts.open).toBe(1);
    ahead.destroy();
    await until(() => server.counts.open === 0);
  });

  test('a client that reads slowly holds the source back', async () => {
    const response = await open('subscription { flood }');
    response.pause();
    await otherClientReads(server);
    expect(server.counts.pulled).toBeLessThan(400);
    response.destroy();
    await until(() => server.counts.open === 0);
  });
});

test('a server that stops ends its streams without complete, and completes the active requests', async () => {
  const going = await openTransportServer();
  const response = await open('subscription { never }', going);
  await until(() => going.counts.open === 1);
  let text = '';
  response.on('data', (chunk) => {
    text += chunk;
  });
  await Promise.all([once(response, 'end'), going[Symbol.asyncDispose]()]);
  expect(text).toBe(':\n\n');
  expect(going.counts.open).toBe(0);
});

function post(body: unknown): Promise<Response> {
  const headers = { ...eventStream, 'content-type': 'application/json' };
  return fetch(server.url, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function open(query: string, target = server): Promise<IncomingMessage> {
  const outgoing = request(`${target.url}?query=${encodeURIComponent(query)}`, {
    headers: eventStream,
    agent: false,
  });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  return response;
}
