import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface DeafProxy extends AsyncDisposable {
  /** The database's URL, by way of the proxy. */
  url: string;
  /** Notifications that were swallowed so far. */
  readonly swallowed: number;
}

/** Stands before Postgres and passes everything on but notifications, as a pooler between transactions does. */
export async function startDeafProxy(databaseUrl: string): Promise<DeafProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let swallowed = 0;
  const server = createServer((client) => {
    const postgres = connect(Number(target.port), target.hostname);
    for (const socket of [client, postgres]) {
      sockets.add(socket.once('close', () => sockets.delete(socket)));
      socket.on('error', () => {});
      socket.once('close', () => [client, postgres].forEach((each) => void each.destroy()));
    }
    client.pipe(postgres);
    postgres.pipe(withoutNotifications(() => swallowed++)).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    get swallowed() {
      return swallowed;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const NOTIFICATION = 'A'.charCodeAt(0);

/** Each message of Postgres is a letter, the length of what follows (its own four bytes counted in), and that. */
function withoutNotifications(onSwallowed: () => void): Transform {
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
