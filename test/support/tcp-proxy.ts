import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough, Transform } from 'node:stream';

/** What is done to what a client sends: it passes, ends the connection, or is dropped and never answered. */
export type Manners = (sent: string) => 'pass' | 'refuse' | 'ignore';

export interface TcpProxy extends AsyncDisposable {
  /** The target's URL, by way of the proxy. */
  url: string;
  /** Where new connections lead; may be changed when the server has moved. */
  target: string;
  manners: Manners;
  /** Connections open now. */
  readonly open: number;
  /** Cuts all connections: each in the midst of the next answer that comes, or within a moment. */
  cut(): void;
  /** From now on nothing passes on the connections that are open, and no side notices. */
  freeze(): void;
}

/** Stands before a server that listens on `url`, for all that networks do; what that answers goes `through`. */
export async function startTcpProxy(url: string, through = () => new PassThrough()): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; server: Socket }>();
  const listener = createServer((client) => {
    const { hostname, port } = new URL(proxy.target);
    const server = connect(Number(port), hostname);
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
    client.pipe(gate(client)).pipe(server);
    server.pipe(through()).pipe(client);
  });

  /** Each piece anew: clients ask again on connections that they have kept. */
  function gate(client: Socket): Transform {
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const manners = proxy.manners(chunk.toString('latin1'));
        if (manners === 'pass') this.push(chunk);
        if (manners === 'refuse') client.destroy();
        done();
      },
    });
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const own = new URL(url);
  own.port = String((listener.address() as AddressInfo).port);
  const proxy: TcpProxy = {
    url: own.href,
    target: url,
    manners: () => 'pass',
    get open() {
      return pairs.size;
    },
    cut: () => [...pairs].forEach(cutMidway),
    freeze: () =>
      pairs.forEach(({ client, server }) => void [client, server].map((each) => each.unpipe().pause())),
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close');
      listener.close();
      for (const { client } of pairs) client.destroy();
      await closed;
    },
  };
  return proxy;
}

export function isUpgrade(sent: string): boolean {
  return /^upgrade: websocket/im.test(sent);
}

export function wantsEventStream(sent: string): boolean {
  return /^accept: text\/event-stream/im.test(sent);
}

function cutMidway({ client, server }: { client: Socket; server: Socket }): void {
  const timer = setTimeout(() => client.destroy(), 300);
  server.unpipe().once('data', (chunk: Buffer) => {
    clearTimeout(timer);
    client.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => client.destroy());
  });
  server.resume(); // `unpipe` has paused it
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
