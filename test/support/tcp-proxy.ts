import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough, Transform } from 'node:stream';

export interface TcpProxy extends AsyncDisposable {
  /** The target's URL, by way of the proxy. */
  url: string;
  /** Cuts all connections: each in the midst of the next answer that comes, or within a moment. */
  cut(): void;
}

/** Stands before a server that listens on `url`; what that answers goes `through`. */
export async function startTcpProxy(url: string, through = () => new PassThrough()): Promise<TcpProxy> {
  const target = new URL(url);
  const pairs = new Set<{ client: Socket; server: Socket }>();
  const listener = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const pair = { client, server };
    pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.once('close', () => {
        pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server);
    server.pipe(through()).pipe(client);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const own = new URL(url);
  own.port = String((listener.address() as AddressInfo).port);
  return {
    url: own.href,
    cut: () => [...pairs].forEach(cutMidway),
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close');
      listener.close();
      for (const { client } of pairs) client.destroy();
      await closed;
    },
  };
}

function cutMidway({ client, server }: { client: Socket; server: Socket }): void {
  const timer = setTimeout(() => client.destroy(), 300);
  server.unpipe().once('data', (chunk: Buffer) => {
    clearTimeout(timer);
    client.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => client.destroy());
  });
}

const NOTIFICATION = 'A'.charCodeAt(0);

/**
 * Of what Postgres sends everything but notifications, as a pooler between transactions lets through. Each message is a
 * letter, the length of what follows (its own four bytes counted in), and that.
 */
export function withoutNotifications(onSwallowed: () => void): Transform {
  let rest = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 5) {
        const end = 1 + rest.readInt32BE(1);
        if (rest.length < end) break;
        if (rest[0] === NOTIFICATION) onSwallowed();
        else this.push(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
      done();
    },
  });
}
