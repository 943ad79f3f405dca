import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { coerceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { limitConnections } from './connection-limit.ts';
import { makeGuard } from './guard.ts';
import { type Readiness, sendHealth, sendReadiness } from './health.ts';
import { HttpError, sendError } from './http-error.ts';
import { listen } from './listen.ts';
import { type Mount, mountFor } from './mount.ts';

export interface PlainServerOptions {
  host: string;
  port: number;
  isReady: () => Promise<Readiness>;
  mounts: readonly Mount[];
  /** Open connections at once; further ones are refused. */
  maxConnections: number;
  logger: Logger;
}

export interface PlainServer extends AsyncDisposable {
  /** `http://127.0.0.1:4000` */
  origin: string;
}

/** Serves `/healthz`, `/readyz` and the mounts, for a process without the API. */
export async function openPlainServer(options: PlainServerOptions): Promise<PlainServer> {
  const guard = makeGuard({ host: options.host, allowedOrigins: null, logger: options.logger });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      guard.admit(request);
      await route(options, request, response);
    } catch (error) {
      sendError(request, response, error instanceof HttpError ? error : unexpected(error, options.logger));
    }
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const refusal = connections.refusalOf(request);
    if (refusal !== null) return sendError(request, response, refusal);
    connections.begin(request, response);
    void answer(request, response);
  };
  const server = createServer(onRequest);
  const connections = limitConnections(server, options.maxConnections, options.logger);
  server.on('checkContinue', onRequest);
  const { origin } = await listen(server, options);
  return {
    origin,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function route(
  { isReady, mounts }: PlainServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Not `new URL`, which throws for some request targets.
  const pathname = (request.url ?? '/').split('?', 1)[0]!;
  const mount = mountFor(mounts, pathname);
  if (mount) return mount.handle(request, response);
  if (pathname === '/healthz') return sendHealth(response);
  if (pathname === '/readyz') return sendReadiness(response, isReady);
  const served = ['/healthz', '/readyz', ...mounts.map(({ path }) => `${path}/…`)].join(', ');
  throw new HttpError(
    404,
    'NOT_FOUND',
    `Expected ${served}, got ${pathname}. This process has no \`api\` among its WEFT_ROLES.`,
  );
}

function unexpected(thrown: unknown, logger: Logger): HttpError {
  logger.error({ err: coerceError(thrown) }, 'a request failed unexpectedly');
  return new HttpError(
    500,
    'INTERNAL_ERROR',
    "The server failed to answer; the server's log has the reason.",
  );
}
