import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type ClientOptions,
  createClient,
  type RequestInfo,
  WeftAuthenticationError,
  WeftConnectionError,
  WeftExecutionError,
  WeftInputError,
  WeftNotFoundError,
  WeftServerError,
  WeftTimeoutError,
} from '../../client-sdk/src/index.ts';
import { eventually } from '../support/eventually.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let server: WeftServer;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  server = stack.use(await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: token } }));
});
afterAll(() => stack.disposeAsync());

const token = 'a-token-for-the-tests';
const connect = (options: Partial<ClientOptions> = {}) =>
  createClient({ url: server.url, token, ...options });
const doubling = {
  name: 'doubling',
  nodes: [{ key: 'double', type: 'transform', config: { expression: 'input.value * 2' } }],
  inputSchema: { type: 'object', required: ['value'], properties: { value: { type: 'number' } } },
};

test('a workflow is saved, run, read and deleted', async () => {
  const weft = connect();
  const { id } = await weft.workflows.create(doubling);
  const run = await weft.executions.start<number>({ workflowId: id, input: { value: 21 } });
  expect(await run.result()).toBe(42);
  expect(await run.get()).toMatchObject({ status: 'SUCCEEDED', nodeExecutions: [{ nodeKey: 'double' }] });
  expect(await weft.workflows.update(id, { ...doubling, name: 'twice' })).toMatchObject({
    latestVersion: { number: 2 },
  });
  await weft.workflows.delete(id);
  expect(await weft.workflows.get(id)).toBeNull();
});

test('a project is made, acted in over HTTP and streams, renamed and deleted', async () => {
  const weft = connect();
  const { key } = await weft.projects.create({ key: 'of-the-sdk' });
  expect(await weft.projects.update(key, { name: 'Of the SDK' })).toMatchObject({ key, name: 'Of the SDK' });
  expect(await weft.projects.get(key)).toMatchObject({ name: 'Of the SDK' });
  expect((await weft.projects.list().take(10)).map((project) => project.key)).toEqual(['default', key]);
  expect(await weft.projects.get('nowhere')).toBeNull();
  await expect(connect({ project: 'nowhere' }).viewer()).rejects.toThrow('There is no project nowhere');
  await using over = new AsyncDisposableStack();
  for (const transport of ['ws', 'sse', 'poll'] as const) {
    const inside = connect({ project: key, transport });
    expect(await inside.viewer()).toMatchObject({ project: key, projects: null });
    const { id } = await inside.workflows.create({ ...doubling, name: transport });
    over.defer(() => inside.workflows.delete(id));
    const run = await inside.executions.start<number>({ workflowId: id, input: { value: 21 } });
    expect(await run.result()).toBe(42);
    expect(await weft.workflows.get(id)).toBeNull();
  }
  await over.disposeAsync();
  await expect(weft.projects.delete(key)).rejects.toThrow('of-the-sdk has executions');
  await weft.projects.create({ key: 'empty' });
  await weft.projects.delete('empty');
  expect(await weft.projects.get('empty')).toBeNull();
});

test('a webhook is made, called without the token, read, given a new address, replayed and deleted', async () => {
  const weft = connect();
  const { id: workflowId } = await weft.workflows.create({ ...doubling, inputSchema: null });
  const recordUntil = new Date(Date.now() + 60_000).toISOString();
  const webhook = await weft.webhooks.create({ workflowId, name: 'of a test', recordUntil });
  const { url, ...rest } = webhook;
  expect(new URL(url).origin).toBe(new URL(server.url).origin);
  expect(await weft.webhooks.get(webhook.id)).toEqual(rest);
  expect(await weft.webhooks.list({ filter: { workflowId } }).take(10)).toEqual([rest]);
  const response = await fetch(url, { method: 'POST', headers: { 'idempotency-key': 'one' } });
  const { executionId } = (await response.json()) as { executionId: string };
  await eventually('it is noted', async () => (await weft.webhooks.requests(webhook.id)).length === 1);
  const [request] = await weft.webhooks.requests(webhook.id);
  expect(request).toMatchObject({ status: 202, deliveryId: 'one', execution: { id: executionId } });
  const run = await weft.webhooks.replay(webhook.id, request!.id).catch((error: Error) => error);
  expect(run).toMatchObject({ id: expect.stringMatching(/^exec_/) });
  expect(await weft.webhooks.update(webhook.id, { isEnabled: false })).toMatchObject({ isEnabled: false });
  await weft.webhooks.update(webhook.id, { isEnabled: null });
  const rotated = await weft.webhooks.rotateSecret(webhook.id, { graceSeconds: 60 });
  expect(rotated.url).not.toBe(url);
  for (const each of [url, rotated.url]) expect((await fetch(each, { method: 'POST' })).status).toBe(202);
  await weft.webhooks.delete(webhook.id);
  expect(await weft.webhooks.get(webhook.id)).toBeNull();
  await expect(weft.webhooks.requests(webhook.id)).rejects.toThrow(WeftNotFoundError);
  const signed = weft.webhooks.create({ workflowId, signature: 'GITHUB', signingSecrets: ['x'.repeat(20)] });
  await expect(signed).rejects.toMatchObject({ userErrors: [{ code: 'SECRETS_KEY_MISSING' }] });
});

test('of two who change the same version the second learns of the first, and both versions stay readable', async () => {
  const weft = connect();
  const { id } = await weft.workflows.create(doubling);
  await weft.workflows.update(id, { ...doubling, name: 'first' }, { expectedVersion: 1 });
  const second = weft.workflows.update(id, { ...doubling, name: 'second' }, { expectedVersion: 1 });
  await expect(second).rejects.toMatchObject({
    name: 'WeftInputError',
    userErrors: [{ code: 'CONFLICT', field: 'expectedVersion' }],
  });
  await weft.workflows.update(id, { ...doubling, name: 'second' }, { expectedVersion: 2 });
  expect(await weft.workflows.versions(id).take(10)).toMatchObject([
    { number: 3, name: 'second' },
    { number: 2, name: 'first' },
    { number: 1, name: 'doubling' },
  ]);
  expect(await weft.workflows.version(id, 2)).toMatchObject({ name: 'first', nodes: [{ key: 'double' }] });
  expect(await weft.workflows.version(id, 4)).toBeNull();
});

test('all faults of an input are one error, with the path of each', async () => {
  const weft = connect();
  const bad = {
    name: '',
    nodes: [
      { key: 'a', type: 'no-such-type' },
      { key: 'b', type: 'python', config: { code: '1', timeoutMs: 5 } },
    ],
  };
  const error = await weft.workflows.create(bad).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WeftInputError);
  const { fields, message, userErrors } = error as WeftInputError;
  expect(fields).toEqual(['name', 'nodes.0.type', 'nodes.1.config.timeoutMs']);
  for (const field of fields) expect(message).toContain(`${field}: `);
  expect(await weft.workflows.validate(bad)).toEqual(userErrors);
});

test('an unknown id is the same error for every method', async () => {
  const weft = connect();
  const run = weft.executions.run('exec_nope');
  const requested = [
    run.get(),
    run.result(),
    run.text(),
    run.events().next(),
    run.cancel(),
    run.retry(),
    weft.executions.export('exec_nope'),
    weft.workflows.update('wf_nope', doubling),
    weft.workflows.delete('wf_nope'),
    weft.python.environments.delete('env_nope'),
  ];
  for (const error of await Promise.all(requested.map((answer) => answer.then(null, (thrown) => thrown)))) {
    expect(error).toBeInstanceOf(WeftNotFoundError);
    expect(error.code).toBe('NOT_FOUND');
  }
  await expect(weft.executions.start({ workflowId: 'wf_nope' })).rejects.toMatchObject({
    name: 'WeftInputError',
    fields: ['workflowId'],
  });
});

test('a value that JSON cannot represent is a fault of the input, and the error names its field', async () => {
  const weft = connect();
  const itself: Record<string, unknown> = {};
  itself.self = itself;
  for (const input of [itself, { count: 1n }]) {
    const error = await weft.python
      .run({ code: '1', input })
      .result()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeftInputError);
    expect(error).toMatchObject({ code: 'NOT_JSON', fields: ['input'], cause: expect.any(TypeError) });
    expect((error as Error).message).toContain(
      'Expected `input` to be JSON, got a value that JSON cannot represent: ',
    );
  }
  const document = 'query Label($type: String!) { nodeDefinition(type: $type) { label } }';
  await expect(weft.request(document, { type: 1n })).rejects.toMatchObject({ fields: ['type'] });
});

test('a sandbox service that is away is an error of the server, which has waited for it', async () => {
  await using apart = await startWeft({
    databaseUrl,
    env: { WEFT_ROLES: 'api', PYTHON_SERVICE_URL: 'http://127.0.0.1:1', PYTHON_SERVICE_TOKEN: token },
  });
  const requested: string[] = [];
  const hooks = { onRequest: ({ operation }: RequestInfo) => void requested.push(operation) };
  const { python } = createClient({ url: apart.url, hooks });
  const answers = [python.check('1'), python.environments.prepare(['pandas'])];
  for (const error of await Promise.all(answers.map((answer) => answer.catch((thrown: unknown) => thrown)))) {
    expect(error).toBeInstanceOf(WeftServerError);
    expect(error).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', errorId: null });
  }
  expect(requested).toEqual(['PythonCheck', 'PythonEnvironmentPrepare']);
});

test('a failed run throws what failed, where, and the traceback', async () => {
  const code = 'values = [1]\nresult = values[7]';
  const run = connect().python.run({ code });
  const error = await run.result().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WeftExecutionError);
  expect(error).toMatchObject({
    executionId: await run.id(),
    code: 'PYTHON_EXECUTION_ERROR',
    node: 'python',
    type: 'IndexError',
    line: 2,
    traceback: expect.stringContaining('result = values[7]'),
  });
});

test('a run that was canceled throws EXECUTION_CANCELED', async () => {
  const run = connect().python.run({ code: 'while True: pass' });
  await run.cancel('FORCE');
  await expect(run.result()).rejects.toMatchObject({
    code: 'EXECUTION_CANCELED',
    name: 'WeftExecutionError',
  });
});

test('a run of python.run() is canceled, read and retried before its id is known', async () => {
  const weft = connect();
  const endless = weft.python.run({ code: 'while True: pass' });
  expect((await endless.cancel('FORCE')).id).toBe(await endless.id());
  const run = weft.python.run<number>({ code: 'input_data * 2', input: 21 });
  expect((await run.get()).nodeExecutions.every(({ nodeKey }) => nodeKey === 'python')).toBe(true);
  await run.result();
  const again = await run.retry('ALL_NODES');
  expect([await again.result(), again.id === (await run.id())]).toEqual([42, false]);

  const refused = weft.python.run({ code: '1', timeoutMs: 5 });
  await expect(refused.cancel()).rejects.toThrow(WeftInputError);
  await expect(refused.retry()).rejects.toThrow(WeftInputError);
  await expect(refused.get()).rejects.toThrow(WeftInputError);
});

test('a retry with the latest version keeps what that has not changed, and says so first', async () => {
  const weft = connect();
  const draft = (code: string) => ({
    name: 'mended',
    nodes: [
      { key: 'load', type: 'transform', config: { expression: '[1, 2]' } },
      { key: 'sum', type: 'python', config: { code } },
    ],
    edges: [{ source: 'load', target: 'sum' }],
  });
  const { id: workflowId } = await weft.workflows.create(draft('result = sum(input_date)'));
  const run = await weft.executions.start<number>({ workflowId });
  await expect(run.result()).rejects.toThrow('input_date');
  await weft.workflows.update(workflowId, draft('result = sum(input_data)'));
  expect(await run.retryPlan('FROM_FAILURE', { version: 'LATEST' })).toMatchObject({
    versionNumber: 2,
    nodes: [
      { nodeKey: 'load', action: 'REUSE', reason: null },
      { nodeKey: 'sum', action: 'RUN', reason: 'CHANGED' },
    ],
  });
  expect(await (await run.retry('FROM_FAILURE', { version: 'LATEST' })).result()).toBe(3);
  expect(await run.retryPlan('FROM_FAILURE', { input: 7 })).toMatchObject({
    nodes: [{ reason: 'INPUT_CHANGED' }, { reason: 'FOLLOWS' }],
  });
  await expect(weft.executions.run('exec_none').retryPlan()).rejects.toThrow(WeftNotFoundError);
});

test('a method of a run whose start is not answered ends with its signal', async () => {
  await using proxy = await startTcpProxy(server.url);
  proxy.manners = () => 'ignore';
  const run = connect({ url: proxy.url, maxRetries: 0 }).python.run({ code: '1' });
  const signal = AbortSignal.timeout(100);
  await expect(run.cancel('FORCE', { signal })).rejects.toThrow(signal.reason);
});

test('a custom operation is sent, with variables where it has some; a query is retried, a mutation is not', async () => {
  let isDown = true;
  const requested: string[] = [];
  const weft = connect({
    async fetch(...request: Parameters<typeof fetch>) {
      if (isDown) throw new TypeError('no network');
      return fetch(...request);
    },
    hooks: {
      onRequest: ({ operation, attempt }) => {
        isDown = attempt === 1;
        requested.push(`${operation} ${attempt}`);
      },
    },
  });
  const definitions = await weft.request<{ nodeDefinitions: { type: string }[] }>(
    '{ nodeDefinitions { type } }',
  );
  expect(definitions.nodeDefinitions).toContainEqual({ type: 'python' });
  const named = `
    query Label($type: String!) { nodeDefinition(type: $type) { label } }`;
  expect(await weft.request(named, { type: 'python' })).toEqual({ nodeDefinition: { label: 'Python' } });
  const mutation = 'mutation Delete($id: ID!) { workflowDelete(id: $id) { deletedWorkflowId } }';
  await expect(weft.request(mutation, { id: 'wf_x' })).rejects.toThrow(WeftConnectionError);
  expect(requested).toEqual(['anonymous 1', 'anonymous 2', 'Label 1', 'Label 2', 'Delete 1']);
});

test('what is printed comes live, and whole at the end', async () => {
  const weft = connect();
  const failing = weft.python.run({ code: 'print("before")\n1 / 0' });
  const ok = weft.python.run({ code: 'print("über 🎈")' });
  expect(await ok.text()).toBe('über 🎈\n');
  const pieces: string[] = [];
  const reading = (async () => {
    for await (const piece of failing.text()) pieces.push(piece);
  })();
  await expect(reading).rejects.toThrow(WeftExecutionError);
  expect(pieces.join('')).toBe('before\n');
});

test('a start whose answer is lost is retried, and starts once', async () => {
  await using proxy = await startTcpProxy(server.url);
  const weft = connect({ url: proxy.url });
  const { id: workflowId } = await weft.workflows.create({ ...doubling, name: 'lost answer' });
  let sent = 0;
  const impatient = connect({
    url: proxy.url,
    async fetch(...request: Parameters<typeof fetch>) {
      sent += 1;
      const response = await fetch(...request);
      if (sent <= 2) throw new TypeError('the connection broke before the answer was read');
      return response;
    },
  });
  const run = await impatient.executions.start({ workflowId, input: { value: 1 } });
  expect(sent).toBe(3);
  expect((await weft.executions.list({ filter: { workflowId } }).take(10)).map(({ id }) => id)).toEqual([
    run.id,
  ]);
});

test('what is not safe to repeat is sent once', async () => {
  let sent = 0;
  const weft = connect({
    async fetch() {
      sent += 1;
      throw new TypeError('no network');
    },
  });
  await expect(weft.workflows.create(doubling)).rejects.toThrow(WeftConnectionError);
  expect(sent).toBe(1);
});

test('a request waits for a server that is away for a while', async () => {
  await using proxy = await startTcpProxy(server.url);
  let refused = 0;
  proxy.manners = () => (refused++ < 2 ? 'refuse' : 'pass');
  expect((await connect({ url: proxy.url }).serverInfo()).roles).toContain('api');
  expect(refused).toBe(3);
});

test('an answer that does not come in time is an error that says so', async () => {
  await using proxy = await startTcpProxy(server.url);
  proxy.manners = () => 'ignore';
  const weft = connect({ url: proxy.url, timeouts: { requestMs: 200 }, maxRetries: 0 });
  await expect(weft.serverInfo()).rejects.toThrow(WeftTimeoutError);
  await expect(weft.serverInfo()).rejects.toThrow(
    'Expected an answer to ServerInfo within 200 ms, got none.',
  );
});

test('a request ends with its signal', async () => {
  await using proxy = await startTcpProxy(server.url);
  proxy.manners = () => 'ignore';
  const signal = AbortSignal.timeout(100);
  await expect(connect({ url: proxy.url }).serverInfo({ signal })).rejects.toThrow(signal.reason);
});

test('result() waits no longer than its timeout, and the run goes on', async () => {
  const weft = connect();
  const run = weft.executions.run(await weft.python.run({ code: 'while True: pass' }).id());
  await expect(run.result({ timeoutMs: 100 })).rejects.toThrow(WeftTimeoutError);
  expect((await run.get()).finishedAt).toBeNull();
  await run.cancel('FORCE');
});

test('a list is read to its end, page by page', async () => {
  const weft = connect();
  const names = Array.from({ length: 7 }, (_, n) => `listed ${n}`);
  for (const name of names) await weft.workflows.create({ ...doubling, name });
  const requested: string[] = [];
  const watched = connect({ hooks: { onRequest: ({ operation }) => void requested.push(operation) } });
  const listing = watched.workflows.list({ pageSize: 3, filter: { search: 'listed' } });
  expect((await Array.fromAsync(listing)).map(({ name }) => name)).toEqual(names.toReversed());
  expect(requested).toEqual(['Workflows', 'Workflows', 'Workflows']);
  expect(await listing.take(4)).toHaveLength(4);
  const first = await listing.page();
  const second = await watched.workflows
    .list({ pageSize: 3, after: first.endCursor!, filter: { search: 'listed' } })
    .page();
  expect([first, second].flatMap(({ items }) => items).map(({ name }) => name)).toEqual(
    names.toReversed().slice(0, 6),
  );
});

test('files of all kinds of content are uploaded, given to a run, and downloaded', async () => {
  const weft = connect();
  async function* chunks() {
    for (const text of ['a,b\n', '1,2\n']) yield new TextEncoder().encode(text);
  }
  const uploaded = await Promise.all([
    weft.files.upload(new File(['a,b\n', '1,2\n'], 'file.csv')),
    weft.files.upload('a,b\n1,2\n', { name: 'text.csv' }),
    weft.files.upload(new TextEncoder().encode('a,b\n1,2\n'), { name: 'bytes.csv' }),
    weft.files.upload(new Blob(['a,b\n1,2\n']).stream(), { name: 'stream.csv' }),
    weft.files.upload(chunks(), { name: 'chunks.csv' }),
  ]);
  expect(uploaded).toEqual(
    ['file', 'text', 'bytes', 'stream', 'chunks'].map((name) => ({
      id: expect.stringMatching(/^art_/),
      name: `${name}.csv`,
      mimeType: 'text/csv',
      sizeBytes: 8,
      url: expect.stringMatching(/^\/artifacts\/art_/),
    })),
  );
  const code = 'save_artifact("all.csv", b"".join(open_artifact(file).read() for file in input_data))';
  const input = uploaded.map(({ id }) => ({ $file: id }));
  const result = (await weft.python.run({ code, input }).result()) as { $file: string };
  const all = await weft.files.download(result);
  expect([all.type, await all.text()]).toEqual(['text/csv', 'a,b\n1,2\n'.repeat(5)]);
  expect((await weft.files.download(uploaded[0]!.id)).size).toBe(8);
  await expect(weft.files.upload('text')).rejects.toThrow(/Expected the `name` of the file/);
  await expect(weft.files.upload('text', { name: '../x' })).rejects.toMatchObject({
    code: 'INVALID_FILE_NAME',
  });
  await expect(weft.files.download('art_gone')).rejects.toThrow(WeftNotFoundError);
});

test('a file that a run saved is downloaded whole, with the token, and again where the answer breaks off', async () => {
  const weft = connect();
  const run = weft.python.run({ code: "save_artifact('Übersicht.csv', 'a,b\\n1,2\\n')" });
  const { value: event } = await run.events({ types: ['ArtifactCreated'] }).next();
  const attempts: number[] = [];
  const breaking = connect({
    async fetch(...request: Parameters<typeof fetch>) {
      const response = await fetch(...request);
      return attempts.length > 1 ? response : new Response(brokenOff(), response);
    },
    hooks: { onRequest: ({ attempt }) => void attempts.push(attempt) },
  });
  const file = await breaking.artifacts.download(event!.artifact);
  expect([file.type, await file.text()]).toEqual(['text/csv', 'a,b\n1,2\n']);
  expect(attempts).toEqual([1, 2]);
  await expect(connect({ token: 'another' }).artifacts.download(event!.artifact)).rejects.toThrow(
    WeftAuthenticationError,
  );
  await expect(weft.artifacts.download({ url: '/artifacts/art_gone' })).rejects.toThrow(WeftNotFoundError);
});

test('the token is sent to no other server, even for an absolute artifact path', async () => {
  const requested: string[] = [];
  const weft = connect({
    url: 'https://weft.example/behind/graphql',
    async fetch(input) {
      requested.push(String(input));
      return new Response('');
    },
  });
  for (const url of ['/artifacts/art_1', '//evil.example/', 'https://evil.example/', '\\\\evil.example'])
    await weft.artifacts.download({ url });
  expect(requested[0]).toBe('https://weft.example/behind/artifacts/art_1');
  for (const url of requested) expect(new URL(url).origin).toBe('https://weft.example');
});

test.each(['localhost:4000', 'ftp://127.0.0.1', 'ws://127.0.0.1', '/graphql', ''])(
  'the address "%s" is refused at once, with a hint',
  (url) => {
    expect(() => createClient({ url })).toThrow(
      `Expected \`url\` to be the address of a Weft server, such as "http://127.0.0.1:4000", got "${url}".`,
    );
  },
);

test('the error for a server that is not Weft, or a wrong path, has the status of the answer', async () => {
  const page = () => new Response('<h1>Welcome</h1>', { headers: { 'content-type': 'text/html' } });
  await expect(connect({ fetch: async () => page(), maxRetries: 0 }).serverInfo()).rejects.toThrow(
    'got HTTP 200 with text/html. Check the address (Weft answers at `/graphql`)',
  );
  await expect(connect({ url: new URL('/grapql', server.url) }).serverInfo()).rejects.toThrow(
    /^Expected \/graphql, .* got \/grapql\.$/,
  );
});

test('hooks see each attempt, and add headers to it', async () => {
  const requests: RequestInfo[] = [];
  const outcomes: unknown[] = [];
  const seen: (string | null)[] = [];
  let failing = true;
  const weft = connect({
    async fetch(input, init) {
      seen.push(new Headers(init?.headers).get('traceparent'));
      if (failing) {
        failing = false;
        throw new TypeError('no network');
      }
      return fetch(input, init);
    },
    hooks: {
      onRequest(request) {
        requests.push(request);
        request.headers.traceparent = `00-${request.attempt}`;
      },
      onResponse: ({ error }) => void outcomes.push(error),
    },
  });
  await weft.serverInfo();
  expect(requests).toMatchObject([
    { operation: 'ServerInfo', attempt: 1 },
    { operation: 'ServerInfo', attempt: 2 },
  ]);
  expect(seen).toEqual(['00-1', '00-2']);
  expect(outcomes).toEqual([expect.any(WeftConnectionError), undefined]);
});

test('a token may be new for each request; a wrong one is refused at once', async () => {
  let given = 0;
  const weft = connect({
    token: async () => {
      given += 1;
      return given === 1 ? 'stale' : token;
    },
  });
  const refused = await weft.serverInfo().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WeftAuthenticationError);
  expect(refused).toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringMatching(/createClient\(\{ token \}\)/),
  });
  expect((await weft.serverInfo()).version).toMatch(/^\d/);
  expect(given).toBe(2);
});

test('executions are emitted as their status changes, and violations as they happen', async () => {
  const weft = connect();
  const updates = weft.executions.updates({ statuses: ['FAILED'] });
  const violations = weft.securityViolations.added();
  const update = updates.next();
  const violation = violations.next();
  // Both streams start at an unknown moment, so the runs are repeated until both have emitted.
  let emitted = false;
  const both = Promise.all([update, violation]).finally(() => {
    emitted = true;
  });
  while (!emitted) {
    await weft.python
      .run({ code: 'import socket' })
      .result()
      .catch(() => {});
  }
  const [{ value: execution }, { value: audited }] = await both;
  expect(execution).toMatchObject({ status: 'FAILED', error: { code: 'PYTHON_SECURITY_ERROR' } });
  expect(audited).toMatchObject({ violation: { rule: expect.any(String), line: 1 } });
  await Promise.all([updates.return(), violations.return()]);
  expect(await weft.securityViolations.list().take(1)).toMatchObject([{ violation: { layer: 'STATIC' } }]);
});

test('code is checked without being run, and node types are listed with their fields', async () => {
  const weft = connect();
  expect(await weft.python.check('import os')).toMatchObject({ ok: false, violations: [{ line: 1 }] });
  const types = (await weft.nodeDefinitions()).map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(['python', 'input', 'output']));
});

/** The beginning of an answer, and then no more. */
function brokenOff(): ReadableStream {
  return new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) });
}
