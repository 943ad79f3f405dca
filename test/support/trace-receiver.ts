import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { eventually } from './eventually.ts';

/** A span as OTLP has it in JSON. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  events: { name: string }[];
  status: { code: number; message?: string };
}

export interface TraceReceiver extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  /** `unavailable` answers 503; `silent` never. */
  mode: 'open' | 'unavailable' | 'silent';
  /** Requests so far, whatever the answer. */
  requests: { path: string; headers: IncomingHttpHeaders; body: Buffer }[];
  /** What was accepted, of requests in JSON. */
  spans: ReceivedSpan[];
  /** Waits for the span of the execution, which is the last of its stretch to be sent; gives all of its trace. */
  traceWith(executionId: string): Promise<ReceivedSpan[]>;
}

/** The other side of traces: OTLP over HTTP, as a collector has it. */
export async function openTraceReceiver(): Promise<TraceReceiver> {
  const server = createServer((request, response) => {
    take(request, response).catch(() => {}); // the sender has gone
  });
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const { headers, url: path = '' } = request;
    receiver.requests.push({ path, headers, body });
    if (receiver.mode === 'silent') return;
    if (receiver.mode === 'unavailable') return void response.writeHead(503).end();
    if (headers['content-type'] === 'application/json') receiver.spans.push(...spansOf(body));
    response.writeHead(200, { 'content-type': headers['content-type'] }).end();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: TraceReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'open',
    requests: [],
    spans: [],
    async traceWith(executionId) {
      const find = () =>
        receiver.spans.find((span) => attributesOf(span)['weft.execution.id'] === executionId);
      await eventually(`the span of ${executionId} comes`, () => find() !== undefined);
      return receiver.spans.filter(({ traceId }) => traceId === find()!.traceId);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

export function attributesOf({ attributes }: ReceivedSpan): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

interface Tree {
  [name: string]: Tree;
}

/** The names of spans, each with those of the spans in it. */
export function treeOf(spans: readonly ReceivedSpan[], under: string | undefined): Tree {
  const within = spans.filter(({ parentSpanId }) => parentSpanId === under);
  return Object.fromEntries(within.map(({ name, spanId }) => [name, treeOf(spans, spanId)]));
}

function spansOf(body: Buffer): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(String(body)) as {
    resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}
