import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ageHeartbeats } from '../support/age-heartbeats.ts';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import {
  attributesOf,
  openTraceReceiver,
  type ReceivedSpan,
  type TraceReceiver,
  treeOf,
} from '../support/trace-receiver.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let receiver: TraceReceiver;
let web: string;
/** What came to the other side of requests, in order. */
const received: { path: string; headers: IncomingHttpHeaders }[] = [];
let server: WeftServer;
let weft: WeftClient;

const SECRET = 'hunter22-correct_horse';

beforeAll(async () => {
  receiver = stack.use(await openTraceReceiver());
  web = await serve();
  server = await open(stack.use(await createDatabase()).url);
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

async function open(databaseUrl: string, env: Record<string, string> = {}): Promise<WeftServer> {
  const { host } = new URL(web);
  const traces = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20key',
  };
  return stack.use(
    await startWeft({
      databaseUrl,
      env: {
        WEFT_HTTP_ALLOWED_HOSTS: host,
        PYTHON_ALLOWED_HOSTS: host,
        WEFT_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
        WEFT_LOG_LEVEL: 'info',
        ...traces,
        ...env,
      },
    }),
  );
}

/** Of requests for one path the first gets 503, or no answer, where the path says so; 200 all others. */
async function serve(): Promise<string> {
  const http = createServer(({ url: path = '', headers }, response) => {
    const isFirst = !received.some((before) => before.path === path);
    received.push({ path, headers });
    if (isFirst && path === '/holds') return;
    response.writeHead(isFirst && path === '/fails-once' ? 503 : 200).end('{}');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  stack.defer(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const traceparentsAt = (path: string) =>
  received.filter((request) => request.path === path).map(({ headers }) => headers.traceparent);

/** A trace that somebody else has begun. */
function newTrace(flags = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

/** As a program does that sends the headers of its own trace. */
async function startWith(headers: Record<string, string>, workflowId: string, input: unknown = null) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      query: `mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id } } }`,
      variables: { input: { workflowId, input } },
    }),
  });
  const { data } = (await response.json()) as { data: { executionStart: { execution: { id: string } } } };
  return data.executionStart.execution.id;
}

const python = (key: string, code: string, more: object = {}) => ({
  key,
  type: 'python',
  config: { code, ...more },
});
const http = (key: string, path: string, more: object = {}) => ({
  key,
  type: 'http',
  config: { url: web + path },
  ...more,
});
const nameOf = (spans: readonly ReceivedSpan[], name: string) => spans.find((span) => span.name === name)!;
const ownTraceOf = (executionId: string) => executionId.replace('exec_', '').replaceAll('-', '');

function expectNoDoubles(spans: readonly ReceivedSpan[]): void {
  const ids = spans.map(({ spanId }) => spanId);
  expect(ids).toEqual([...new Set(ids)]);
}

test('an execution is part of the trace of its start, and so is whatever its nodes request', async () => {
  const given = newTrace();
  const workflow = await weft.createWorkflow({
    name: 'import',
    nodes: [
      python('prepare', 'result = 1'),
      http('send', '/fails-once', { retry: { maxAttempts: 2, initialDelayMs: 10 } }),
    ],
    edges: [{ source: 'prepare', target: 'send' }],
  });
  const id = await startWith({ traceparent: given.traceparent, tracestate: 'vendor=a,other=b' }, workflow);
  const spans = await receiver.traceWith(id);
  expect(treeOf(spans, given.spanId)).toEqual({
    'execution import': {
      'node prepare': { 'attempt 1': { cell: {} } },
      'node send': { 'attempt 1': {}, 'attempt 2': {} },
    },
  });
  expectNoDoubles(spans);
  expect(spans.map(({ traceId }) => traceId)).toEqual(spans.map(() => given.traceId));

  const execution = nameOf(spans, 'execution import');
  expect(execution).toMatchObject({ traceState: 'vendor=a,other=b', kind: 5, status: { code: 0 } });
  expect(attributesOf(execution)).toMatchObject({
    'weft.execution.id': id,
    'weft.workflow.id': workflow,
    'weft.workflow.version': 1,
    'weft.project': 'default',
    'weft.status': 'SUCCEEDED',
  });
  expect(attributesOf(nameOf(spans, 'node send'))).toMatchObject({ 'weft.node.type': 'http' });

  const attempts = spans.filter(({ parentSpanId }) => parentSpanId === nameOf(spans, 'node send').spanId);
  expect(attempts.map(({ kind, status }) => [kind, status.code, status.message])).toEqual([
    [3, 2, 'HTTP_STATUS'],
    [3, 0, undefined],
  ]);
  expect(traceparentsAt('/fails-once')).toEqual(
    attempts.map(({ spanId }) => `00-${given.traceId}-${spanId}-01`),
  );
  const request = received.find(({ path }) => path === '/fails-once')!;
  expect(request.headers.tracestate).toBe('vendor=a,other=b');

  // Their times are those of the journal.
  const events = await weft.allEvents(id);
  const at = (type: string, nodeKey: string) =>
    `${Date.parse(events.find((e) => e.__typename === type && e.nodeKey === nodeKey)!.occurredAt)}000000`;
  expect(nameOf(spans, 'node send')).toMatchObject({
    startTimeUnixNano: at('NodeStarted', 'send'),
    endTimeUnixNano: at('NodeSucceeded', 'send'),
  });
  const { path, headers } = receiver.requests[0]!;
  expect([path, headers['api-key']]).toEqual(['/v1/traces', 'a key']);
});

test('a webhook hands on the trace of its sender, and a node that of its execution to the one that it starts', async () => {
  const child = await weft.createWorkflow({ name: 'child', nodes: [{ key: 'out', type: 'output' }] });
  const parent = await weft.createWorkflow({
    name: 'parent',
    nodes: [{ key: 'sub', type: 'subworkflow', config: { workflow: child } }],
  });
  const { webhookCreate } = await weft.query<{ webhookCreate: { path: string } }>(
    'mutation ($input: WebhookCreateInput!) { webhookCreate(input: $input) { path } }',
    { input: { workflowId: parent } },
  );
  const given = newTrace();
  const { traceparent } = given;
  const accepted = await fetch(new URL(webhookCreate.path, server.url), {
    method: 'POST',
    headers: { traceparent, 'content-type': 'application/json' },
    body: '{}',
  });
  const { executionId } = (await accepted.json()) as { executionId: string };
  const spans = await receiver.traceWith(executionId);
  expect(treeOf(spans, given.spanId)).toEqual({
    'execution parent': {
      'node sub': { 'attempt 1': { 'execution child': { 'node out': { 'attempt 1': {} } } } },
    },
  });
  expectNoDoubles(spans);
  const attributes = attributesOf(nameOf(spans, 'execution parent'));
  expect(attributes['weft.trigger.id']).toMatch(/^wh_/);
});

test('an execution without a trace has one of its own, by its id; a header that is no traceparent counts as none', async () => {
  const workflow = await weft.createWorkflow({ name: 'alone', nodes: [http('send', '/alone')] });
  const { traceId, spanId } = newTrace();
  const id = await startWith(
    { traceparent: `00-${traceId.toUpperCase()}-${spanId}-01`, tracestate: 'a=b' },
    workflow,
  );
  const spans = await receiver.traceWith(id);
  expect(treeOf(spans, undefined)).toEqual({ 'execution alone': { 'node send': { 'attempt 1': {} } } });
  expect(spans[0]!.traceId).toBe(ownTraceOf(id));
  expect(received.find(({ path }) => path === '/alone')!.headers).not.toHaveProperty('tracestate');
});

test('a trace that is not sampled is handed on, and nothing of it is sent', async () => {
  const given = newTrace('00');
  const workflow = await weft.createWorkflow({ name: 'unsampled', nodes: [http('send', '/unsampled')] });
  const id = await startWith({ traceparent: given.traceparent }, workflow);
  await weft.allEvents(id);
  const [traceparent] = traceparentsAt('/unsampled');
  expect(traceparent).toMatch(new RegExp(`^00-${given.traceId}-[0-9a-f]{16}-00$`)); // linear: no quantifier
  const later = await weft.run([{ key: 'out', type: 'output' }]);
  await receiver.traceWith(later);
  expect(receiver.spans.filter(({ traceId }) => traceId === given.traceId)).toEqual([]);
});

test('items of a list have a span each, requests of code are within its attempt, and no value is in any span', async () => {
  const { host } = new URL(web);
  await weft.query(
    'mutation ($v: String!) { secretSet(name: "API_KEY", value: $v) { userErrors { message } } }',
    {
      v: SECRET,
    },
  );
  const code = `
fetch("${web}/from-code")
fetch("${web}/own", headers={"traceparent": "mine"})
print(secrets["API_KEY"], input_data)
if input_data == "input-1":
    raise ValueError(secrets["API_KEY"])
result = "output-" + input_data`;
  const list = {
    ...python('list', code, { hosts: [host], secrets: ['API_KEY'] }),
    forEach: { items: 'input', concurrency: 1, onItemError: 'COLLECT' },
  };
  const before = receiver.requests.length;
  const id = await weft.run([list], [], ['input-0', 'input-1']);
  const spans = await receiver.traceWith(id);
  const node = nameOf(spans, 'node list');
  const items = spans.filter(({ name }) => name === 'item attempt 1');
  expect(items.map((span) => [attributesOf(span)['weft.item'], span.status.message])).toEqual([
    [0, undefined],
    [1, 'PYTHON_EXECUTION_ERROR'],
  ]);
  expect(items.map(({ parentSpanId }) => parentSpanId)).toEqual([node.spanId, node.spanId]);
  expect(items.map(({ spanId }) => Object.keys(treeOf(spans, spanId)))).toEqual([['cell'], ['cell']]);
  expect(traceparentsAt('/from-code')).toEqual(
    items.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`),
  );
  expect(traceparentsAt('/own')).toEqual(['mine', 'mine']);
  const sent = receiver.requests.slice(before).map(({ body }) => String(body));
  for (const value of [SECRET, 'input-', 'output-', 'ValueError']) expect(sent.join()).not.toContain(value);
});

test('lines of the log have the execution and the trace', async () => {
  const given = newTrace();
  const workflow = await weft.createWorkflow({ nodes: [python('py', '1 / 0')] });
  const id = await startWith({ traceparent: given.traceparent }, workflow);
  await weft.allEvents(id);
  const linesOf = () =>
    server.stderr
      .split('\n')
      .filter((line) => line.includes(id))
      .map((line) => JSON.parse(line));
  await eventually('its end is logged', () => linesOf().some(({ status }) => status === 'FAILED'));
  expect(linesOf()).toMatchObject(
    [
      { msg: 'an execution begins', workflowId: workflow, versionNumber: 1 },
      { msg: 'an attempt of a node failed', nodeKey: 'py', attempt: 1, code: 'PYTHON_EXECUTION_ERROR' },
      { msg: 'an execution is ended', status: 'FAILED' },
    ].map((line) => ({ ...line, executionId: id, trace_id: given.traceId })),
  );
});

test('the trace of an execution whose worker was killed is whole, and no span of it is there twice', async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  const first = await open(databaseUrl);
  const client = stack.use(new WeftClient(first.url));
  const id = await client.run(
    [
      python('a', 'result = 1'),
      { key: 'wait', type: 'delay', config: { durationMs: 1_100 } },
      python('b', 'result = 2'),
      http('c', '/holds'),
    ],
    [
      { source: 'a', target: 'wait' },
      { source: 'wait', target: 'b' },
      { source: 'b', target: 'c' },
    ],
  );
  await eventually('the last node has begun', () => traceparentsAt('/holds').length === 1);
  const sent = () => receiver.spans.filter(({ traceId }) => traceId === ownTraceOf(id));
  await eventually('what had ended before the wait is sent', () => sent().length > 0);
  await first.kill();
  await ageHeartbeats(databaseUrl);

  const second = await open(databaseUrl);
  const spans = await receiver.traceWith(id);
  const events = await stack.use(new WeftClient(second.url)).allEvents(id);
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded' });
  await second.stop();
  expect(sent()).toEqual(spans);
  expectNoDoubles(spans);
  expect(treeOf(spans, undefined)).toEqual({
    'execution test': {
      'node a': { 'attempt 1': { cell: {} } },
      'node wait': { 'attempt 1': {} },
      'node b': { 'attempt 1': { cell: {} } },
      'node c': { 'attempt 1': {}, 'attempt 2': {} },
    },
  });
  const lost = spans.find(({ status }) => status.code === 2)!;
  expect(lost).toMatchObject({ name: 'attempt 1', status: { message: 'WORKER_LOST' } });
});

test('a receiver that is away or never answers holds nothing up, and is one line of the log', async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  await using away = await openTraceReceiver();
  away.mode = 'unavailable';
  const other = await open(databaseUrl, {
    OTEL_EXPORTER_OTLP_ENDPOINT: away.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    WEFT_LOG_LEVEL: 'warn',
  });
  const client = stack.use(new WeftClient(other.url));
  const workflow = await client.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  const run = async () => {
    const id = await client.start(workflow);
    expect((await client.allEvents(id)).at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded' });
    return id;
  };
  const requested = async (count: number) =>
    eventually('spans are sent', () => away.requests.length >= count);
  await run();
  await requested(1);
  away.mode = 'silent';
  await run();
  await requested(2);
  await run();
  await requested(3);
  away.mode = 'open';
  const last = await run();
  const bytes = Buffer.from(ownTraceOf(last), 'hex');
  await eventually('they arrive again', () => away.requests.some(({ body }) => body.includes(bytes)));
  expect(away.requests.at(-1)!.headers['content-type']).toBe('application/x-protobuf');
  const lines = () => other.stderr.split('\n').filter((line) => line.includes('traces'));
  await eventually('it says that they do', () => lines().length === 2);
  expect(lines()).toEqual([
    expect.stringContaining('traces could not be sent'),
    expect.stringContaining('traces are sent again'),
  ]);
  away.mode = 'silent';
  await run();
  expect(await other.stop()).toBe(0);
});
