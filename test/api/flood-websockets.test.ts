import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { RawWs } from '../support/raw-ws.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openTransportServer } from '../support/transport-server.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const TOKEN = 'a-token-of-the-test';
/** As many as one address may have before `connection_init`, and in all. */
const PER_ADDRESS = 256;
const IN_ALL = 1_024;

test('sockets that never say connection_init take no memory, and runs go on beside them', async () => {
  await using database = await createDatabase();
  await using server = await startWeft({ databaseUrl: database.url, env: { WEFT_API_TOKEN: TOKEN } });
  await using weft = new WeftClient(server.url, TOKEN);
  await weft.allEvents(await weft.runPython('1'));
  const before = await residentMiB(server.pid);
  await using flood = new Flood(Number(new URL(server.url).port));
  for (let n = 0; n < 200; n++) await flood.open(`127.0.0.${(n % 4) + 1}`, 'half a message');
  const events = await weft.allEvents(await weft.runPython('result = "honest"'));
  expect(events.at(-1)).toMatchObject({ output: 'honest' });
  // Of 1,600 MiB that were sent; what waits for the garbage collector may be more than a hundred.
  expect((await residentMiB(server.pid)) - before).toBeLessThan(250);
});

test('of one address, and in all, the oldest sockets that wait make room for new ones', async () => {
  await using server = await openTransportServer();
  await using flood = new Flood(server.port);
  for (let n = 0; n < PER_ADDRESS + 50; n++) await flood.open('127.0.0.2');
  await flood.ended(50);
  const honest = await new RawWs(server.port, { localAddress: '127.0.0.2' }).init();
  honest.subscribe('{ hello }');
  expect(await honest.next()).toMatchObject({ type: 'next' });
  await flood.ended(51);
  expect(flood.firstEnded(51)).toBe(true);

  const lane = async (number: number) => {
    for (let n = number; n < IN_ALL; n += 16) await flood.open(`127.0.1.${(n % 100) + 1}`);
  };
  await Promise.all(Array.from({ length: 16 }, (_, number) => lane(number)));
  await flood.ended(PER_ADDRESS + 50 - 1);
  const another = await new RawWs(server.port).init();
  another.socket.terminate();
  honest.socket.terminate();
});

test('a socket that is accepted is never ended for others', async () => {
  await using server = await openTransportServer();
  const honest = await new RawWs(server.port).init();
  await using flood = new Flood(server.port);
  for (let n = 0; n < PER_ADDRESS + 10; n++) await flood.open('127.0.0.1');
  await flood.ended(10);
  honest.send({
    id: '1',
    type: 'subscribe',
    payload: { query: `{ echo(value: "${'x'.repeat(100_000)}") }` },
  });
  expect(await honest.next()).toMatchObject({ type: 'next' });
  honest.socket.terminate();
});

test.each([
  ['one message', '{"type":"connection_init","payload":{"padding":"', 'x'.repeat(9_000)],
  ['many messages', '{"type":"ping"}', ''],
])('connection_init has a few KiB: %s of more closes the socket', async (_what, start, padding) => {
  await using server = await openTransportServer();
  const client = new RawWs(server.port);
  await once(client.socket, 'open');
  const closed = client.closed();
  if (padding === '') for (let n = 0; n < 1_000; n++) client.send(start);
  else client.send(`${start}${padding}"}}`);
  expect(await closed).toEqual([1009, expect.stringMatching(/connection_init.* of at most 8192 bytes/)]);
});

test('a socket that does not answer the closing at the time-out is ended all the same', async () => {
  await using server = await openTransportServer({ limits: { initMs: 50 } });
  await using flood = new Flood(server.port);
  await flood.open('127.0.0.1');
  await flood.ended(1);
});

/** Sockets by hand, which do not answer a closing. */
class Flood implements AsyncDisposable {
  private readonly sockets: Socket[] = [];
  private readonly gone = new Set<Socket>();
  private wake = () => {};

  constructor(private readonly port: number) {}

  /** Resolves when the server has upgraded the connection. */
  async open(localAddress: string, send: 'nothing' | 'half a message' = 'nothing'): Promise<void> {
    const socket = connect({ port: this.port, host: '127.0.0.1', localAddress });
    this.sockets.push(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.gone.add(socket);
      this.wake();
    });
    socket.write(
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    await once(socket, 'data');
    socket.resume();
    if (send === 'half a message') await this.sendHalf(socket);
  }

  /** Resolves when so many of the sockets have been ended by the server. */
  async ended(count: number): Promise<void> {
    while (this.gone.size < count) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Whether the first ones are those that were ended, and no others. */
  firstEnded(count: number): boolean {
    return this.gone.size === count && this.sockets.slice(0, count).every((socket) => this.gone.has(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
  }

  /** 8 MiB of a message of 16 MiB, or as much of that as the server reads. */
  private async sendHalf(socket: Socket): Promise<void> {
    const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    socket.write(header);
    const half = Buffer.alloc(8 * 1024 * 1024, 'x');
    await Promise.race([
      new Promise((resolve) => socket.write(half, resolve)),
      new Promise((resolve) => socket.once('data', resolve)),
      new Promise((resolve) => socket.once('close', resolve)),
    ]);
  }
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
