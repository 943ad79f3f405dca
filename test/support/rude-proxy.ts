import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What is done to what a client sends: it passes, ends the connection, or is dropped and never answered. */
export type Manners = (head: string) => 'pass' | 'refuse' | 'ignore';

export interface RudeProxy extends AsyncDisposable {
  /** Of the server behind it, as clients are to use it. */
  url: string;
  /** Where it leads; may be changed when the server has moved. */
  target: string;
  manners: Manners;
  /** Connections open now. */
  readonly open: number;
  /** Breaks all connections. */
  cut(): void;
  /** From now on nothing passes on the connections that are open, and nobody is told. */
  freeze(): void;
}

/** A TCP proxy before a server, for all that networks do to connections. */
export async function openRudeProxy(target: string): Promise<RudeProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const { hostname, port } = new URL(proxy.target);
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) keep(socket);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    upstream.pipe(client);
    // Not once: clients ask again on connections that they have kept.
    client.on('data', (chunk) => {
      const manners = proxy.manners(chunk.toString('latin1'));
      if (manners === 'refuse') client.destroy();
      else if (manners === 'pass') upstream.write(chunk);
    });
  });

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: RudeProxy = {
    url: `http://127.0.0.1:${port}/graphql`,
    target,
    manners: () => 'pass',
    get open() {
      return sockets.size;
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    freeze() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      this.cut();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

export function isUpgrade(head: string): boolean {
  return /^upgrade: websocket/im.test(head);
}

export function wantsEventStream(head: string): boolean {
  return /^accept: text\/event-stream/im.test(head);
}
