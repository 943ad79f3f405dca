import type { Server } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import { coerceError } from '../../shared/errors.ts';
import { tooManyContainers } from '../../shared/http/body.ts';
import { countContainers } from '../../shared/json-size.ts';
import type { Logger } from '../../shared/logger.ts';
import { type Acquire, Semaphore } from '../../shared/semaphore.ts';
import type { Caller } from './caller.ts';
import { withPayload } from './text-payload.ts';

/** The state of a connection beside its subscriptions. A server holds ten thousand of these, so they stay small. */
export interface Connection {
  socket: WebSocket;
  /** The header of the upgrade request, which itself is not kept. */
  authorization: string | undefined;
  project: string | undefined;
  origin: Pick<Caller, 'address' | 'forwardedFor'>;
  /** From the `connection_init` on. */
  caller?: Caller;
  /** Called once the `connection_init` is accepted, from where on the usual limits hold. */
  accept: () => void;
  /** The turns of its subscriptions. */
  acquire: Acquire;
}

/**
 * Connects one socket to the protocol (graphql-ws owns operations, this file owns the wire).
 *
 * Each subscription acquires its turn, reads and sends one result, waits until the kernel accepts the result, and only
 * then releases its turn. So a client that reads slowly lags, and holds one result here, however many subscriptions it
 * has. From a client that sends requests without reading the responses, the server reads no more until they are sent.
 */
export function adoptSocket(
  socket: WebSocket,
  {
    authorization,
    project,
    origin,
    accept,
    maxContainers,
  }: Pick<Connection, 'authorization' | 'project' | 'origin' | 'accept'> & { maxContainers: number },
  protocol: Server<Connection>,
  logger: Logger,
): void {
  const stopPings = keepAlive(socket);
  const { promise: closure, resolve: resolveClosure } = Promise.withResolvers<void>();
  const semaphore = new Semaphore(1, () => socket.bufferedAmount <= maxUnsentBytes);
  const onSent = () => {
    if (socket.isPaused && socket.bufferedAmount <= maxUnsentBytes) socket.resume();
    semaphore.recheck();
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (message) => send(socket, withPayload(message), closure, onSent),
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
    { socket, authorization, project, origin, accept, acquire: semaphore.acquire },
  );
  socket.on('error', (error) => logger.debug({ err: error }, 'a WebSocket failed'));
  socket.once('close', (code, reason) => {
    stopPings();
    closed(code, String(reason)).catch((error) => logger.error({ err: error }, 'a subscription ended badly'));
    resolveClosure();
  });
}

/** A close frame has room for 123 bytes of reason. */
export const closeReason = (message: string): string => message.slice(0, 123);

const maxUnsentBytes = 1024 * 1024;
const pingEveryMs = 30_000;

/**
 * Resolves when the kernel has accepted the message. On a closing socket it resolves only after the socket's closure,
 * which ends its subscriptions: until then they would read the rest of their journals for nobody.
 */
function send(socket: WebSocket, text: string, closure: Promise<void>, onSent: () => void): Promise<void> {
  return new Promise((resolve) => {
    socket.send(text, (error) => {
      onSent();
      resolve(error ? closure : undefined);
    });
  });
}

/**
 * Ends a socket that has sent nothing for a whole period, not even a pong. A socket with unsent bytes is slow rather
 * than dead: TCP itself detects a dead one, whose kernel no longer answers its probes.
 */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  const markAlive = () => {
    isAlive = true;
  };
  socket.on('pong', markAlive).on('message', markAlive);
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
