import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { makeGuard } from '../../shared/http/guard.ts';
import { sendHealth, sendReadiness } from '../../shared/http/health.ts';
import { HttpError, sendError } from '../../shared/http/http-error.ts';
import { listen } from '../../shared/http/listen.ts';
import { BASE_PATH } from './protocol.ts';
import { pathOf, type SandboxService } from './service.ts';

export interface SandboxServer extends AsyncDisposable {
  /** What PYTHON_SERVICE_URL is set to: `http://127.0.0.1:4000/sandbox/v1`. */
  url: string;
}

/** Longer than clients keep connections that they do not use, so that no request meets a closing one. */
const KEEP_ALIVE_MS = 65_000;

/** A port for a sandbox service alone, with the health checks beside it. */
export async function openSandboxServer(options: {
  service: SandboxService;
  host: string;
  port: number;
  /** How long runs may go on when it is disposed, milliseconds. */
  graceMs: number;
}): Promise<SandboxServer> {
  const { service } = options;
  const guard = makeGuard({ host: options.host, allowedOrigins: [] });
  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      guard.admit(request);
      await route(service, request, response);
    } catch (error) {
      sendError(request, response, error instanceof HttpError ? error : UNEXPECTED);
    }
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, onRequest);
  server.on('checkContinue', onRequest);
  const { origin } = await listen(server, options);
  return {
    url: `${origin}${BASE_PATH}`,
    async [Symbol.asyncDispose]() {
      await service.drain(options.graceMs);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function route(
  service: SandboxService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request);
  if (path.startsWith(`${BASE_PATH}/`)) return service.handle(request, response);
  if (path === '/healthz') return sendHealth(response);
  if (path === '/readyz') return sendReadiness(response, service.isReady);
  throw new HttpError(404, 'NOT_FOUND', `Expected ${BASE_PATH}/…, /healthz or /readyz, got ${path}.`);
}

const UNEXPECTED = new HttpError(500, 'INTERNAL_ERROR', 'The service failed to answer.');
