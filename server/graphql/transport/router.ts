import type { IncomingMessage, ServerResponse } from 'node:http';
import { coerceError } from '../../shared/errors.ts';
import { type Readiness, sendHealth, sendReadiness } from '../../shared/http/health.ts';
import { HttpError, sendError } from '../../shared/http/http-error.ts';
import { type Mount, mountFor } from '../../shared/http/mount.ts';
import { ARTIFACTS_PATH, type DownloadDeps, sendArtifact } from './artifact-download.ts';
import { type EventLines, isEventLinesPath } from './event-lines.ts';
import { FILES_PATH, receiveFile, type UploadDeps } from './file-upload.ts';
import { sendGraphiql } from './graphiql.ts';
import type { HttpTransport } from './http.ts';
import type { TransportDeps } from './operations.ts';
import { prefersEventStream, type SseTransport } from './sse.ts';
import { isStudioPath, sendStudio } from './studio.ts';
import { isHooksPath, receiveHook, type WebhookDeps } from './webhooks.ts';

export interface RouterDeps extends TransportDeps, DownloadDeps, UploadDeps, WebhookDeps {
  http: HttpTransport;
  sse: SseTransport;
  lines: EventLines;
  isReady: () => Promise<Readiness>;
  mounts: readonly Mount[];
}

/** Routes each HTTP request that the guard admits, and those to webhooks, which it is not asked for. The router never throws: errors become responses. */
export function makeRouter(deps: RouterDeps) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const url = urlOf(request);
      if (url !== null && isHooksPath(url.pathname)) return await receiveHook(deps, request, response, url);
      deps.guard.admit(request);
      for (const [name, value] of Object.entries(deps.guard.corsHeaders(request)))
        response.setHeader(name, value);
      if (request.method === 'OPTIONS') response.writeHead(204).end();
      else await route(deps, request, response, url ?? refuseTarget(request));
    } catch (error) {
      sendError(request, response, error instanceof HttpError ? error : unexpected(error, deps));
    }
  };
}

async function route(
  deps: RouterDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  switch (url.pathname) {
    case '/graphql':
      if (prefersEventStream(request)) return await deps.sse.handle(request, response, url);
      if (isVisit(request, url)) return redirect(response, '/graphiql');
      return await deps.http.handle(request, response, url);
    case '/graphql/stream':
      return await deps.sse.handle(request, response, url);
    case FILES_PATH:
      return await receiveFile(deps, request, response, url);
    case '/healthz':
      return sendHealth(response);
    case '/readyz':
      return await sendReadiness(response, deps.isReady);
    case '/graphiql':
      return await sendGraphiql(request, response, url.pathname);
  }
  if (isEventLinesPath(url.pathname)) return await deps.lines.send(request, response, url);
  if (url.pathname.startsWith(ARTIFACTS_PATH))
    return await sendArtifact(deps, request, response, url.pathname);
  const mount = mountFor(deps.mounts, url.pathname);
  if (mount) return await mount.handle(request, response);
  if (url.pathname.startsWith('/graphiql/')) return await sendGraphiql(request, response, url.pathname);
  if (isStudioPath(url.pathname)) return await sendStudio(request, response, url.pathname);
  throw notFound(url.pathname);
}

/** Null for a request target that is no path, such as a whole URL for a proxy. */
function urlOf({ url = '' }: IncomingMessage): URL | null {
  return url.startsWith('/') ? URL.parse(`http://weft${url}`) : null;
}

function refuseTarget({ url = '' }: IncomingMessage): never {
  throw notFound(url);
}

/** True for a person who opens the endpoint in a browser, false for a program with a query. */
function isVisit(request: IncomingMessage, url: URL): boolean {
  return (
    request.method === 'GET' && url.search === '' && (request.headers.accept ?? '').includes('text/html')
  );
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}

function notFound(pathname: string): HttpError {
  return new HttpError(
    404,
    'NOT_FOUND',
    'Expected /graphql, /graphql/stream, /executions/<id>/events, /files, /artifacts/<id>, /hooks/<secret>, /graphiql, /healthz, /readyz ' +
      'or a page of the console, ' +
      `got ${pathname}.`,
  );
}

function unexpected(thrown: unknown, { formatError }: TransportDeps): HttpError {
  const { message, extensions } = formatError(coerceError(thrown));
  return new HttpError(500, String(extensions?.code), message);
}
