import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { type Context, handleProtocols, makeServer } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import { payloadTooLarge } from '../../shared/http/body.ts';
import { errorBody, HttpError, jsonType } from '../../shared/http/http-error.ts';
import { originOf, projectOf, TOKEN_ENDED } from './caller.ts';
import { type CostedArgs, prepareOperation, type TransportDeps, withCost } from './operations.ts';
import { makePendingSockets } from './pending-sockets.ts';
import { textWithinBounds, withinBounds } from './response-size.ts';
import type { Result, Subscribe } from './subscribe.ts';
import { asPayload } from './text-payload.ts';
import { adoptSocket, type Connection, closeReason } from './ws-connection.ts';

export interface WsTransport extends AsyncDisposable {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Any operation over WebSockets of the subprotocol graphql-transport-ws, that of the graphql-ws package. */
export function openWsTransport(deps: TransportDeps): WsTransport {
  const { maxBytes, maxContainers } = deps.limits.body;
  const sockets = new WebSocketServer({
    noServer: true,
    WebSocket: makeSocketClass(maxBytes),
    maxPayload: maxBytes,
    perMessageDeflate: false,
    handleProtocols,
  });
  const pending = makePendingSockets(deps.limits.initMs + maxClosingMs);
  const protocol = makeProtocol(deps);

  return {
    upgrade(request, socket, head) {
      try {
        deps.guard.admit(request);
        if (request.url?.split('?')[0] !== '/graphql') throw notFound(request.url);
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          const { authorization } = request.headers;
          const { accept } = pending.add(webSocket, socket as Socket);
          const origin = originOf(request);
          const sent = { authorization, project: projectOf(request), origin, accept, maxContainers };
          adoptSocket(webSocket, sent, protocol, deps.logger);
        });
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        refuseUpgrade(socket, error);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients)
        socket.close(1001, 'Going away: connect again and resume by your cursor');
      const timer = setTimeout(
        () => sockets.clients.forEach((socket) => void socket.terminate()),
        maxClosingMs,
      );
      await new Promise((resolve) => sockets.close(resolve));
      clearTimeout(timer);
    },
  };
}

/** Operations that may run at the same time over one socket. */
const maxOperations = 1_000;
const tooManyOperations = new GraphQLError(
  `Expected at most ${maxOperations} operations at once over one WebSocket, got one more. Complete some of them, or open another WebSocket.`,
  { extensions: { code: 'TOO_MANY_OPERATIONS' } },
);

/** How long the server waits for a client to answer the closing of its socket. */
const maxClosingMs = 1_000;

function makeProtocol(deps: TransportDeps) {
  return makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: deps.limits.initMs,
    async onConnect(context) {
      if (!(await isAuthorized(context, deps))) return false;
      context.extra.accept();
      return true;
    },
    onSubscribe({ subscriptions, extra }, _id, payload) {
      if (Object.keys(subscriptions).length > maxOperations) return [tooManyOperations];
      const operation = prepareOperation(deps, payload, extra.caller!, extra.acquire);
      return operation.kind === 'refused' ? operation.errors : operation.args;
    },
    // Its type knows no results that are text.
    subscribe: deps.subscribe as (...args: Parameters<Subscribe>) => Promise<ExecutionResult>,
    onNext(_context, _id, _payload, args, result: Result) {
      if (result.text !== undefined) return asPayload(textWithinBounds(result.text));
      const { errors, ...rest } = withCost(result, (args as CostedArgs).cost);
      return withinBounds(errors ? { ...rest, errors: errors.map(deps.formatError) } : rest);
    },
    onError: (_context, _id, _payload, errors) => errors.map(deps.formatError),
  });
}

/**
 * Browsers cannot set headers on a WebSocket, so the connection params may carry the token and the project too. The socket
 * ends with its token.
 */
async function isAuthorized(
  { connectionParams = {}, extra }: Context<Record<string, unknown>, Connection>,
  { access, logger }: Pick<TransportDeps, 'access' | 'logger'>,
): Promise<boolean> {
  const { socket, origin } = extra;
  const param = (wanted: string) =>
    Object.entries(connectionParams).find(([name]) => name.toLowerCase() === wanted)?.[1];
  const authorization = param('authorization') ?? extra.authorization;
  const project = param('project') ?? extra.project;
  try {
    const principal = await access.authenticate(textOf(authorization), textOf(project));
    extra.caller = { principal, ...origin, trace: null };
    const stopWatching = access.watch(principal, () => socket.close(4401, TOKEN_ENDED));
    if (socket.readyState === socket.CLOSED) stopWatching();
    else socket.once('close', stopWatching);
    return true;
  } catch (error) {
    // The graphql-ws client stops at 4400 and 4401; at the 4403 of `return false` it would connect again and again.
    if (error instanceof HttpError && OF_PROJECT.includes(error.status))
      socket.close(4400, closeReason(error.message));
    else if (error instanceof HttpError) socket.close(4401, EXPECTED_TOKEN);
    else {
      logger.warn({ err: error }, 'a token could not be looked up');
      socket.close(1013, 'Try again later: the database cannot be reached');
    }
    return false;
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** The statuses of what is wrong with the project and not with the token. */
const OF_PROJECT = [400, 403];

const EXPECTED_TOKEN = 'Unauthorized: expected `authorization: Bearer <token>` in the connection params';

/** The ws package closes a socket whose message is too large, but without a reason. */
function makeSocketClass(maxBytes: number): typeof WebSocket {
  return class extends WebSocket {
    override close(code?: number, reason?: string | Buffer): void {
      super.close(code, reason ?? (code === 1009 ? closeReason(payloadTooLarge(maxBytes)) : undefined));
    }
  };
}

function notFound(url: string | undefined): HttpError {
  return new HttpError(404, 'NOT_FOUND', `Expected a WebSocket on /graphql, got one on ${url}.`);
}

/** Answers an upgrade request as a plain one, and closes the connection. */
export function refuseUpgrade(socket: Duplex, error: HttpError): void {
  const body = errorBody(error);
  socket.on('error', () => socket.destroy());
  // A client that keeps its side open does not keep the connection.
  const late = setTimeout(() => socket.destroy(), maxClosingMs);
  socket.once('close', () => clearTimeout(late));
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\nConnection: close\r\nContent-Type: ${jsonType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
