import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { removeFolder } from '../../shared/remove-folder.ts';
import { makeRunFolder } from '../../shared/run-folder.ts';

export interface WayOutOptions {
  /** Whether the installer may connect there. */
  isAllowed: (host: string, port: number) => boolean;
  /** The proxy of the host for a destination; null: none. */
  proxyFor: (host: string, isTls: boolean) => URL | null;
  /** The installer has written so many bytes; resolves to how many it may write. */
  onWritten: (bytes: number) => Promise<number>;
  /** Of everything that is received. */
  maxBytes: number;
}

/** The only way out of a room: a proxy (HTTP, and CONNECT for TLS) on a Unix socket. */
export interface WayOut extends AsyncDisposable {
  path: string;
  /** The hosts that the installer tried to reach and that are not allowed. */
  refused: ReadonlySet<string>;
  /** More than `maxBytes` arrived. */
  receivedTooMuch: boolean;
}

/** Not the package proxy-chain, which listens on TCP only: every process of the host could use such a proxy. */
export async function openWayOut(options: WayOutOptions): Promise<WayOut> {
  const folder = await makeRunFolder();
  const path = join(folder, 'way-out.sock');
  const sockets = new Set<Duplex>();
  const refused = new Set<string>();
  let receivedBytes = 0;
  const server = createServer({ keepAliveTimeout: IDLE_MS }, onRequest);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', track);
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    void onConnect(request, client, head); // cannot reject: it catches everything
  });
  server.on('clientError', (_error, client) => client.destroy());
  server.listen(path);
  await once(server, 'listening');
  // The folder is closed to other users; the room sees the socket alone, as another user.
  await chmod(path, 0o666);

  return {
    path,
    refused,
    get receivedTooMuch() {
      return receivedBytes > options.maxBytes;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await closed(server);
      await removeFolder(folder);
    },
  };

  /** Every connection ends with the proxy, and its errors are the installer's. */
  function track(socket: Duplex): void {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  }

  function count(received: Readable): void {
    received.on('data', (data: Buffer) => {
      receivedBytes += data.length;
      if (receivedBytes > options.maxBytes) for (const each of sockets) each.destroy();
    });
  }

  function isAllowed(host: string, port: number): boolean {
    if (options.isAllowed(host, port)) return true;
    if (refused.size < MAX_REFUSED) refused.add(port === 443 || port === 80 ? host : `${host}:${port}`);
    return false;
  }

  /** A request with a whole URL, as proxies receive it for `http:`; one with a path comes from the guard of the room. */
  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.parse(request.url ?? '');
    const written = /^\/written\?bytes=(\d{1,15})$/.exec(request.url ?? '')?.[1];
    if (written !== undefined && request.method === 'POST') {
      options.onWritten(Number(written)).then(
        (allowed) => {
          const answer = String(Math.floor(allowed));
          response.writeHead(200, { connection: 'close', 'content-length': answer.length }).end(answer);
        },
        () => refuse(response, 500),
      );
    } else if (url?.protocol !== 'http:') refuse(response, 400);
    else if (!isAllowed(url.hostname, Number(url.port || 80))) refuse(response, 403);
    else forward(url, request, response);
  }

  function forward(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const port = Number(url.port || 80);
    const proxy = options.proxyFor(url.hostname, false);
    const { connection: _ours, 'proxy-connection': _too, ...headers } = request.headers;
    const target: RequestOptions =
      proxy === null
        ? { host: bare(url.hostname), port, path: `${url.pathname}${url.search}`, headers }
        : { ...addressOf(proxy), path: url.href, headers: { ...headers, ...authorization(proxy) } };
    const sent = via(proxy)({ ...target, method: request.method, timeout: IDLE_MS, agent: false });
    sent.on('socket', track);
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => (response.headersSent ? response.destroy() : refuse(response, 502)));
    sent.on('response', (received) => {
      count(received);
      try {
        response.writeHead(received.statusCode ?? 502, received.rawHeaders);
      } catch {
        response.destroy(); // The index sent a status or a header that Node refuses to send on.
      }
      pipeline(received, response).catch(() => {});
    });
    pipeline(request, sent).catch(() => {});
  }

  async function onConnect(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    try {
      const url = URL.parse(`https://${request.url}`);
      const port = Number(url?.port || 443);
      if (url === null || !isAllowed(url.hostname, port)) {
        client.end(line(403));
        return;
      }
      const target = await openTunnel(url.hostname, port);
      track(target);
      count(target);
      client.write(line(200));
      target.write(head);
      client.pipe(target);
      target.pipe(client);
      client.once('close', () => target.destroy());
      target.once('close', () => client.end());
    } catch {
      client.destroy();
    }
  }

  async function openTunnel(host: string, port: number): Promise<Socket> {
    const proxy = options.proxyFor(host, true);
    if (proxy === null) {
      const socket = connect({ host: bare(host), port, timeout: IDLE_MS });
      socket.on('timeout', () => socket.destroy(new Error('timeout')));
      await once(socket, 'connect');
      return socket;
    }
    const path = `${host}:${port}`;
    const headers = { host: path, ...authorization(proxy) };
    const request = via(proxy)({
      ...addressOf(proxy),
      method: 'CONNECT',
      path,
      headers,
      timeout: IDLE_MS,
      agent: false,
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    const answered = once(request, 'connect');
    request.end();
    const [response, socket] = (await answered) as [IncomingMessage, Socket];
    if (response.statusCode === 200) return socket;
    socket.destroy();
    throw new Error(`The proxy of the host answered ${response.statusCode}`);
  }
}

const MAX_CONNECTIONS = 256;
const MAX_REFUSED = 10;
const IDLE_MS = 120_000;

const via = (proxy: URL | null) => (proxy?.protocol === 'https:' ? requestHttps : requestHttp);

function addressOf(proxy: URL): RequestOptions {
  const port = Number(proxy.port || (proxy.protocol === 'https:' ? 443 : 80));
  return { host: bare(proxy.hostname), port };
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = [username, password].map((text) => decodeURIComponent(text)).join(':');
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** An IPv6 address without its brackets. */
function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: 'close' }).end();
}

function line(status: 200 | 403): string {
  return `HTTP/1.1 ${status} ${status === 200 ? 'Connection established' : 'Forbidden'}\r\n\r\n`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
