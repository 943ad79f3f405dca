import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { otherClientReads } from '../support/other-client-reads.ts';
import { RawWs } from '../support/raw-ws.ts';
import { openTransportServer, type TransportServer } from '../support/transport-server.ts';
import { until } from '../support/until.ts';

const { stringMatching } = expect;

let server: TransportServer;
beforeAll(async () => {
  server = await openTransportServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

describe('over a WebSocket', () => {
  test('the graphql-ws client runs queries, mutations and subscriptions', async () => {
    const client = createClient({ url: server.url.replace('http', 'ws'), webSocketImpl: WebSocket });
    const run = async (query: string) => {
      const results: unknown[] = [];
      for await (const { data } of client.iterate({ query })) results.push(data);
      return results;
    };
    expect(await run('{ hello }')).toEqual([{ hello: 'world' }]);
    expect(await run('mutation { touch }')).toEqual([{ touch: 'touched' }]);
    expect(await run('subscription { countTo(last: 3) }')).toEqual([
      { countTo: 1 },
      { countTo: 2 },
      { countTo: 3 },
    ]);
    await client.dispose();
  });

  test('a refused document is reported by its code, in an error message', async () => {
    const client = await new RawWs(server.port).init();
    client.subscribe('{ helo }');
    expect(await client.next()).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    client.socket.close();
  });

  test.each([
    ['a resolver', '{ secret }'],
    ['the source of a subscription, after its first event', 'subscription { failing }'],
  ])('what %s throws is masked', async (_who, query) => {
    const client = await new RawWs(server.port).init();
    client.subscribe(query);
    const messages = [await client.next(), await client.next()];
    expect(JSON.stringify(messages)).toContain('INTERNAL_SERVER_ERROR');
    expect(JSON.stringify(messages)).not.toContain('hunter2');
    client.socket.close();
  });

  test('a subscription ends at once when the client completes it, and when it leaves', async () => {
    const client = await new RawWs(server.port).init();
    client.subscribe('subscription { never }', 'a');
    client.subscribe('subscription { never }', 'b');
    await until(() => server.counts.open === 2);
    client.send({ id: 'a', type: 'complete' });
    await until(() => server.counts.open === 1);
    client.socket.terminate();
    await until(() => server.counts.open === 0);
  });

  test.each([
    ['that is not JSON', 'hello', 4400],
    ['of an unknown type', '{"type": "dance"}', 4400],
    [
      'that subscribes before connection_init',
      '{"id": "1", "type": "subscribe", "payload": {"query": "{ hello }"}}',
      4401,
    ],
  ])('a message %s closes the socket', async (_what, message, code) => {
    const client = new RawWs(server.port);
    await once(client.socket, 'open');
    client.send(message);
    expect((await client.closed())[0]).toBe(code);
  });

  test('a message over the limit closes the socket with the reason', async () => {
    const client = await new RawWs(server.port).init();
    client.send({
      id: '1',
      type: 'subscribe',
      payload: { query: '{ hello }', padding: 'x'.repeat(50_000_000) },
    });
    expect(await client.closed()).toEqual([
      1009,
      stringMatching(/at most 16777216 bytes \(16 MiB\), got more/),
    ]);
  });

  test('a message of nothing but lists closes the socket before it is parsed', async () => {
    const client = await new RawWs(server.port).init();
    client.send('['.repeat(500_001)); // Once parsed, it would be refused as no JSON, with 4400.
    expect(await client.closed()).toEqual([
      1009,
      stringMatching(/at most 500000 lists and objects, got more/),
    ]);
  });

  test('an operation past a thousand at once is refused, and works when another has completed', async () => {
    const client = await new RawWs(server.port).init();
    for (let id = 1; id <= 1_001; id++) client.subscribe('subscription { never }', String(id));
    expect(await client.next()).toMatchObject({
      id: '1001',
      type: 'error',
      payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS' } }],
    });
    client.send({ id: '1', type: 'complete' });
    client.subscribe('{ hello }', '1001');
    expect(await client.next()).toMatchObject({ id: '1001', type: 'next' });
    client.socket.terminate();
    await until(() => server.counts.open === 0);
  });

  test('another subprotocol is refused', async () => {
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-ws');
    const [error] = await once(socket, 'error');
    expect(String(error)).toMatch(/subprotocol/);
  });
});

describe('a client that reads slowly', () => {
  test('holds the source back, and the source continues when the client reads again', async () => {
    const client = await new RawWs(server.port).init();
    client.socket.pause();
    client.subscribe('subscription { flood }');
    await otherClientReads(server);
    // 64 KiB each: as many as fit into the kernel's buffers of both ends.
    const { pulled } = server.counts;
    expect(pulled).toBeLessThan(400);
    client.socket.resume();
    await until(() => server.counts.pulled > pulled + 400);
    client.socket.terminate();
    await until(() => server.counts.open === 0);
  });

  test('and has many subscriptions receives the results of one after the other', async () => {
    const client = await new RawWs(server.port).init();
    const before = server.counts.pulled;
    client.socket.pause();
    for (let id = 0; id < 15; id++) client.subscribe('subscription { pages }', String(id));
    // 8 MiB each: one that is sent slowly, after those that fitted into the kernel's buffers.
    await otherClientReads(server);
    expect(server.counts.pulled - before).toBeLessThan(5);
    client.socket.resume();
    const seen = new Set<unknown>();
    while (seen.size < 15) seen.add((await client.next()).id);
    client.socket.terminate();
  });

  test('and continues to send requests is not read from any more', async () => {
    const client = await new RawWs(server.port).init();
    client.socket.pause();
    const answer = JSON.stringify('x'.repeat(100_000));
    for (let id = 0; id < 1_000; id++) client.subscribe(`{ echo(value: ${answer}) }`, String(id));
    await otherClientReads(server);
    expect(client.socket.bufferedAmount).toBeGreaterThan(50_000_000);
    client.socket.terminate();
  });
});

describe('when the server stops', () => {
  test('sockets are closed so that clients connect again, and subscriptions end', async () => {
    const going = await openTransportServer();
    const client = await new RawWs(going.port).init();
    client.subscribe('subscription { never }');
    await until(() => going.counts.open === 1);
    const closed = client.closed();
    await going[Symbol.asyncDispose]();
    expect(await closed).toEqual([1001, stringMatching(/^Going away/)]);
    expect(going.counts.open).toBe(0);
  });

  test('a client that does not answer delays the stop only briefly', async () => {
    const going = await openTransportServer();
    const client = await new RawWs(going.port).init();
    client.socket.pause();
    client.subscribe('subscription { flood }');
    await otherClientReads(going);
    await going[Symbol.asyncDispose]();
    expect(going.counts.open).toBe(0);
    client.socket.terminate();
  });
});
