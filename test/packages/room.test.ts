import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runInRoom } from '../../server/packages/installer/room.ts';
import { giveToRoom } from '../../server/packages/installer/room-owner.ts';
import { openWayOut } from '../../server/packages/installer/way-out.ts';
import { findInterpreter } from '../../server/sandbox/local/interpreter.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { onPath } from '../support/test-environments.ts';
import { openTestIndex } from '../support/test-index.ts';

const room = {
  bubblewrapPath: onPath('bwrap'),
  python: (await findInterpreter('python3')).executable,
  wayOut: null,
  limits: { mayWriteBytes: null, maxFileBytes: null, isForeign: false },
  variables: {},
  readable: [(await findInterpreter('python3')).prefix],
  writable: [],
};

test('an aborted room ends, however early the abort comes', async () => {
  for (let ms = 0; ms < 30; ms += 1) {
    const leaving = new AbortController();
    const run = runInRoom({ ...room, signal: leaving.signal }, ['sleep', '60']);
    const ended = expect(run).rejects.toThrow('gone');
    await delay(ms);
    leaving.abort(new Error('gone'));
    await ended;
  }
});

test('files can be linked, not only copied, from the downloads to the folder of a build', async () => {
  await using root = await makeTempFolder();
  const [downloaded, building] = [join(root.path, 'downloaded.py'), join(root.path, 'building')];
  writeFileSync(downloaded, '');
  mkdirSync(building);
  await giveToRoom(root.path, downloaded, building);
  const { signal } = new AbortController();
  const writable = [root.path, building];
  const { exitCode } = await runInRoom({ ...room, writable, signal }, ['ln', downloaded, building]);
  expect(exitCode).toBe(0);
});

test('a room has no way out but the hosts that are allowed', async () => {
  await using near = await openTestIndex({ name: 'tiny', version: '1.0' });
  await using far = await openTestIndex();
  const { port } = new URL(near.url);
  await using wayOut = await openWayOut({ ...anything, isAllowed: (_host, to) => to === Number(port) });
  const results = await inRoom(wayOut.path, [
    `urlopen(${JSON.stringify(`${near.url}tiny/`)})`,
    `urlopen(${JSON.stringify(far.url)})`,
    'urlopen("https://localhost:1/")',
    `socket.create_connection(("127.0.0.1", ${port}), 5)`,
    'socket.create_connection(("192.0.2.1", 80), 5)',
  ]);
  expect(results.map((result) => result.replace(/:.*/s, ''))).toEqual([
    'ok',
    'HTTPError',
    'URLError',
    'ConnectionRefusedError',
    'OSError',
  ]);
  expect(results[1]).toContain('403');
  expect(far.requests).toEqual([]);
  const { port: farPort } = new URL(far.url);
  expect([...wayOut.refused]).toEqual([`127.0.0.1:${farPort}`, 'localhost:1']);
});

test('a tunnel through the way out, and through the proxy of the host, carries bytes both ways', async () => {
  await using echo = await listen((socket) => socket.pipe(socket));
  /** What a proxy of the host receives. */
  const received: (string | undefined)[] = [];
  const hostProxy = createHttpServer().on('connect', (request, client: Socket) => {
    received.push(request.url, request.headers['proxy-authorization']);
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    client.pipe(connect(echo.port, '127.0.0.1')).pipe(client);
  });
  await once(hostProxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = hostProxy.address() as AddressInfo;
  const proxies = [null, new URL(`http://user:p%40ss@127.0.0.1:${port}`)];
  for (const proxy of proxies) {
    await using wayOut = await openWayOut({ ...anything, proxyFor: () => proxy });
    const results = await inRoom(wayOut.path, [`echo("127.0.0.1:${echo.port}", 3_000_000)`]);
    expect(results).toEqual(['ok: 3000000']);
  }
  const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  expect(received).toEqual([`127.0.0.1:${echo.port}`, basic]);
  hostProxy.close();
});

test('a download of more than is allowed ends', async () => {
  await using endless = await listen((socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const more = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on('drain', more);
    more();
  });
  await using wayOut = await openWayOut({ ...anything, maxBytes: 5_000_000 });
  const [result] = await inRoom(wayOut.path, [`urlopen("http://127.0.0.1:${endless.port}/").read()`]);
  expect(result).not.toMatch(/^ok/);
  expect(wayOut.receivedTooMuch).toBe(true);
});

const anything = {
  isAllowed: () => true,
  proxyFor: () => null,
  onWritten: async () => 0,
  maxBytes: 100_000_000,
};

/** Evaluates Python expressions in a room; each result is `ok: value`, or the error. */
async function inRoom(wayOut: string | null, expressions: string[]): Promise<string[]> {
  const { signal } = new AbortController();
  const command = [room.python, '-I', '-c', EVALUATE, JSON.stringify(expressions)];
  const { exitCode, stdout, stderr } = await runInRoom({ ...room, wayOut, signal }, command);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const EVALUATE = `
import json, os, socket, sys, threading
from urllib.request import urlopen

def echo(address, size):
    proxy = os.environ["HTTPS_PROXY"].rpartition(":")[2]
    with socket.create_connection(("127.0.0.1", int(proxy)), 20) as connection:
        connection.sendall(f"CONNECT {address} HTTP/1.1\\r\\nHost: {address}\\r\\n\\r\\n".encode())
        answer = b""
        while not answer.endswith(b"\\r\\n\\r\\n"):
            answer += connection.recv(1)
        sender = threading.Thread(target=connection.sendall, args=(b"x" * size,))
        sender.start()
        received = 0
        while received < size:
            received += len(connection.recv(65_536))
        sender.join()
        return received

results = []
for expression in json.loads(sys.argv[1]):
    try:
        value = eval(expression)
        results.append(f"ok: {value}" if isinstance(value, int) else "ok")
    except Exception as error:
        results.append(f"{type(error).__name__}: {error}")
print(json.dumps(results))
`;

async function listen(onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
