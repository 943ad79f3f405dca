import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let servers: WeftServer[];
let weft: WeftClient;
let sql: Awaited<ReturnType<typeof connect>>;
let receiver: Receiver;
let quick: string;
let failing: string;

/** Short enough for a test; a receiver is on this machine, which is private. */
const env = {
  WEFT_SECRETS_KEY: randomBytes(32).toString('base64'),
  WEFT_HTTP_ALLOWED_HOSTS: '127.0.0.1',
  WEFT_DELIVERY_RETRY_SECONDS: '0.2,0.2,0.2',
};

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  servers = await Promise.all([startWeft({ databaseUrl, env }), startWeft({ databaseUrl, env })]);
  for (const server of servers) stack.use(server);
  weft = stack.use(new WeftClient(servers[0]!.url));
  sql = stack.use(await connect(databaseUrl));
  receiver = stack.use(await startReceiver());
  quick = await upsert('quick', [{ key: 'out', type: 'output' }]);
  failing = await upsert('failing', [
    { key: 'bad', type: 'fail', config: { code: 'ON_PURPOSE', message: 'no' } },
  ]);
});
afterAll(() => stack.disposeAsync());

async function upsert(key: string, nodes: object[]): Promise<string> {
  const { workflowUpsert } = await weft.query<{ workflowUpsert: { workflow: { id: string } } }>(
    'mutation ($key: String!, $input: WorkflowInput!) { workflowUpsert(key: $key, input: $input) { workflow { id } } }',
    { key, input: { name: key, nodes, edges: [] } },
  );
  return workflowUpsert.workflow.id;
}

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}
type Answer = (response: ServerResponse, received: Received) => void;
interface Receiver extends AsyncDisposable {
  url: string;
  received: Received[];
  /** By the path. */
  answers: Map<string, Answer>;
  of(path: string): Received[];
}

async function startReceiver(): Promise<Receiver> {
  const answers = new Map<string, Answer>();
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = { path: request.url!, headers: request.headers, body };
      received.push(one);
      const answer = answers.get(one.path) ?? ((to: ServerResponse) => void to.writeHead(204).end());
      answer(response, one);
    });
  });
  server.keepAliveTimeout = 0; // whoever sends closes what is idle: no request meets a connection that is closing
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answers,
    of: (path) => received.filter((each) => each.path === path),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const respond =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body);

interface Endpoint {
  id: string;
  isEnabled: boolean;
  disabledReason: string | null;
  failingSince: string | null;
}
const ERRORS = 'userErrors { code field message }';

async function create(path: string, input: object = {}): Promise<Endpoint & { secret: string }> {
  const { it } = await weft.query<{
    it: { webhookEndpoint: Endpoint | null; secret: string; userErrors: unknown[] };
  }>(
    `mutation ($input: WebhookEndpointInput!) { it: webhookEndpointCreate(input: $input) {
      webhookEndpoint { id isEnabled disabledReason failingSince } secret ${ERRORS} } }`,
    { input: { url: receiver.url + path, ...input } },
  );
  expect(it.userErrors).toEqual([]);
  return { ...it.webhookEndpoint!, secret: it.secret };
}

async function endpoint(id: string): Promise<Endpoint> {
  const { webhookEndpoint } = await weft.query<{ webhookEndpoint: Endpoint }>(
    `{ webhookEndpoint(id: "${id}") { id isEnabled disabledReason failingSince } }`,
  );
  return webhookEndpoint;
}

interface Delivery {
  id: string;
  messageId: string;
  type: string;
  status: string;
  executionId: string | null;
  nextAttemptAt: string | null;
  attempts: {
    number: number;
    httpStatus: number | null;
    error: string | null;
    response: string | null;
    durationMs: number | null;
  }[];
}
async function deliveries(endpointId: string): Promise<Delivery[]> {
  const { it } = await weft.query<{ it: { nodes: Delivery[] } }>(
    `{ it: deliveries(first: 100, filter: { endpointId: "${endpointId}" }) { nodes {
      id messageId type status executionId nextAttemptAt attempts { number httpStatus error response durationMs } } } }`,
  );
  return it.nodes;
}
async function ended(endpointId: string, count = 1): Promise<Delivery[]> {
  let found: Delivery[] = [];
  await eventually(`${count} deliveries are over`, async () => {
    found = await deliveries(endpointId);
    return found.filter(({ status }) => status !== 'PENDING').length >= count;
  });
  return found;
}
const run = async (workflowId: string, more: object = {}) => {
  const id = await weft.start(workflowId, null, more);
  await weft.allEvents(id);
  return id;
};
const mutate = (call: string) =>
  weft.query<{ it: { userErrors: { code: string }[]; delivery?: { id: string }; secret?: string } }>(
    `mutation { it: ${call} }`,
  );

/** By the scheme of Standard Webhooks, and none of the server's code. */
function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', key).update(signed).digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some(
      (part) => part.startsWith('v1,') && timingSafeEqual(Buffer.from(part.slice(3), 'base64'), expected),
    );
}

test('ends of executions are sent, signed, once, with what happened and no values', async () => {
  const { id, secret } = await create('/ends', { types: ['EXECUTION_SUCCEEDED', 'EXECUTION_FAILED'] });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const good = await run(quick, { labels: { customer: '42' } });
  const bad = await run(failing);
  const log = await ended(id, 2);
  expect(log.map(({ type, status, executionId }) => [type, status, executionId])).toEqual([
    ['execution.failed', 'SUCCEEDED', bad],
    ['execution.succeeded', 'SUCCEEDED', good],
  ]);
  const received = receiver.of('/ends');
  expect(received).toHaveLength(2);
  for (const each of received) {
    expect(isSigned(each, secret)).toBe(true);
    expect(isSigned({ ...each, body: `${each.body} ` }, secret)).toBe(false);
    expect(Math.abs(Number(each.headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(30);
    expect(each.headers['content-type']).toBe('application/json');
  }
  const byExecution = new Map(
    received.map(({ body }) => [JSON.parse(body).data.executionId, JSON.parse(body)]),
  );
  expect(byExecution.get(good)).toEqual({
    type: 'execution.succeeded',
    timestamp: expect.any(String),
    data: {
      executionId: good,
      sequence: expect.any(Number),
      status: 'SUCCEEDED',
      workflowId: quick,
      workflowKey: 'quick',
      labels: { customer: '42' },
    },
  });
  expect(byExecution.get(bad)!.data).toMatchObject({ code: 'ON_PURPOSE', message: 'no', status: 'FAILED' });
  const { rows } = await sql.query(
    'SELECT signing_secrets::text AS kept FROM webhook_endpoints WHERE id = $1',
    [id],
  );
  expect(rows[0].kept).not.toContain(secret.slice(6, 20));
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('an endpoint gets what it chose: by type, workflow and labels, from when it was made', async () => {
  await run(quick);
  const byKey = await create('/by-key', { types: ['EXECUTION_SUCCEEDED'], workflowKeys: ['quick'] });
  const byLabel = await create('/by-label', { types: ['EXECUTION_FAILED'], labels: { customer: '7' } });
  const mine = await run(quick);
  await run(failing);
  const labelled = await run(failing, { labels: { customer: '7', more: 'x' } });
  expect((await ended(byKey.id)).map(({ executionId }) => executionId)).toEqual([mine]);
  expect((await ended(byLabel.id)).map(({ executionId }) => executionId)).toEqual([labelled]);
  for (const { id } of [byKey, byLabel])
    await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('an endpoint gets changes of its own project alone', async () => {
  const inProject = async <T>(query: string, variables: object = {}) => {
    const headers = { 'content-type': 'application/json', 'weft-project': 'acme' };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(weft.url, { method: 'POST', headers, body });
    const { data } = (await response.json()) as { data: T };
    return data;
  };
  await weft.query('mutation { projectCreate(input: { key: "acme" }) { userErrors { code } } }');
  const { it } = await inProject<{ it: { webhookEndpoint: { id: string } } }>(
    `mutation ($input: WebhookEndpointInput!) { it: webhookEndpointCreate(input: $input) { webhookEndpoint { id } } }`,
    { input: { url: `${receiver.url}/acme`, types: ['EXECUTION_SUCCEEDED'] } },
  );
  const ours = await create('/default', { types: ['EXECUTION_SUCCEEDED'] });
  await inProject(
    'mutation { workflowUpsert(key: "quick", input: { name: "q", nodes: [{ key: "out", type: "output" }] }) { userErrors { code } } }',
  );
  const mine = await run(quick);
  const { executionStart } = await inProject<{ executionStart: { execution: { id: string } } }>(
    'mutation { executionStart(input: { workflowKey: "quick" }) { execution { id } } }',
  );
  await eventually(
    'each has its own',
    () => receiver.of('/acme').length + receiver.of('/default').length === 2,
  );
  const idOf = (path: string) => JSON.parse(receiver.of(path)[0]!.body).data.executionId;
  expect([idOf('/acme'), idOf('/default')]).toEqual([executionStart.execution.id, mine]);
  expect(await deliveries(it.webhookEndpoint.id)).toEqual([]);
  await inProject(`mutation { webhookEndpointDelete(id: "${it.webhookEndpoint.id}") { deletedId } }`);
  await mutate(`webhookEndpointDelete(id: "${ours.id}") { userErrors { code } }`);
});

test('what fails is sent again with the same id, until it is accepted; the log has each attempt', async () => {
  let count = 0;
  receiver.answers.set('/flaky', (response) => {
    count += 1;
    if (count === 1) respond(500, 'x'.repeat(10_000))(response, receiver.received.at(-1)!);
    else if (count === 2) response.destroy();
    else respond(200, 'thanks')(response, receiver.received.at(-1)!);
  });
  const { id } = await create('/flaky', { types: ['EXECUTION_SUCCEEDED'] });
  await run(quick);
  const [delivery] = await ended(id);
  expect(delivery).toMatchObject({ status: 'SUCCEEDED', nextAttemptAt: null });
  expect(delivery!.attempts).toMatchObject([
    { number: 1, httpStatus: 500, error: expect.stringContaining('500'), response: 'x'.repeat(4_096) },
    { number: 2, httpStatus: null, error: expect.stringContaining('No response came') },
    { number: 3, httpStatus: 200, error: null, response: 'thanks' },
  ]);
  const sent = receiver.of('/flaky');
  expect(new Set(sent.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([delivery!.messageId]));
  expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
  expect((await endpoint(id)).failingSince).toBeNull();

  // Again, though it had succeeded.
  await mutate(`deliveryRedeliver(id: "${delivery!.id}") { userErrors { code } }`);
  await eventually('it is sent again', () => receiver.of('/flaky').length === 4);
  expect(receiver.of('/flaky').at(-1)!.headers['webhook-id']).toBe(delivery!.messageId);
  await eventually('the log has it', async () => (await deliveries(id))[0]!.attempts.length === 4);
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('after the last attempt a delivery has failed; redelivery begins anew', async () => {
  receiver.answers.set('/down', respond(503));
  const { id } = await create('/down', { types: ['EXECUTION_SUCCEEDED'] });
  await run(quick);
  const [delivery] = await ended(id);
  expect(delivery).toMatchObject({ status: 'FAILED', nextAttemptAt: null });
  expect(delivery!.attempts).toHaveLength(4);
  expect((await endpoint(id)).failingSince).not.toBeNull();
  receiver.answers.delete('/down');
  await mutate(`deliveryRedeliver(id: "${delivery!.id}") { userErrors { code } }`);
  await eventually('it succeeds', async () => (await deliveries(id))[0]!.status === 'SUCCEEDED');
  expect((await endpoint(id)).failingSince).toBeNull();
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('410 disables an endpoint at once, long failure after days; both say why, and the audit trail has it', async () => {
  receiver.answers.set('/gone', respond(410));
  receiver.answers.set('/long', respond(500));
  const gone = await create('/gone', { types: ['EXECUTION_SUCCEEDED'] });
  const long = await create('/long', { types: ['EXECUTION_SUCCEEDED'] });
  await sql.query(`UPDATE webhook_endpoints SET failing_since = now() - interval '6 days' WHERE id = $1`, [
    long.id,
  ]);
  await run(quick);
  for (const [{ id }, reason] of [
    [gone, /410/],
    [long, /Every attempt has failed since/],
  ] as const) {
    await eventually('it is disabled', async () => !(await endpoint(id)).isEnabled);
    expect((await endpoint(id)).disabledReason).toMatch(reason);
    await eventually('the audit trail has it', async () => {
      const { rows } = await sql.query('SELECT operation FROM audit_log WHERE target = $1', [id]);
      return rows.some(({ operation }) => operation === 'webhookEndpointDisabled');
    });
  }
  // Enabled again, it gets what happens from then on, and not what happened meanwhile.
  receiver.answers.delete('/gone');
  await run(quick);
  await mutate(`webhookEndpointUpdate(id: "${gone.id}", input: { isEnabled: true }) { userErrors { code } }`);
  const later = await run(quick);
  await eventually('the next one comes', async () =>
    (await deliveries(gone.id)).some(({ executionId }) => executionId === later),
  );
  expect(await deliveries(gone.id)).toHaveLength(2);
  for (const { id } of [gone, long])
    await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('Retry-After puts the next attempt off', async () => {
  receiver.answers.set('/busy', respond(429, '', { 'retry-after': '3600' }));
  const { id } = await create('/busy', { types: ['EXECUTION_SUCCEEDED'] });
  await run(quick);
  await eventually(
    'it waits',
    async () =>
      (await deliveries(id))[0]?.nextAttemptAt != null &&
      (await deliveries(id))[0]!.attempts[0]?.httpStatus === 429,
  );
  const inMs = Date.parse((await deliveries(id))[0]!.nextAttemptAt!) - Date.now();
  expect(inMs).toBeGreaterThan(3_500_000);
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('private addresses are not reached, neither by their name nor by a redirect', async () => {
  receiver.answers.set('/redirect', respond(302, '', { location: 'http://127.0.0.2:1/' }));
  const redirecting = await create('/redirect', { types: ['EXECUTION_SUCCEEDED'] });
  const { id } = await create('', { url: 'http://127.0.0.2:9/', types: ['EXECUTION_SUCCEEDED'] });
  await run(quick);
  const [refused] = await ended(id);
  expect(refused!.attempts[0]!.error).toMatch(/WEFT_HTTP_ALLOWED_HOSTS|private|public/);
  expect(refused!.attempts[0]!.httpStatus).toBeNull();
  const [redirected] = await ended(redirecting.id);
  expect(redirected!.attempts[0]).toMatchObject({
    httpStatus: 302,
    error: expect.stringContaining('redirects are not followed'),
  });
  for (const each of [id, redirecting.id])
    await mutate(`webhookEndpointDelete(id: "${each}") { userErrors { code } }`);
});

test('an endpoint that is slow does not hold up others', async () => {
  const held: ServerResponse[] = [];
  const open = new Set<ServerResponse>();
  let most = 0;
  receiver.answers.set('/slow', (response) => {
    held.push(response);
    most = Math.max(most, open.add(response).size);
    response.once('close', () => open.delete(response)); // also where the sender gives it up
  });
  const slow = await create('/slow', { types: ['EXECUTION_SUCCEEDED'] });
  const fast = await create('/fast', { types: ['EXECUTION_SUCCEEDED'] });
  await Promise.all(Array.from({ length: 30 }, () => run(quick)));
  expect((await ended(fast.id, 30)).every(({ status }) => status === 'SUCCEEDED')).toBe(true);
  expect(held.length).toBeGreaterThan(0);
  // Of all replicas together; two that claim in the same moment may pass the bound once.
  expect(most).toBeLessThanOrEqual(8);
  receiver.answers.delete('/slow');
  for (const response of held) response.end();
  await ended(slow.id, 30);
  expect(new Set(receiver.of('/slow').map(({ headers }) => headers['webhook-id'])).size).toBe(30);
  for (const { id } of [slow, fast])
    await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('a secret is rotated: for a while requests are signed with both, then with the new one alone', async () => {
  const { id, secret } = await create('/rotated', { types: ['EXECUTION_SUCCEEDED'] });
  const { it } = await mutate(
    `webhookEndpointRotateSecret(id: "${id}", graceSeconds: 3600) { secret userErrors { code } }`,
  );
  expect(it.secret).not.toBe(secret);
  await run(quick);
  await ended(id, 1);
  expect([secret, it.secret!].map((each) => isSigned(receiver.of('/rotated')[0]!, each))).toEqual([
    true,
    true,
  ]);
  await sql.query(`UPDATE webhook_endpoints SET former_secret_until = now() WHERE id = $1`, [id]);
  await run(quick);
  await ended(id, 2);
  expect([secret, it.secret!].map((each) => isSigned(receiver.of('/rotated')[1]!, each))).toEqual([
    false,
    true,
  ]);
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('a sample is sent on request, also while the endpoint is disabled', async () => {
  const { id, secret } = await create('/sample', { isEnabled: false });
  const { it } = await mutate(`webhookEndpointTest(id: "${id}") { delivery { id } userErrors { code } }`);
  const [delivery] = await ended(id);
  expect(delivery).toMatchObject({
    id: it.delivery!.id,
    type: 'webhook.test',
    status: 'SUCCEEDED',
    executionId: null,
  });
  expect(isSigned(receiver.of('/sample')[0]!, secret)).toBe(true);
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('a sample that is not accepted is not sent again, and says nothing of its endpoint', async () => {
  receiver.answers.set('/refuses', respond(410));
  const { id } = await create('/refuses');
  await mutate(`webhookEndpointTest(id: "${id}") { userErrors { code } }`);
  const [delivery] = await ended(id);
  expect(delivery).toMatchObject({ status: 'FAILED', nextAttemptAt: null, attempts: [{ httpStatus: 410 }] });
  expect(await endpoint(id)).toMatchObject({ isEnabled: true, failingSince: null });
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('while an endpoint is disabled, nothing is sent to it again, which is said', async () => {
  const { id } = await create('/paused', { types: ['EXECUTION_SUCCEEDED'] });
  await run(quick);
  const [delivery] = await ended(id);
  await mutate(`webhookEndpointUpdate(id: "${id}", input: { isEnabled: false }) { userErrors { code } }`);
  const again = () => mutate(`deliveryRedeliver(id: "${delivery!.id}") { userErrors { code } }`);
  expect((await again()).it.userErrors).toEqual([{ code: 'ENDPOINT_DISABLED' }]);
  expect((await deliveries(id))[0]).toMatchObject({ status: 'SUCCEEDED', nextAttemptAt: null });
  await mutate(`webhookEndpointUpdate(id: "${id}", input: { isEnabled: true }) { userErrors { code } }`);
  expect((await again()).it.userErrors).toEqual([]);
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('null gives an endpoint the name of its host again, that of a new URL too', async () => {
  const { id } = await create('/named', { name: 'Ours' });
  const name = async () =>
    (
      await weft.query<{ it: { name: string } }>(
        'query ($id: ID!) { it: webhookEndpoint(id: $id) { name } }',
        {
          id,
        },
      )
    ).it.name;
  await mutate(`webhookEndpointUpdate(id: "${id}", input: { name: null }) { userErrors { code } }`);
  expect(await name()).toBe(new URL(receiver.url).host);
  await mutate(
    `webhookEndpointUpdate(id: "${id}", input: { name: null, url: "https://new.example.com/x" }) { userErrors { code } }`,
  );
  expect(await name()).toBe('new.example.com');
  await mutate(`webhookEndpointDelete(id: "${id}") { userErrors { code } }`);
});

test('bad input gets an error at its field, and nothing is made', async () => {
  const tried = async (input: object) => {
    const { it } = await weft.query<{ it: { userErrors: { code: string; field: string }[] } }>(
      `mutation ($input: WebhookEndpointInput!) { it: webhookEndpointCreate(input: $input) { ${ERRORS} } }`,
      { input },
    );
    return it.userErrors.map(({ code, field }) => `${code} ${field}`);
  };
  expect(await tried({})).toEqual(['INVALID url']);
  expect(await tried({ url: 'ftp://example.com' })).toEqual(['INVALID url']);
  expect(await tried({ url: 'https://name:word@example.com' })).toEqual(['INVALID url']);
  expect(await tried({ url: 'https://example.com', types: [], name: ' ' })).toEqual([
    'INVALID name',
    'INVALID types',
  ]);
  expect(await tried({ url: 'https://example.com', workflowKeys: [] })).toEqual(['INVALID workflowKeys']);
  expect(await tried({ url: 'https://example.com', workflowKeys: ['', 'No Key'] })).toEqual([
    'INVALID workflowKeys',
  ]);
  expect(await tried({ url: 'javascript:alert(1)' })).toEqual(['INVALID url']);
  expect(await tried({ url: 'https://example.com', labels: { '-': 'x' } })).toEqual([
    'INVALID_LABELS labels',
  ]);
  const { it } = await mutate('webhookEndpointTest(id: "whe_none") { userErrors { code } }');
  expect(it.userErrors).toEqual([{ code: 'NOT_FOUND' }]);
  const { rows } = await sql.query('SELECT count(*)::int AS count FROM webhook_endpoints');
  expect(rows[0].count).toBe(0);
});

test('killed servers lose nothing: each end of an execution arrives, and in the log each delivery is there once', async () => {
  const { id, secret } = await create('/killed', { types: ['EXECUTION_SUCCEEDED'] });
  let rounds = 0;
  const ids = new Set<string>();
  const api = stack.use(await startWeft({ databaseUrl, env: { ...env, WEFT_ROLES: 'api' } }));
  const client = stack.use(new WeftClient(api.url));
  // One attempt of each round is on its way when its server is killed.
  receiver.answers.set(
    '/killed',
    (response) =>
      void (rounds < 2 && receiver.of('/killed').length % 3 === 0 ? null : response.writeHead(204).end()),
  );
  for (; rounds < 2; rounds += 1) {
    const started = await Promise.all(Array.from({ length: 12 }, () => client.start(quick)));
    for (const each of started) ids.add(each);
    await eventually('some have arrived', () => receiver.of('/killed').length > 5 * (rounds + 1));
    await servers[rounds]!.kill();
    const replacement = await startWeft({ databaseUrl, env });
    servers.push(stack.use(replacement));
    // As if half a minute had passed: claims of a server that is lost lapse.
    await sql.query(
      'UPDATE webhook_deliveries SET claimed_until = now(), next_attempt_at = now() WHERE claimed_until IS NOT NULL',
    );
  }
  for (const each of ids) await client.allEvents(each);
  weft = client;
  const log = await ended(id, ids.size);
  expect(log.map(({ status, executionId }) => [status, executionId]).sort()).toEqual(
    [...ids].map((each) => ['SUCCEEDED', each]).sort(),
  );
  const arrived = receiver.of('/killed');
  expect(arrived.every((each) => isSigned(each, secret))).toBe(true);
  expect(new Set(arrived.map(({ headers }) => headers['webhook-id'])).size).toBe(ids.size);
  expect(new Set(arrived.map(({ body }) => JSON.parse(body).data.executionId))).toEqual(ids);
});
