import type { Server } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import { coerceError } from '../../shared/errors.ts';
import { tooManyContainers } from '../../shared/http/body.ts';
import { countContainers } from '../../shared/json-size.ts';
import type { Logger } from '../../shared/logger.ts';
import { type Acquire, Semaphore } from '../../shared/semaphore.ts';

/** What is kept of a connection beside its subscriptions. Ten thousand of these are held, so it stays small. */
export interface Connection {
  socket: WebSocket;
  /** The header of the upgrade request, which is itself let go. */
  authorization: string | undefined;
  /** Of its subscriptions. */
  acquire: Acquire;
}

/**
 * Joins one socket to the protocol (graphql-ws owns operations, this file owns the wire).
 *
 * Each subscription waits for its turn, reads and sends one result, waits until the kernel has taken it, and only
 * then gives its turn back; so a client that reads slowly holds one result here, however many its subscriptions, and
 * lags. A client that asks without reading the answers is not read from until they have left.
 */
export function adoptSocket(
  socket: WebSocket,
  { authorization, maxContainers }: Pick<Connection, 'authorization'> & { maxContainers: number },
  protocol: Server<Connection>,
  logger: Logger,
): void {
  const stopPings = keepAlive(socket);
  const { promise: gone, resolve: tellGone } = Promise.withResolvers<void>();
  const semaphore = new Semaphore(1, () => socket.bufferedAmount <= maxUnsentBytes);
  const onSent = () => {
    if (socket.isPaused && socket.bufferedAmount <= maxUnsentBytes) socket.resume();
    semaphore.recheck();
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => send(socket, text, gone, onSent),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => {
        socket.on('message', (data) => {
          if (socket.bufferedAmount > maxUnsentBytes) socket.pause();
          const text = textOf(data);
          if (countContainers(text, maxContainers) > maxContainers)
            return socket.close(1009, closeReason(tooManyContainers(maxContainers)));
          handle(text).catch((error) => closeOnFailure(socket, coerceError(error), logger));
        });
      },
    },
    { socket, authorization, acquire: semaphore.acquire },
  );
  socket.on('error', (error) => logger.debug({ err: error }, 'a WebSocket failed'));
  socket.once('close', (code, reason) => {
    stopPings();
    closed(code, String(reason)).catch((error) => logger.error({ err: error }, 'a subscription ended badly'));
    tellGone();
  });
}

/** A frame that closes holds no more bytes than this. */
export const closeReason = (message: string): string => message.slice(0, 123);

const maxUnsentBytes = 1024 * 1024;
const pingEveryMs = 30_000;

/**
 * Resolves when the kernel has taken the message. On a socket that is closing it resolves only when that is gone, and
 * its subscriptions with it: they would otherwise run through the rest of their journal for nobody.
 */
function send(socket: WebSocket, text: string, gone: Promise<void>, onSent: () => void): Promise<void> {
  return new Promise((resolve) => {
    socket.send(text, (error) => {
      onSent();
      resolve(error ? gone : undefined);
    });
  });
}

/**
 * Ends a socket that gives no sign of life for a whole period. One that still has unsent bytes is slow, not dead,
 * or else TCP will find out: its own probes are answered by the client's kernel, even when the client is busy.
 */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  const sawLife = () => {
    isAlive = true;
  };
  socket.on('pong', sawLife).on('message', sawLife);
  const timer = setInterval(() => {
    if (socket.bufferedAmount > 0) return;
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingEveryMs);
  return () => clearInterval(timer);
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : String(data);
}

function closeOnFailure(socket: WebSocket, error: Error, logger: Logger): void {
  logger.error({ err: error }, 'a WebSocket message could not be handled');
  socket.close(4500, 'Internal server error');
}
