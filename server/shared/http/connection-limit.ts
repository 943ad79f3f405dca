import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../logger.ts';
import { HttpError } from './http-error.ts';

/** Bounds the open connections of a server, so that descriptors are left for everything else. */
export interface ConnectionLimit {
  /** The reason to refuse a request, whose connection is one too many; null for any other. */
  refusalOf(request: IncomingMessage): HttpError | null;
  /** Notes that a request begins, and its end when its response closes. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** Notes that a connection was upgraded: it is in use until it closes. */
  upgrade(request: IncomingMessage): void;
}

/** Connections past the limit that are held open for as long as their refusal takes. */
const MAX_REFUSED = 16;
const WARN_EVERY_MS = 60_000;

/**
 *   quiet ◀───────▶ in use          quiet: no request is in progress; also before the first request
 *
 * A new connection past the limit takes the place of the one that has been quiet for longest. Where all are in use, the
 * request of the new connection is answered with 503, and further connections are closed at once. So whoever opens
 * connections and sends nothing keeps nobody out. Own code: `server.maxConnections` of Node closes the new connection
 * without an answer, however long others have been quiet.
 */
export function limitConnections(server: Server, max: number, logger: Logger): ConnectionLimit {
  const open = new Set<Socket>();
  const quiet = new Set<Socket>(); // in the order of how long they have been quiet
  const refused = new Set<Socket>();
  const requests = new WeakMap<Socket, number>();
  let warnedAt = -Infinity;

  server.on('connection', (socket) => {
    open.add(socket);
    quiet.add(socket);
    socket.once('close', () => forget(socket));
    if (open.size - refused.size <= max) return;
    warn();
    const [longest] = quiet;
    if (longest !== undefined && longest !== socket) {
      forget(longest);
      longest.destroy();
    } else if (refused.size < MAX_REFUSED) refused.add(socket);
    else socket.destroy();
  });

  function forget(socket: Socket): void {
    for (const sockets of [open, quiet, refused]) sockets.delete(socket);
  }

  function change(socket: Socket, by: 1 | -1): void {
    const count = (requests.get(socket) ?? 0) + by;
    requests.set(socket, count);
    if (count > 0) quiet.delete(socket);
    else if (open.has(socket)) quiet.add(socket);
  }

  function warn(): void {
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    logger.warn(
      { maxConnections: max },
      'the limit of open connections is reached (WEFT_MAX_CONNECTIONS); quiet ones are closed, new ones refused',
    );
  }

  return {
    refusalOf: ({ socket }) => (refused.has(socket) ? tooManyConnections(max) : null),
    begin({ socket }, response) {
      change(socket, 1);
      response.once('close', () => change(socket, -1));
    },
    upgrade: ({ socket }) => change(socket, 1),
  };
}

function tooManyConnections(max: number): HttpError {
  return new HttpError(
    503,
    'TOO_MANY_CONNECTIONS',
    `Expected at most ${max} open connections, got one more, and all of them are in use. Try again later, or raise ` +
      'WEFT_MAX_CONNECTIONS, as far as the open files of the process allow (`ulimit -n`).',
    { connection: 'close', 'retry-after': '1' },
  );
}

/**
 * How many connections leave the rest of the process the descriptors that it needs. Where few are open to it at all,
 * at least a quarter of them: a server that accepts nobody helps nobody.
 */
export function connectionsWithin(openFiles: number, reserved: number): number {
  const left = Math.max(openFiles - reserved, Math.floor(openFiles / 4));
  return Number.isFinite(left) ? left : 1_000_000;
}
