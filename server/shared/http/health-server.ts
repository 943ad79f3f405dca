import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Readiness, sendHealth, sendReadiness } from './health.ts';
import { HttpError, sendError } from './http-error.ts';
import { listen } from './listen.ts';

export interface HealthServer extends AsyncDisposable {
  /** `http://127.0.0.1:4000/readyz` */
  url: string;
}

/** `/healthz` and `/readyz` alone, for the probes of a process that serves no API. */
export async function openHealthServer(options: {
  host: string;
  port: number;
  isReady: () => Promise<Readiness>;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const pathname = (request.url ?? '/').split('?', 1)[0]!;
    if (pathname === '/healthz') sendHealth(response);
    else if (pathname === '/readyz') void sendReadiness(response, options.isReady);
    else sendError(request, response, notServed(pathname));
  });
  const { origin } = await listen(server, options);
  return {
    url: `${origin}/readyz`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function notServed(pathname: string): HttpError {
  const message = `Expected /healthz or /readyz, got ${pathname}. This process has no \`api\` among its WEFT_ROLES.`;
  return new HttpError(404, 'NOT_FOUND', message);
}
