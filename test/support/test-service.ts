import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SandboxBackend } from '../../server/sandbox/backend.ts';
import { openRemoteSandbox, type RemoteSandboxOptions } from '../../server/sandbox/remote/remote-sandbox.ts';
import type { StreamTimes } from '../../server/sandbox/service/frame-stream.ts';
import { makeSandboxService, type SandboxService } from '../../server/sandbox/service/service.ts';
import { openPlainServer } from '../../server/shared/http/plain-server.ts';
import { makeLogger } from '../../server/shared/logger.ts';

const silent = makeLogger(process.env.TEST_LOG_LEVEL ?? 'silent');

export interface TestService extends AsyncDisposable {
  service: SandboxService;
  url: string;
}

/** A sandbox behind real HTTP. The sandbox stays its owner's to dispose. */
export async function serveSandbox(
  backend: SandboxBackend,
  options: { token?: string; host?: string; port?: number; times?: Partial<StreamTimes> } = {},
): Promise<TestService> {
  const { token, host = '127.0.0.1', port = 0, times } = options;
  const service = makeSandboxService({ backend, token, times, logger: silent });
  const { isReady } = service;
  const server = await openPlainServer({
    host,
    port,
    isReady,
    mounts: [service],
    maxConnections: 1_000,
    logger: silent,
  });
  return {
    service,
    url: `${server.origin}${service.path}`,
    async [Symbol.asyncDispose]() {
      await service.drain(0);
      await server[Symbol.asyncDispose]();
    },
  };
}

export function openClient(
  urls: string | readonly string[],
  options: Partial<RemoteSandboxOptions> = {},
): Promise<SandboxBackend> {
  const all = typeof urls === 'string' ? [urls] : urls;
  return openRemoteSandbox({ urls: all, token: undefined, logger: silent, ...options });
}

export interface BadService extends AsyncDisposable {
  url: string;
  server: Server;
}

/** A service that says it is well, and answers runs as the test has it. */
export async function openBadService(onRun: RequestListener): Promise<BadService> {
  const capacity = { running: 0, waiting: 0, max: 4 };
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/health'))
      response.end(JSON.stringify({ v: 1, state: 'ok', problem: null, version: 'bad', capacity }));
    else onRun(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
