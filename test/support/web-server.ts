import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { eventually } from './eventually.ts';

export interface WebServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  host: string;
  port: number;
  /** `GET /path`, in the order in which they arrived. */
  seen: string[];
  /** Requests whose response was not read to its end. */
  cut: number;
}

/** The other side of the requests of runs: pages for what a client has to cope with. */
export async function openWebServer(): Promise<WebServer> {
  const web: Pick<WebServer, 'seen' | 'cut'> = { seen: [], cut: 0 };
  const server = createServer((request, response) => {
    web.seen.push(`${request.method} ${request.url}`);
    response.on('close', () => {
      if (!response.writableFinished) web.cut += 1;
    });
    answer(request, response, web.seen).catch((error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(web, {
    host: `127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  seen: readonly string[],
): Promise<void> {
  const url = new URL(request.url!, 'http://web');
  const json = (value: unknown, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  switch (url.pathname) {
    case '/echo': {
      const body = await buffer(request);
      const { method, headers } = request;
      return void json({ method, query: url.search, headers, body: body.toString('latin1') });
    }
    case '/status':
      return void json({ sorry: true }, Number(url.searchParams.get('code')));
    case '/csv':
      return void response.writeHead(200, { 'content-type': 'text/csv' }).end('a,b\n1,2\n3,4\n');
    case '/gzip':
      return void response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(JSON.stringify({ zipped: true })));
    case '/bytes':
      return void response.writeHead(200).end(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
    case '/large':
      response.writeHead(200, { 'content-length': url.searchParams.get('size')! });
      return void writeMuch(response, Number(url.searchParams.get('size')));
    case '/cookie':
      return void response
        .writeHead(302, { 'set-cookie': ['a=1; Path=/', 'b=2; Path=/'], location: '/echo' })
        .end();
    case '/to':
      return void response
        .writeHead(Number(url.searchParams.get('code') ?? 302), { location: url.searchParams.get('url')! })
        .end('moved');
    case '/never':
      return;
    case '/slowly':
      response.writeHead(200).write('begun');
      return;
    case '/behind': {
      const other = `GET ${url.searchParams.get('path')}`;
      await eventually(`${other} arrives`, () => seen.includes(other));
      return void response.writeHead(200).end('both are here');
    }
    default:
      return void json({ missing: url.pathname }, 404);
  }
}

function writeMuch(response: ServerResponse, rest: number): void {
  const piece = Buffer.alloc(64 * 1024, 'x');
  const write = () => {
    while (rest > 0) {
      const sent = piece.subarray(0, Math.min(rest, piece.length));
      rest -= sent.length;
      if (!response.write(sent)) return void response.once('drain', write);
    }
    response.end();
  };
  write();
}
