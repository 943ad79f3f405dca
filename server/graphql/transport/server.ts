import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { Access } from '../../auth/access.ts';
import { limitConnections } from '../../shared/http/connection-limit.ts';
import { makeGuard } from '../../shared/http/guard.ts';
import type { Readiness } from '../../shared/http/health.ts';
import { sendError } from '../../shared/http/http-error.ts';
import { listen } from '../../shared/http/listen.ts';
import type { Mount } from '../../shared/http/mount.ts';
import type { Logger } from '../../shared/logger.ts';
import { makeErrorFormatter } from '../errors.ts';
import type { DownloadDeps } from './artifact-download.ts';
import { makeMeter } from './cost.ts';
import { makeDocuments } from './documents.ts';
import { type EventLinesDeps, openEventLines } from './event-lines.ts';
import type { UploadDeps } from './file-upload.ts';
import { openHttpTransport } from './http.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { MakeContext, TransportDeps } from './operations.ts';
import { makeRouter } from './router.ts';
import { openSseTransport } from './sse.ts';
import { makeSubscribe } from './subscribe.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import type { WebhookDeps } from './webhooks.ts';
import { openWsTransport, refuseUpgrade } from './ws.ts';

export interface GraphqlServerOptions {
  schema: GraphQLSchema;
  makeContext: MakeContext;
  /** The address to bind to. On a loopback address the Host header must name a loopback host too. */
  host: string;
  /** 0 for any free port. */
  port: number;
  access: Access;
  /** Origins such as `https://studio.example.org` whose pages may use the server. */
  allowedOrigins: readonly string[];
  limits?: Partial<Limits>;
  /** The documents that clients may name, and whether only these are run. */
  trustedDocuments?: TrustedDocuments;
  /** Open connections at once; further ones are refused. */
  maxConnections: number;
  /** Whether answers to subscriptions are compiled (subscribe.ts). */
  compiledEvents: boolean;
  isReady: () => Promise<Readiness>;
  openArtifact: DownloadDeps['openArtifact'];
  files: UploadDeps['files'];
  eventLines: EventLinesDeps['eventLines'];
  receiveWebhook: WebhookDeps['receiveWebhook'];
  /** Served beside the API on the same port. */
  mounts?: readonly Mount[];
  logger: Logger;
}

export interface GraphqlServer extends AsyncDisposable {
  /** Where operations go: `http://127.0.0.1:4000/graphql`. */
  url: string;
  port: number;
}

/**
 * Serves a schema over HTTP, WebSockets and server-sent events, with GraphiQL and the health checks beside it.
 * Disposal accepts no new connections, ends the subscriptions (clients connect again elsewhere), completes the active
 * requests within five seconds, and closes everything.
 */
export async function openGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  const deps = makeDeps(options);
  const http = await openHttpTransport(deps);
  const sse = openSseTransport(deps);
  const ws = openWsTransport(deps);
  const lines = openEventLines({ access: deps.access, eventLines: options.eventLines });
  const route = makeRouter({
    ...deps,
    http,
    sse,
    isReady: options.isReady,
    openArtifact: options.openArtifact,
    files: options.files,
    receiveWebhook: options.receiveWebhook,
    lines,
    mounts: options.mounts ?? [],
  });

  const active = new Set<ServerResponse>();
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const refusal = connections.refusalOf(request);
    if (refusal !== null) return sendError(request, response, refusal);
    connections.begin(request, response);
    active.add(response);
    response.once('close', () => active.delete(response));
    void route(request, response);
  };
  const server = createServer({ shouldUpgradeCallback: requestsWebSocket }, onRequest);
  const connections = limitConnections(server, options.maxConnections, options.logger);
  server.on('checkContinue', onRequest);
  server.on('upgrade', (request, socket, head) => {
    const refusal = connections.refusalOf(request);
    if (refusal !== null) return refuseUpgrade(socket, refusal);
    connections.upgrade(request);
    ws.upgrade(request, socket, head);
  });
  const { origin, port } = await listen(server, options);

  return {
    url: `${origin}/graphql`,
    port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close'); // cannot reject: a server that listens already emits no error
      server.close();
      await Promise.all([ws, sse, lines].map((transport) => transport[Symbol.asyncDispose]()));
      await complete(active);
      server.closeAllConnections();
      await closed;
      await http[Symbol.asyncDispose]();
    },
  };
}

function makeDeps(options: GraphqlServerOptions): TransportDeps {
  const { schema, makeContext, access, logger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  return {
    schema,
    makeContext,
    logger,
    limits,
    meter: makeMeter(),
    documents: makeDocuments(schema, limits, options.trustedDocuments),
    subscribe: makeSubscribe(options.compiledEvents),
    guard: makeGuard(options),
    access,
    formatError: makeErrorFormatter(logger),
  };
}

/** Other upgrades are ignored (Java's client offers h2c with each request), and the request is answered as it is. */
function requestsWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

const maxCompletionMs = 5_000;

async function complete(responses: ReadonlySet<ServerResponse>): Promise<void> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, maxCompletionMs);
  await Promise.race([tooLong, Promise.all([...responses].map((response) => once(response, 'close')))]);
  clearTimeout(timer);
}
