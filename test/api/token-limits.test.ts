import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient as createWsClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createClient } from '../../client-sdk/src/index.ts';
import { type Caller, makeCaller } from '../support/api-caller.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const TOKEN = 'the first administrator of these tests';
const stack = new AsyncDisposableStack();
let url = '';
/** Another replica. */
let otherUrl = '';
let admin: Caller;
let sql: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  const databaseUrl = stack.use(await createDatabase()).url;
  const env = { WEFT_API_TOKEN: TOKEN, WEFT_TOKEN_MAX_RUNNING: '50' };
  url = stack.use(await startWeft({ databaseUrl, env })).url;
  otherUrl = stack.use(await startWeft({ databaseUrl, env: { ...env, WEFT_ROLES: 'api' } })).url;
  sql = stack.use(await connect(databaseUrl));
  admin = makeCaller(url, TOKEN);
  const nodes = [{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }];
  await admin.send(UPSERT, { key: 'waits', input: { name: 'Waits', nodes, edges: [] } });
});
afterAll(() => stack.disposeAsync());

const UPSERT =
  'mutation ($key: String!, $input: WorkflowInput!) { workflowUpsert(key: $key, input: $input) { workflow { id } userErrors { message } } }';
const START =
  'mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id } userErrors { code message } } }';
const CANCEL = 'mutation ($id: ID!) { executionCancel(id: $id, mode: FORCE) { userErrors { code } } }';
const RETRY =
  'mutation ($id: ID!) { executionRetry(id: $id, strategy: ALL_NODES) { execution { id } userErrors { code } } }';

async function makeToken(input: object): Promise<{ secret: string; id: string }> {
  const { data } = await admin.send(
    'mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { secret token { id costPerMinute maxRunningExecutions } userErrors { message } } }',
    { input: { name: 'limited', scopes: ['EDIT'], ...input } },
  );
  return { secret: data.tokenCreate.secret, id: data.tokenCreate.token.id };
}

async function post(secret: string, body: object, to = url, project?: string) {
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${secret}`,
    ...(project && { 'weft-project': project }),
  };
  const response = await fetch(to, { method: 'POST', headers, body: JSON.stringify(body) });
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
}

const page = '{ executions(first: 50) { nodes { id } } }'; // costs 51
/** Twice as much, and so more than a limit of a hundred fills again with while a test is at it. */
const longPage = '{ executions(first: 90) { nodes { id } } }'; // costs 91

describe('what operations cost', () => {
  test('is in each answer to a token that is limited, and in others where they ask for it', async () => {
    const { secret } = await makeToken({ costPerMinute: 120 });
    const { body } = await post(secret, { query: '{ viewer { id costPerMinute } }' });
    expect(body.data.viewer.costPerMinute).toBe(120);
    expect(body.extensions.cost).toEqual({
      requestedQueryCost: 1,
      throttleStatus: { maximumAvailable: 120, currentlyAvailable: 119, restoreRate: 2 },
    });
    expect((await post(TOKEN, { query: page })).body.extensions).toBeUndefined();
    const asked = await post(TOKEN, { query: page, extensions: { cost: true } });
    expect(asked.body.extensions).toEqual({ cost: { requestedQueryCost: 51 } });
  });

  test('is refused beyond the limit, with 429 and when to come again, and nothing is done', async () => {
    const { secret } = await makeToken({ costPerMinute: 77 }); // two of the changes below are left after a page
    expect((await post(secret, { query: page })).status).toBe(200);
    const input = { name: 'Made', nodes: [{ key: 'in', type: 'input' }], edges: [] };
    const { status, headers, body } = await post(secret, { query: page });
    expect(status).toBe(429);
    const [error] = body.errors;
    expect(error.extensions).toMatchObject({ code: 'RATE_LIMITED', cost: { requestedQueryCost: 51 } });
    expect(Number(headers.get('retry-after'))).toBe(error.extensions.retryAfterSeconds);
    expect(error.extensions.retryAfterSeconds).toBeGreaterThan(0);
    const asPlain = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${secret}`,
      },
      body: JSON.stringify({ query: page }),
    });
    expect(asPlain.status).toBe(429);
    const statuses: Record<string, number> = {};
    for (const key of ['made-0', 'made-1', 'made-2', 'made-3', 'made-4'])
      statuses[key] = (await post(secret, { query: UPSERT, variables: { key, input } })).status;
    expect(statuses['made-4']).toBe(429);
    const { data } = await admin.send('{ workflows { nodes { key } } }');
    const keys = data.workflows.nodes.map(({ key }: { key: string }) => key);
    for (const [key, status] of Object.entries(statuses)) expect(keys.includes(key)).toBe(status === 200);
  });

  test('is refused over a WebSocket and in an event stream too', async () => {
    const { secret } = await makeToken({ costPerMinute: 51 }); // so nothing is left for a subscription, which costs 11
    const client = createWsClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${secret}` },
    });
    const first = await client.iterate({ query: page }).next();
    expect(first.value).toMatchObject({ extensions: { cost: { requestedQueryCost: 51 } } });
    const limited = { extensions: { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) } };
    await expect(client.iterate({ query: page }).next()).rejects.toMatchObject([limited]);
    await expect(
      client.iterate({ query: 'subscription { executionUpdates { id } }' }).next(),
    ).rejects.toMatchObject([limited]);
    await client.dispose();
    const stream = await makeCaller(url, secret).stream(page);
    expect(stream).toContain('"code":"RATE_LIMITED"');
    const other = makeCaller(url, (await makeToken({ costPerMinute: 60 })).secret);
    expect(await other.stream(page)).toContain('"cost":{"requestedQueryCost":51');
  });

  test('is refused for good where no minute allows it', async () => {
    const { secret } = await makeToken({ costPerMinute: 20 });
    const { status, body } = await post(secret, { query: page });
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'MAX_COST_EXCEEDED']);
  });

  test('of pages is taken from the token that has minted theirs, too', async () => {
    const { secret } = await makeToken({ costPerMinute: 100, scopes: ['RUN'] });
    const mint =
      'mutation ($input: TokenMintInput!) { tokenMint(input: $input) { secret userErrors { message } } }';
    const minted = await Promise.all(
      [20, 1_000].map(async (costPerMinute) => {
        const input = { workflowKey: 'waits', costPerMinute };
        const { body } = await post(secret, { query: mint, variables: { input } });
        return body.data.tokenMint.secret as string;
      }),
    );
    const list = '{ executions(first: 15) { nodes { id } } }'; // costs 16
    const [small, large] = [minted[0]!, minted[1]!];
    expect((await post(small, { query: list })).status).toBe(200);
    expect((await post(small, { query: list })).status).toBe(429);
    const { body } = await post(large, { query: list });
    expect(body.extensions.cost.throttleStatus.maximumAvailable).toBe(100);
    expect((await post(large, { query: longPage })).status).toBe(429);
    const who = await post(large, { query: '{ viewer { costPerMinute maxRunningExecutions } }' });
    expect(who.body.data.viewer).toEqual({ costPerMinute: 100, maxRunningExecutions: 50 });
  });

  test('the SDK waits as long as the server says, and goes on', async () => {
    const { secret } = await makeToken({ costPerMinute: 600 });
    /** When each request was sent; of a refused one also when its answer came, and how long to wait that said. */
    const sent: { at: number; refused: { at: number; seconds: number } | null }[] = [];
    const weft = createClient({
      url,
      token: secret,
      async fetch(input, init) {
        const at = performance.now();
        const response = await fetch(input, init);
        const seconds = Number(response.headers.get('retry-after'));
        sent.push({ at, refused: response.status === 429 ? { at: performance.now(), seconds } : null });
        return response;
      },
    });
    const list = '{ workflows(first: 100) { nodes { executions(first: 5) { nodes { id } } } } }';
    await expect(weft.request(list as never)).rejects.toMatchObject({ code: 'MAX_COST_EXCEEDED' });
    // The sixth where the machine is not slow: ten of the cost come back each second.
    while (sent.every(({ refused }) => refused === null))
      await weft.request('{ executions(first: 100) { nodes { id } } }' as never);
    const [{ refused }, again] = sent.slice(-2) as [(typeof sent)[number], (typeof sent)[number]];
    expect(refused!.seconds).toBeGreaterThanOrEqual(1);
    expect(again.at - refused!.at).toBeGreaterThan(refused!.seconds * 1_000 - 10); // timers may be early by a little
  });
});

describe('executions at once', () => {
  const start = (secret: string, input: object = {}, to = url) =>
    post(secret, { query: START, variables: { input: { workflowKey: 'waits', ...input } } }, to).then(
      ({ body }) => body.data.executionStart,
    );
  const code = ({ userErrors }: { userErrors: { code: string }[] }) => userErrors[0]?.code ?? null;
  const cancel = (id: string) => post(TOKEN, { query: CANCEL, variables: { id } });
  const ended = (id: string) =>
    eventually('the execution has ended', async () => {
      const text = 'SELECT FROM executions WHERE id = $1 AND finished_at IS NOT NULL';
      return (await sql.query(text, [id])).rowCount === 1;
    });

  test('are as many as the token says, however many replicas are asked at the same time', async () => {
    const { secret } = await makeToken({ maxRunningExecutions: 3 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => start(secret, {}, n % 2 === 0 ? url : otherUrl)),
    );
    const started = answers.filter(({ execution }) => execution !== null);
    expect(started).toHaveLength(3);
    expect(new Set(answers.filter(({ execution }) => execution === null).map(code))).toEqual(
      new Set(['RUNNING_LIMIT']),
    );
    const [first] = started;
    const retried = await post(secret, { query: RETRY, variables: { id: first.execution.id } });
    expect(code(retried.body.data.executionRetry)).not.toBeNull();
    await cancel(first.execution.id);
    await ended(first.execution.id);
    expect(code(await start(secret))).toBeNull();
    expect(code(await start(secret))).toBe('RUNNING_LIMIT');
  });

  test('a repeated key gives the execution of the first time, and a refused start takes no place', async () => {
    const { secret } = await makeToken({ maxRunningExecutions: 1 });
    expect(code(await start(secret, { workflowKey: 'none' }))).toBe('NOT_FOUND');
    expect(code(await start(secret, { priority: 99 }))).not.toBeNull();
    const first = await start(secret, { idempotencyKey: 'once' });
    expect(await start(secret, { idempotencyKey: 'once' }, otherUrl)).toEqual(first);
    expect(code(await start(secret, { idempotencyKey: 'twice' }))).toBe('RUNNING_LIMIT');
    const python = 'mutation { pythonRun(input: { code: "1" }) { execution { id } userErrors { code } } }';
    expect(code((await post(secret, { query: python })).body.data.pythonRun)).toBe('RUNNING_LIMIT');
    await cancel(first.execution.id);
    await ended(first.execution.id);
    expect((await post(secret, { query: python })).body.data.pythonRun.execution).not.toBeNull();
  });

  test('nothing limits the token of the setting, and nothing is written for it', async () => {
    const { data } = await admin.send(START, { input: { workflowKey: 'waits' } });
    const { id } = data.executionStart.execution;
    const { rows } = await sql.query('SELECT FROM running_starts WHERE execution_id = $1', [id]);
    expect(rows).toEqual([]);
  });
});

describe('a project', () => {
  const CREATE =
    'mutation ($input: ProjectCreateInput!) { projectCreate(input: $input) { project { key costPerMinute maxRunningExecutions } userErrors { field message } } }';
  const UPDATE =
    'mutation ($key: String!, $input: ProjectUpdateInput!) { projectUpdate(key: $key, input: $input) { project { costPerMinute maxRunningExecutions } userErrors { field } } }';
  const update = async (key: string, input: object) =>
    (await admin.send(UPDATE, { key, input })).data.projectUpdate;
  const viewer = '{ viewer { costPerMinute maxRunningExecutions } }';

  test('has a cost a minute that its tokens and whoever acts in it share; a change holds for what is open', async () => {
    const made = await admin.send(CREATE, { input: { key: 'costs', costPerMinute: 110 } });
    expect(made.data.projectCreate.project).toEqual({
      key: 'costs',
      costPerMinute: 110,
      maxRunningExecutions: null,
    });
    const [first, second] = await Promise.all([
      makeToken({ project: 'costs' }),
      makeToken({ project: 'costs', costPerMinute: 1_000 }),
    ]);
    expect((await post(first.secret, { query: page })).body.extensions.cost.throttleStatus).toMatchObject({
      maximumAvailable: 110,
      restoreRate: 110 / 60,
    });
    expect((await post(second.secret, { query: page })).status).toBe(200);
    for (const secret of [first.secret, second.secret])
      expect((await post(secret, { query: page })).status).toBe(429);
    expect((await post(TOKEN, { query: page }, url, 'costs')).status).toBe(429);
    expect((await post(TOKEN, { query: page })).status).toBe(200);

    const client = createWsClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${second.secret}` },
    });
    const look = async () =>
      ((await client.iterate({ query: viewer }).next()).value as { data: { viewer: unknown } }).data.viewer;
    expect(await look()).toEqual({ costPerMinute: 110, maxRunningExecutions: 50 });
    expect((await update('costs', { costPerMinute: null })).project.costPerMinute).toBeNull();
    await eventually(
      'the project has no limit any more',
      async () => ((await look()) as { costPerMinute: number }).costPerMinute === 1_000,
    );
    await client.dispose();
    expect((await post(first.secret, { query: page })).body.extensions).toBeUndefined();
  });

  test('has executions at once, counted over its tokens and all replicas, and its name in the refusal', async () => {
    await admin.send(CREATE, { input: { key: 'runs' } });
    const nodes = [{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }];
    const { secret } = await makeToken({ project: 'runs' });
    await post(secret, {
      query: UPSERT,
      variables: { key: 'waits', input: { name: 'Waits', nodes, edges: [] } },
    });
    const start = async (token: string, to = url) => {
      const body = { query: START, variables: { input: { workflowKey: 'waits' } } };
      return (await post(token, body, to, 'runs')).body.data.executionStart;
    };
    expect((await start(secret)).userErrors).toEqual([]); // before there was a limit: it does not count
    const { project } = await update('runs', { maxRunningExecutions: 2 });
    expect(project).toEqual({ costPerMinute: null, maxRunningExecutions: 2 });
    await eventually('both replicas know the limit', async () => {
      const answers = await Promise.all(
        [url, otherUrl].map((to) => post(secret, { query: viewer }, to, 'runs')),
      );
      return answers.every(({ body }) => body.data.viewer.maxRunningExecutions === 2);
    });
    const answers = await Promise.all(
      [secret, TOKEN, secret, TOKEN].map((token, n) => start(token, n < 2 ? url : otherUrl)),
    );
    const refused = answers.filter(({ execution }) => execution === null);
    expect(refused).toHaveLength(2);
    for (const { userErrors } of refused)
      expect(userErrors).toEqual([
        {
          code: 'RUNNING_LIMIT',
          message: expect.stringContaining('2 executions of the project runs have not'),
        },
      ]);
    expect((await admin.send('{ project(key: "runs") { maxRunningExecutions } }')).data.project).toEqual({
      maxRunningExecutions: 2,
    });
  });

  test('keeps enough to be changed, and what is not given stays', async () => {
    await admin.send(CREATE, { input: { key: 'small' } });
    for (const [field, value] of [
      ['costPerMinute', 59],
      ['maxRunningExecutions', 0],
    ] as const)
      expect(await update('small', { [field]: value })).toEqual({ project: null, userErrors: [{ field }] });
    await update('small', { costPerMinute: 60, maxRunningExecutions: 1 });
    expect((await update('small', { name: 'Small' })).project).toEqual({
      costPerMinute: 60,
      maxRunningExecutions: 1,
    });
    const change = { query: UPDATE, variables: { key: 'small', input: { costPerMinute: null } } };
    expect(
      (await post(TOKEN, change, url, 'small')).body.data.projectUpdate.project.costPerMinute,
    ).toBeNull();
  });
});

test.each([
  ['costPerMinute', 0],
  ['costPerMinute', 10_000_001],
  ['maxRunningExecutions', -1],
])('%s of %d is refused', async (field, value) => {
  const { data } = await admin.send(
    'mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { token { id } userErrors { field } } }',
    { input: { name: 'x', scopes: ['READ'], [field]: value } },
  );
  expect(data.tokenCreate).toEqual({ token: null, userErrors: [{ field }] });
});
