import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The world outside of the servers under chaos, which outlives all of them. */
export interface Outside extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  host: string;
  /** The idempotency keys of all requests that had an effect, in order; a key counts once. */
  effects: string[];
}

/**
 * `POST /effect` does something once for each idempotency key. `/flaky` fails one request in three, and `/broken/<name>`
 * the first of each name, for which somebody has to mend it.
 */
export async function openOutside(): Promise<Outside> {
  const effects = new Set<string>();
  const seen = new Set<string>();
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    const fails = request.url === '/flaky' ? ++count % 3 === 0 : isFirst(seen, request.url!);
    if (request.url === '/effect') effects.add(String(request.headers['idempotency-key']));
    const status = request.url !== '/effect' && fails ? 503 : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"done":true}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    get effects() {
      return [...effects];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function isFirst(seen: Set<string>, url: string): boolean {
  const first = !seen.has(url);
  seen.add(url);
  return first;
}
