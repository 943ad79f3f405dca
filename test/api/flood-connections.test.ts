import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connectionsWithin } from '../../server/shared/http/connection-limit.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openTransportServer, type TransportServer } from '../support/transport-server.ts';
import { until } from '../support/until.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

test('a server that may open few files keeps enough of them for runs, whoever connects', async () => {
  await using database = await createDatabase();
  await using server = await startWeft({ databaseUrl: database.url, openFiles: 700 });
  await using weft = new WeftClient(server.url);
  const updates = weft.subscribe('subscription { executionUpdates { id } }'); // holds the client's WebSocket open
  updates.next().catch(() => {}); // whatever it says, and however it ends
  await weft.allEvents(await weft.runPython('1'));
  const flood: Socket[] = [];
  for (let n = 0; n < 800; n++) {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
    flood.push(socket);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  }
  // Each run needs descriptors: for its cell, for an evaluator's process, for the files that it saves.
  const nodes = [
    { key: 'a', type: 'transform', config: { expression: '$count([1, 2])' } },
    { key: 'b', type: 'python', config: { code: 'result = 2' } },
  ];
  expect((await weft.allEvents(await weft.runPython('result = "honest"'))).at(-1)!.output).toBe('honest');
  expect((await weft.allEvents(await weft.run(nodes))).at(-1)!.__typename).toMatch(/^Execution/);
  await updates.return!();
  for (const socket of flood) socket.destroy();
});

test('a connection that is quiet makes room for a new one, and the one quiet for longest goes first', async () => {
  await using server = await openTransportServer({ maxConnections: 3 });
  const quiet = [await opened(server), await opened(server), await opened(server)];
  const ended = quiet.map((socket) => once(socket, 'close'));
  expect(await (await fetch(`${server.url}?query={hello}`, preflighted)).json()).toEqual({
    data: { hello: 'world' },
  });
  await ended[0];
  expect(quiet.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  for (const socket of quiet) socket.destroy();
});

test('where all connections are in use, a further request is refused, and served when one has ended', async () => {
  await using server = await openTransportServer({ maxConnections: 2 });
  const streams = [await stream(server), await stream(server)];
  await until(() => server.counts.open === 2);
  const refused = await fetch(`${server.url}?query={hello}`, preflighted);
  expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
  expect(await refused.json()).toMatchObject({
    errors: [
      { extensions: { code: 'TOO_MANY_CONNECTIONS' }, message: expect.stringMatching(/at most 2 open/) },
    ],
  });
  streams[0]!.destroy();
  await until(() => server.counts.open === 1);
  expect((await fetch(`${server.url}?query={hello}`, preflighted)).status).toBe(200);
  streams[1]!.destroy();
});

test.each([
  [20_000, 600, 19_400],
  [1_024, 600, 424],
  [256, 600, 64],
  [Number.POSITIVE_INFINITY, 600, 1_000_000],
])('of %d open files with %d for the rest, %d are for connections', (openFiles, reserved, connections) => {
  expect(connectionsWithin(openFiles, reserved)).toBe(connections);
});

const preflighted = { headers: { 'apollo-require-preflight': 'true' } };

async function opened(server: TransportServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function stream(server: TransportServer): Promise<IncomingMessage> {
  const query = encodeURIComponent('subscription { never }');
  const headers = { accept: 'text/event-stream', ...preflighted.headers };
  const outgoing = request(`${server.url}?query=${query}`, { headers, agent: false });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  return response;
}
