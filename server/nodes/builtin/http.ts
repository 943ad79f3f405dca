import { checkedUrl, type Outbound } from '../../outbound/outbound.ts';
import { OutboundError } from '../../outbound/outbound-error.ts';
import { traceHeaders } from '../../shared/trace-context.ts';
import {
  type ConfigProblem,
  type NodeContext,
  type NodeDefinition,
  type NodeEmission,
  NodeFailure,
  type OpenFile,
} from '../definition.ts';
import { hasTemplate } from '../template.ts';
import { type HttpConfig, httpConfig } from './http/http-config.ts';
import { firstRequest, followingRequest, type HttpRequest } from './http/http-request.ts';
import { type HttpOutput, isSuccess, readResponse, statusFailure } from './http/http-response.ts';

const MIB = 1024 * 1024;
/** What a value may have; larger responses become files. */
const MAX_VALUE_BYTES = 16 * MIB;

export function makeHttp(outbound: Outbound, maxFileBytes: number): NodeDefinition<HttpConfig> {
  return {
    type: 'http',
    version: 1,
    label: 'HTTP request',
    description: 'Sends a request to an API or a site; the output is its status, headers and body.',
    category: 'network',
    config: httpConfig,
    inputs: [{ id: 'input', label: 'Input' }],
    outputs: () => [{ id: 'output', label: 'Output', description: '{ status, headers, url, body }' }],
    canFail: true,
    effects: 'outside',
    expressions: ({ nextPage = '' }) =>
      nextPage === '' ? [] : [{ path: ['nextPage'], expression: nextPage, sees: ['response', 'page'] }],
    validate: urlProblems,
    execute: (context) => execute(context, { outbound, maxFileBytes }),
  };
}

/** A template becomes a URL when the node runs, and is checked then. */
function urlProblems({ url = '' }: Partial<HttpConfig>): ConfigProblem[] {
  if (hasTemplate(url)) return [];
  try {
    checkedUrl(url);
    return [];
  } catch (error) {
    return [{ path: ['url'], code: 'INVALID', message: (error as Error).message }];
  }
}

interface Way {
  outbound: Outbound;
  maxFileBytes: number;
}

async function execute(context: NodeContext<HttpConfig>, way: Way): Promise<NodeEmission> {
  try {
    return { handle: 'output', output: await fetchAll(context, way) };
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const { code, message, isTransient } = error;
    const { method, url } = context.config;
    // Without the query, which may hold a secret.
    const where = `${method} ${url.split('?', 1)[0]!.slice(0, 500)}`;
    throw new NodeFailure({ code: `HTTP_${code}`, message: `${where}: ${message}`, retryable: isTransient });
  }
}

/** The response, or that of the last page with the bodies of all. */
async function fetchAll(context: NodeContext<HttpConfig>, way: Way): Promise<HttpOutput> {
  const { config, scope, secrets, evaluate, emit, notify, nodeKey, attemptId, trace } = context;
  const isSecret = (text: string) => secrets !== null && secrets.masker.text(text) !== text;
  const bodies: unknown[] = [];
  const file = config.bodyFormat === 'file' ? await openBody(context) : null;
  const defaults = { 'idempotency-key': attemptId, ...traceHeaders(trace()) };
  for (let page = 1, request = firstRequest(config, defaults, file, isSecret); ; page += 1) {
    const response = await send(request, context, way);
    if (config.nextPage === undefined) return response;
    bodies.push(response.body);
    const seen = { ...scope, response, page };
    const next = await evaluate(config.nextPage, seen);
    const isLast = next === undefined || next === null || next === false || next === '';
    if (isLast || page === config.maxPages) {
      const message = `Node \`${nodeKey}\` stopped after ${page} pages (\`maxPages\`); there is a next one.`;
      if (!isLast) await notify('MORE_PAGES', message);
      return { ...response, body: bodies, pages: page };
    }
    await emit({
      type: 'NodeProgress',
      current: page,
      total: null,
      unit: 'pages',
      message: null,
      source: 'progress',
    });
    request = followingRequest(request, next, `${attemptId}.${page + 1}`);
  }
}

async function send(
  request: HttpRequest,
  context: NodeContext<HttpConfig>,
  { outbound, maxFileBytes }: Way,
): Promise<HttpOutput> {
  const { timeoutMs, maxRedirects, responseFormat: format, successStatuses } = context.config;
  const mayBeFile = format === 'auto' || format === 'file';
  const sent = {
    ...request,
    url: request.url.href,
    timeoutMs,
    maxRedirects,
    maxBytes: mayBeFile ? Math.max(maxFileBytes, MAX_VALUE_BYTES) : MAX_VALUE_BYTES,
    signal: context.signal,
  };
  return outbound.request(sent, async (response) => {
    if (!isSuccess(response.status, successStatuses)) throw await statusFailure(request, response);
    return readResponse(request, response, { format, maxBytes: MAX_VALUE_BYTES }, context);
  });
}

/** Null where there is no body. */
async function openBody({ config, openFile }: NodeContext<HttpConfig>): Promise<OpenFile | null> {
  const { body } = config;
  if (body === undefined || body === null) return null;
  return openFile(typeof body === 'object' && '$file' in body ? body.$file : body);
}
