import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { type DocumentNode, GraphQLError, getOperationAST } from 'graphql';
import { type BodyLimits, readJsonBody } from '../../shared/http/body.ts';
import { HttpError, methodNotAllowed, sendJson } from '../../shared/http/http-error.ts';
import { requirePreflight } from '../../shared/http/preflight.ts';
import type { ErrorFormatter } from '../errors.ts';
import { type Caller, callerOf } from './caller.ts';
import type { CostReport } from './cost.ts';
import type { PreparedDocument } from './documents.ts';
import { chargeOperation, type TransportDeps, urlParams } from './operations.ts';
import { withinBounds } from './response-size.ts';
import type { DocumentRequest } from './trusted-documents.ts';

export interface HttpTransport extends AsyncDisposable {
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

/** Queries and mutations over POST and GET. Throws HttpError for a request that is not GraphQL at all. */
export async function openHttpTransport(deps: TransportDeps): Promise<HttpTransport> {
  const apollo = makeApollo(deps);
  await apollo.start();

  return {
    async handle(request, response, url) {
      const caller = await callerOf(deps.access, request);
      requirePreflight(request);
      const body = await readBody(request, response, deps.limits.body);
      const params = (body ?? urlParams(url)) as Params;
      const prepared = deps.documents.prepare(params);
      if (prepared !== null && 'errors' in prepared) {
        const status = wantsPlainJson(request) && !isMalformed(prepared.errors) ? 200 : 400;
        sendJson(response, status, { errors: prepared.errors.map(deps.formatError) });
        return;
      }
      const cost = prepared === null ? null : admit(deps, prepared, params, caller);
      if (cost !== null && 'refusal' in cost) return sendRefusal(response, cost.refusal, deps.formatError);
      const result = await apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: request.method ?? '',
          headers: headerMap(request),
          ...(prepared === null || isWrittenOut(params)
            ? { search: url.search, body }
            : writeOut(prepared.source, url, body)),
        },
        context: async () => deps.makeContext({ live: false, caller }),
      });
      send(response, wantsPlainJson(request) ? withPlainStatus(result) : result, cost);
    },
    [Symbol.asyncDispose]: () => apollo.stop(),
  };
}

/** Nothing of it is checked: Apollo does that, after what is counted. */
type Params = DocumentRequest & { operationName?: unknown; variables?: unknown };

function admit(
  deps: TransportDeps,
  prepared: Extract<PreparedDocument, { document: unknown }>,
  { operationName, variables, extensions }: Params,
  caller: Caller,
): CostReport | null | { refusal: GraphQLError } {
  const name = typeof operationName === 'string' ? operationName : null;
  refuseSubscription(prepared.document, name);
  const given = typeof variables === 'object' ? (variables as Record<string, unknown>) : null;
  try {
    return chargeOperation(deps, prepared, { operationName: name, variables: given, extensions }, caller);
  } catch (refusal) {
    if (refusal instanceof GraphQLError) return { refusal };
    throw refusal;
  }
}

function sendRefusal(response: ServerResponse, refusal: GraphQLError, formatError: ErrorFormatter): void {
  const { retryAfterSeconds } = refusal.extensions;
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  sendJson(response, retryAfterSeconds === undefined ? 400 : 429, { errors: [formatError(refusal)] });
}

function makeApollo({ schema, formatError }: TransportDeps): ApolloServer {
  return new ApolloServer({
    schema,
    formatError: (_formatted, error) => formatError(error),
    stringifyResult: (result) => JSON.stringify(withinBounds(result)),
    dangerouslyDisableValidation: true, // `documents` has validated the query before Apollo receives it.
    csrfPrevention: true,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    // Cache control instruments every resolver of the shared schema, which would slow each event of a subscription.
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits,
): Promise<unknown> {
  switch (request.method) {
    case 'GET':
      return undefined;
    case 'POST':
      return await readJsonBody(request, response, limits);
    default:
      throw methodNotAllowed(request, 'GET, POST');
  }
}

function refuseSubscription(document: DocumentNode, operationName: string | null): void {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== 'subscription') return;
  throw new HttpError(
    400,
    'BAD_REQUEST',
    'Expected a query or a mutation, got a subscription. Subscribe over a WebSocket (graphql-transport-ws) on ' +
      '/graphql, or over server-sent events with the header `Accept: text/event-stream`.',
  );
}

function isWrittenOut({ documentId, extensions }: DocumentRequest): boolean {
  return (
    documentId == null && (extensions as { persistedQuery?: unknown } | null)?.persistedQuery === undefined
  );
}

/** The request with its document in it, as Apollo takes it. */
function writeOut(query: string, url: URL, body: unknown): { search: string; body: unknown } {
  if (body !== undefined) {
    const { documentId: _id, extensions: _extensions, ...params } = body as Record<string, unknown>;
    return { search: url.search, body: { ...params, query } };
  }
  const params = new URLSearchParams(url.search);
  params.delete('documentId');
  params.delete('extensions');
  params.set('query', query);
  return { search: `?${params}`, body };
}

function isMalformed(errors: readonly GraphQLError[]): boolean {
  return errors.some(({ extensions }) => extensions.code === 'BAD_REQUEST');
}

/**
 * GraphQL over HTTP: who asks for `application/json`, and not for the newer `application/graphql-response+json`, gets 200
 * with the errors of a request that is well-formed HTTP.
 */
function wantsPlainJson({ headers: { accept = '' } }: IncomingMessage): boolean {
  return /\bapplication\/json\b/i.test(accept) && !/\bapplication\/graphql-response\+json\b/i.test(accept);
}

/** Of variables that do not fit; of a request that is malformed it is 400 for everybody. */
function withPlainStatus(result: HTTPGraphQLResponse): HTTPGraphQLResponse {
  const { status, body } = result;
  const isOfVariables =
    status === 400 && body.kind === 'complete' && body.string.includes('"code":"BAD_USER_INPUT"');
  return isOfVariables ? { ...result, status: 200 } : result;
}

function headerMap(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}

function send(
  response: ServerResponse,
  { status, headers, body }: HTTPGraphQLResponse,
  cost: CostReport | null,
): void {
  if (body.kind !== 'complete')
    throw new Error('Expected a whole response: the schema has neither @defer nor @stream');
  const text = cost === null ? body.string : withExtensions(body.string, { cost });
  response.writeHead(status ?? 200, Object.fromEntries(headers)).end(text);
}

/** Of the text of a response, which has no extensions of its own. */
function withExtensions(text: string, extensions: object): string {
  return `${text.trimEnd().slice(0, -1)},"extensions":${JSON.stringify(extensions)}}`;
}
