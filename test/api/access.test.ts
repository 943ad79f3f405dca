import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema as parseSchema } from 'graphql';
import WebSocket from 'ws';
import { permissions } from '../../server/graphql/permissions.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { operationsOf } from '../support/any-operation.ts';
import { type Caller, makeCaller } from '../support/api-caller.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { MARKER, makeTheirs, readsOf, type Theirs, upsert } from '../support/their-rows.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const TOKEN = 'the first administrator of these tests';
let weft: WeftClient;
let sql: Awaited<ReturnType<typeof connect>>;
let url: string;
/** Another replica. */
let otherUrl: string;
let admin: Caller;
const mine = { key: 'mine', id: '', executionId: '' };
let theirs: Theirs;

beforeAll(async () => {
  const databaseUrl = stack.use(await createDatabase()).url;
  const env = { WEFT_SECRETS_KEY: Buffer.alloc(32, 1).toString('base64'), WEFT_API_TOKEN: TOKEN };
  const server = stack.use(await startWeft({ databaseUrl, env }));
  const other = stack.use(await startWeft({ databaseUrl, env: { ...env, WEFT_ROLES: 'api' } }));
  [url, otherUrl] = [server.url, other.url];
  outputs.push(...[server, other].map((each) => () => each.stdout + each.stderr));
  sql = stack.use(await connect(databaseUrl));
  weft = stack.use(new WeftClient(url, TOKEN));
  admin = makeCaller(url, TOKEN);
  theirs = await makeTheirs(weft, admin);
  const nodes = [
    { key: 'in', type: 'input' },
    { key: 'out', type: 'output' },
  ];
  mine.id = await upsert(admin, mine.key, { name: 'Mine', nodes, edges: [{ source: 'in', target: 'out' }] });
  mine.executionId = await weft.start(mine.id, { of: 'me' });
  await weft.allEvents(mine.executionId);
});
afterAll(() => stack.disposeAsync());

const CREATE = `mutation ($input: TokenCreateInput!) {
  tokenCreate(input: $input) { secret token { id name scopes workflowKeys expiresAt lastUsedAt createdBy } userErrors { code field message } }
}`;

async function create(input: object): Promise<{ caller: Caller; id: string; secret: string }> {
  const { data, text } = await admin.send(CREATE, { input: { name: 'of a test', ...input } });
  const { token, secret } = data?.tokenCreate ?? {};
  if (!token) throw new Error(text);
  return { caller: makeCaller(url, secret), id: token.id, secret };
}

async function mint(by: Caller, input: object): Promise<{ caller: Caller; id: string; secret: string }> {
  const { data, text } = await by.send(
    'mutation ($input: TokenMintInput!) { tokenMint(input: $input) { secret token { id } userErrors { code field message } } }',
    { input },
  );
  const { token, secret } = data?.tokenMint ?? {};
  if (!token) throw new Error(text);
  return { caller: makeCaller(url, secret), id: token.id, secret };
}

const revoke = (id: string) =>
  admin.send('mutation ($id: ID!) { tokenRevoke(id: $id) { token { revokedAt } userErrors { code } } }', {
    id,
  });

describe('tokens', () => {
  test('a token is shown once and kept as a hash, and its last use is known', async () => {
    const { id, secret, caller } = await create({ name: 'nightly job', scopes: ['RUN'] });
    expect(secret).toMatch(/^weft_[\w-]{43}$/);
    await caller.send('{ viewer { id } }');
    const listed = await admin.send('{ tokens { nodes { id name scopes lastUsedAt createdBy kind } } }');
    const found = listed.data.tokens.nodes.find((token: { id: string }) => token.id === id);
    expect(found).toMatchObject({
      name: 'nightly job',
      scopes: ['RUN'],
      createdBy: 'api-token',
      kind: 'SERVICE',
    });
    expect(Date.now() - Date.parse(found.lastUsedAt)).toBeLessThan(600_000);
    expect(listed.text).not.toContain(secret.slice(5));
    const { rows } = await sql.query(
      `SELECT hash, to_jsonb(t)::text AS row FROM api_tokens t WHERE id = $1`,
      [id],
    );
    expect(rows[0].hash).toEqual(createHash('sha256').update(secret).digest());
    expect(rows[0].row).not.toContain(secret.slice(5));
  });

  test('a token says who it is and what it may do', async () => {
    const { caller, id } = await create({ name: 'ci', scopes: ['EDIT'], workflowKeys: ['mine'] });
    const { data } = await caller.send(
      '{ viewer { id name kind scopes workflowKeys executionId expiresAt } }',
    );
    expect(data.viewer).toEqual({
      ...{ id, name: 'ci', kind: 'SERVICE', scopes: ['READ', 'RUN', 'EDIT'] },
      ...{ workflowKeys: ['mine'], executionId: null, expiresAt: null },
    });
    const first = await admin.send('{ viewer { id kind scopes workflowKeys } }');
    expect(first.data.viewer).toEqual({
      ...{ id: 'api-token', kind: 'API_TOKEN', scopes: ['READ', 'RUN', 'EDIT', 'ADMIN'], workflowKeys: null },
    });
  });

  test.each([
    [{ name: ' ', scopes: ['READ'] }, 'name'],
    [{ name: 'x'.repeat(101), scopes: ['READ'] }, 'name'],
    [{ name: 'x', scopes: [] }, 'scopes'],
    [{ name: 'x', scopes: ['READ'], workflowKeys: [] }, 'workflowKeys'],
    [{ name: 'x', scopes: ['READ'], workflowKeys: ['No Key'] }, 'workflowKeys.0'],
    [{ name: 'x', scopes: ['ADMIN'], workflowKeys: ['mine'] }, 'workflowKeys'],
    [{ name: 'x', scopes: ['READ'], expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('%j is refused', async (input, field) => {
    const { data } = await admin.send(CREATE, { input });
    expect(data.tokenCreate).toMatchObject({ secret: null, token: null });
    expect(data.tokenCreate.userErrors[0]).toMatchObject({ code: 'INVALID', field });
  });

  test.each(['weft_', 'weft_wrong', `weft_${'A'.repeat(43)}`, 'wrong', ''])(
    'the token "%s" is refused',
    async (token) => {
      const { status, codes } = await makeCaller(url, token).send('{ viewer { id } }');
      expect([status, codes]).toEqual([401, ['UNAUTHENTICATED']]);
    },
  );

  test('an expired token is refused', async () => {
    const { caller, id } = await create({
      scopes: ['READ'],
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    expect((await caller.send('{ viewer { expiresAt } }')).status).toBe(200);
    await sql.query(`UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    await eventually(
      'the token is refused',
      async () => (await caller.send('{ viewer { id } }')).status === 401,
    );
  });

  test('a revoked token is refused, on each replica', async () => {
    const { caller, id, secret } = await create({ scopes: ['READ'] });
    const elsewhere = makeCaller(otherUrl, secret);
    for (const each of [caller, elsewhere]) expect((await each.send('{ viewer { id } }')).status).toBe(200);
    const { data } = await revoke(id);
    expect(data.tokenRevoke.token.revokedAt).not.toBeNull();
    expect((await caller.send('{ viewer { id } }')).status).toBe(401);
    await eventually(
      'the other replica refuses it',
      async () => (await elsewhere.send('{ viewer { id } }')).status === 401,
    );
    expect((await revoke('tok_unknown')).data.tokenRevoke.userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  test('the log has no token', async () => {
    const { secret, caller } = await create({ scopes: ['READ'] });
    await caller.send('{ viewer { id } }');
    await makeCaller(url, `${secret}x`).send('{ viewer { id } }');
    for (const server of stackOutput()) expect(server).not.toContain(secret.slice(5));
  });
});

const outputs: (() => string)[] = [];
const stackOutput = () => outputs.map((read) => read());

describe('permissions', () => {
  const LEVELS = ['READ', 'RUN', 'EDIT', 'ADMIN'];

  test('each operation is refused to a token with less than it needs, which is told what it needs', async () => {
    const schema = parseSchema(await readFile(join(projectRoot, 'schema/schema.graphql'), 'utf8'));
    const tokens = new Map<string, Caller>();
    for (const scope of LEVELS)
      tokens.set(scope, (await create({ scopes: [scope], allProjects: true })).caller);
    const ofProject = (await create({ scopes: ['ADMIN'] })).caller;
    const limited = (await create({ scopes: ['EDIT'], workflowKeys: ['mine'] })).caller;
    const page = (await mint(admin, { workflowKey: 'mine' })).caller;
    for (const { name, kind, text } of operationsOf(schema)) {
      const { scope, least } = permissions[name]!;
      const below = LEVELS[LEVELS.indexOf(scope) - 1];
      const refused = [
        ...(below === undefined ? [] : [tokens.get(below)!]),
        ...(least === 'ALL' || least === 'SERVER' ? [limited] : []),
        ...(least === 'SERVER' ? [ofProject] : []),
        ...(least === 'BROWSER' ? [] : [page]),
      ];
      for (const caller of refused) {
        const answer = kind === 'subscription' ? await caller.stream(text) : (await caller.send(text)).text;
        expect(`${name} ${answer}`).toContain('"code":"FORBIDDEN"');
        expect(answer).toContain(`"requiredScope":"${scope}"`);
      }
      // What changes nothing is tried with just enough as well.
      if (kind === 'query')
        expect(`${name} ${(await tokens.get(scope)!.send(text)).text}`).not.toContain('FORBIDDEN');
    }
  });

  test('files are uploaded with RUN, and read with READ', async () => {
    const reader = (await create({ scopes: ['READ'] })).caller;
    expect((await reader.upload('a.txt', 'a')).status).toBe(403);
    const runner = (await create({ scopes: ['RUN'] })).caller;
    const uploaded = await runner.upload('a.txt', 'a');
    expect(uploaded.status).toBe(201);
    const { url: path } = (await uploaded.json()) as { url: string };
    expect(await (await reader.get(path)).text()).toBe('a');
  });
});

describe('a token of another workflow', () => {
  let stranger: Caller;
  beforeAll(async () => {
    stranger = (await create({ scopes: ['EDIT'], workflowKeys: ['mine', 'mine-too'] })).caller;
  });

  test('reads nothing of it, by whatever way', async () => {
    for (const { query, variables } of readsOf(theirs)) {
      // A read that does not find it with all rights would prove nothing.
      expect(`${query} ${(await admin.send(query, variables)).text}`).toContain(MARKER);
      const { text, status } = await stranger.send(query, variables);
      expect(status).toBe(200);
      expect(`${query} ${text}`).not.toContain(MARKER);
    }
  });

  test('is not told whether there is a workflow of a key', async () => {
    const validate = async (workflow: string) => {
      const config = `{ workflow: "${workflow}" }`;
      const { data } = await stranger.send(
        `{ workflowValidate(input: { name: "x", nodes: [{ key: "s", type: "subworkflow", config: ${config} }], edges: [] }) { code field } }`,
      );
      return data.workflowValidate;
    };
    const refusal = [{ code: 'FORBIDDEN', field: 'nodes.0.config.workflow' }];
    expect(await validate('theirs')).toEqual(refusal);
    expect(await validate('nowhere')).toEqual(refusal);
    expect(await validate('mine')).not.toContainEqual(refusal[0]);
  });

  test('counts nothing of it, and has what is its own', async () => {
    const { data } = await stranger.send(
      '{ executionCount executions { nodes { id input workflow { key } } } workflows { nodes { key } } }',
    );
    expect(data.executionCount).toBe(data.executions.nodes.length);
    expect(data.executions.nodes).toContainEqual({
      id: mine.executionId,
      input: { of: 'me' },
      workflow: { key: 'mine' },
    });
    expect(data.workflows.nodes).toEqual([{ key: 'mine' }]);
  });

  test('follows nothing of it: over server-sent events, as lines, as a download', async () => {
    const events = 'subscription ($id: ID!) { executionEvents(executionId: $id) { events { __typename } } }';
    const { executionId, artifactId } = theirs;
    expect(await stranger.stream(events, { id: executionId })).toContain('NOT_FOUND');
    expect(await admin.stream(events, { id: executionId })).toContain('ExecutionQueued');
    for (const path of [`/executions/${executionId}/events`, `/artifacts/${artifactId}`]) {
      expect((await admin.get(path)).status).toBe(200);
      expect((await stranger.get(path)).status).toBe(404);
    }
    expect((await stranger.get(`/executions/${mine.executionId}/events`)).status).toBe(200);
  });

  test('is told of nothing of it while it happens', async () => {
    const heard: string[] = [];
    const subscriptions = [
      'subscription { executionUpdates { id workflow { key } input } }',
      'subscription { approvals { title } }',
      'subscription { securityViolationAdded { violation { rule } execution { input } } }',
    ].map((query) =>
      stranger.stream(query, {}, (text) => {
        heard.push(text);
        return text.includes('"key":"mine"') && text.includes('over');
      }),
    );
    const executions = subscriptions[0]!;
    await weft.allEvents(await weft.start(theirs.id, { of: MARKER }));
    const asked = await admin.send(
      'mutation { executionStart(input: { workflowKey: "theirs-asking" }) { execution { id } } }',
    );
    await weft.event(
      asked.data.executionStart.execution.id,
      ({ __typename }) => __typename === 'ExecutionWaiting',
    );
    // Streams open when they open: what is its own comes through, and then all before it would have.
    await eventually('its own execution is told of', async () => {
      await weft.allEvents(await weft.start(mine.id, 'over'));
      return heard.some((text) => text.includes('"key":"mine"'));
    });
    expect(heard.join()).not.toContain(MARKER);
    expect(heard.join()).not.toContain('"key":"theirs"');
    await executions;
  });

  test.each([
    ['executionCancel(id: $execution, mode: FORCE)', 'userErrors { code }'],
    ['executionRetry(id: $execution)', 'userErrors { code }'],
    ['executionResume(id: $waiting, action: RETRY)', 'userErrors { code }'],
    ['executionStart(input: { workflowId: $workflow })', 'userErrors { code }'],
    ['executionStart(input: { workflowKey: "theirs" })', 'userErrors { code }'],
    [
      'executionStart(input: { workflowKey: "mine", pinnedFrom: $execution, to: ["out"] })',
      'userErrors { code }',
    ],
    ['executionStart(input: { workflowKey: "mine", input: $file })', 'userErrors { code }'],
    ['workflowDelete(id: $workflow)', 'userErrors { code }'],
    ['workflowRename(id: $workflow, key: "mine-too")', 'userErrors { code }'],
    ['workflowRename(id: $mine, key: "elsewhere")', 'userErrors { code }'],
    ['workflowCreate(input: { name: "x", nodes: [], edges: [] })', 'userErrors { code }'],
    ['workflowUpsert(key: "theirs", input: { name: "x", nodes: [], edges: [] })', 'userErrors { code }'],
    [
      'workflowUpsert(key: "mine-too", input: { name: "x", nodes: [{ key: "s", type: "subworkflow", config: { workflow: "theirs" } }], edges: [] })',
      'userErrors { code }',
    ],
    [
      'workflowUpdate(id: $mine, input: { name: "x", nodes: [{ key: "s", type: "subworkflow", config: { workflow: "{{ input.name }}" } }], edges: [] })',
      'userErrors { code }',
    ],
    ['workflowUpdate(id: $workflow, input: { name: "x", nodes: [], edges: [] })', 'userErrors { code }'],
    ['scheduleCreate(input: { workflowKey: "theirs", intervalMs: 60000 })', 'userErrors { code }'],
    ['schedulePause(id: $schedule)', 'userErrors { code }'],
    ['scheduleTrigger(id: $schedule)', 'userErrors { code }'],
    ['scheduleDelete(id: $schedule)', 'userErrors { code }'],
    ['webhookCreate(input: { workflowKey: "theirs" })', 'userErrors { code }'],
    ['webhookUpdate(id: $webhook, input: { isEnabled: false })', 'userErrors { code }'],
    ['webhookRotateSecret(id: $webhook)', 'userErrors { code }'],
    ['webhookReplay(id: $webhook, requestId: "whr_1")', 'userErrors { code }'],
    ['webhookDelete(id: $webhook)', 'userErrors { code }'],
    ['approvalResolve(input: { id: $approval, decision: APPROVE })', 'userErrors { code }'],
    ['tokenMint(input: { executionId: $execution })', 'userErrors { code }'],
    ['tokenMint(input: { workflowKey: "theirs" })', 'userErrors { code }'],
  ])('changes nothing of it: %s', async (field, selection) => {
    const all = {
      workflow: 'ID',
      mine: 'ID',
      execution: 'ID',
      waiting: 'ID',
      schedule: 'ID',
      webhook: 'ID',
      approval: 'ID',
      file: 'JSON',
    };
    const used = Object.entries(all).filter(([name]) => field.includes(`$${name}`));
    const declared =
      used.length === 0 ? '' : `(${used.map(([name, type]) => `$${name}: ${type}!`).join(', ')})`;
    const { data, text } = await stranger.send(`mutation ${declared} { done: ${field} { ${selection} } }`, {
      ...{ workflow: theirs.id, mine: mine.id, execution: theirs.executionId, waiting: theirs.waitingId },
      ...{
        schedule: theirs.scheduleId,
        webhook: theirs.webhookId,
        approval: theirs.approvalId,
        file: { $file: theirs.artifactId },
      },
    });
    if (data === null) throw new Error(text);
    expect(['NOT_FOUND', 'FORBIDDEN', 'FILE_NOT_FOUND']).toContain(data.done.userErrors[0]?.code);
  });

  test('cancels and retries all of a filter only within its own', async () => {
    const { data } = await stranger.send(
      'mutation { executionsRetry(filter: { statuses: [SUCCEEDED, FAILED] }, dryRun: true) { matched } executionsCancel(filter: {}, mode: FORCE) { matched changed } }',
    );
    const own = await sql.query(
      'SELECT count(*)::int AS n FROM executions WHERE workflow_id = $1 AND finished_at IS NOT NULL',
      [mine.id],
    );
    expect(data.executionsRetry.matched).toBe(own.rows[0].n);
    const { rows } = await sql.query('SELECT status FROM executions WHERE id = $1', [theirs.waitingId]);
    expect(rows).toEqual([{ status: 'WAITING' }]);
  });

  test('makes the workflow of a key of its own, runs it, and its executions name the token', async () => {
    const { caller, id } = await create({ scopes: ['EDIT'], workflowKeys: ['mine-new'] });
    await upsert(caller, 'mine-new', { name: 'New', nodes: [{ key: 'out', type: 'output' }], edges: [] });
    const { data } = await caller.send(
      'mutation { executionStart(input: { workflowKey: "mine-new" }) { execution { id workflow { key } } } }',
    );
    expect(data.executionStart.execution.workflow).toEqual({ key: 'mine-new' });
    const { rows } = await sql.query('SELECT principal FROM executions WHERE id = $1', [
      data.executionStart.execution.id,
    ]);
    expect(rows).toEqual([{ principal: id }]);
  });
});

describe('a token of labels', () => {
  const start = (caller: Caller, input: object) =>
    caller.send(
      'mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id labels } userErrors { code field } } }',
      { input: { workflowKey: 'mine', ...input } },
    );

  test('sees the executions that have them, and what it starts has them', async () => {
    const { caller, secret } = await create({ scopes: ['RUN'], labels: { customer: '42' } });
    const before = await start(admin, { labels: { customer: '42', order: '1' } });
    const other = await start(admin, { labels: { customer: '43' } });
    const own = await start(caller, { labels: { customer: '43', order: '2' } });
    expect(own.data.executionStart.execution.labels).toEqual({ customer: '42', order: '2' });
    const ids = [own, before].map(({ data }) => data.executionStart.execution.id);
    for (const id of ids) await weft.allEvents(id);
    const { data } = await caller.send(
      'query ($other: ID!) { executionCount executions { nodes { id workflow { key } } } none: executions(filter: { labels: { customer: "43" } }) { nodes { id } } execution(id: $other) { id } workflows { nodes { id } } viewer { labels } }',
      { other: other.data.executionStart.execution.id },
    );
    expect(data).toEqual({
      executionCount: 2,
      executions: { nodes: ids.map((id) => ({ id, workflow: null })) },
      ...{ none: { nodes: [] }, execution: null, workflows: { nodes: [] } },
      viewer: { labels: { customer: '42' } },
    });
    for (const { query, variables } of readsOf(theirs))
      expect((await caller.send(query, variables)).text).not.toContain(MARKER);
    const page = await mint(makeCaller(url, secret), { workflowKey: 'mine' });
    const started = await start(page.caller, {});
    expect(started.data.executionStart.execution.labels).toEqual({ customer: '42' });
  });

  test.each([
    [{ scopes: ['EDIT'], labels: { customer: '42' } }, 'labels'],
    [{ scopes: ['READ'], labels: {} }, 'labels'],
    [{ scopes: ['READ'], labels: { 'a b': 'c' } }, 'labels'],
    [
      {
        scopes: ['READ'],
        labels: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`l${n}`, ''])),
      },
      'labels',
    ],
  ])('is not made of %#', async (input, field) => {
    const { data } = await admin.send(CREATE, { input: { name: 'x', ...input } });
    expect(data.tokenCreate.secret).toBeNull();
    expect(data.tokenCreate.userErrors[0].field).toBe(field);
  });
});

describe('a revoked token ends what it has open', () => {
  const ENDLESS = 'import time\nwhile True: time.sleep(0.01)';
  const EVENTS = 'subscription ($id: ID!) { executionEvents(executionId: $id) { events { __typename } } }';

  test('over WebSockets, server-sent events and lines, on another replica', async () => {
    const id = await weft.runPython(ENDLESS, { timeoutMs: 300_000 });
    const { id: tokenId, secret } = await create({ scopes: ['READ'] });
    const elsewhere = makeCaller(otherUrl, secret);
    const socket = new WebSocket(otherUrl.replace('http', 'ws'), 'graphql-transport-ws');
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${secret}` } }));
    await once(socket, 'message');
    socket.send(
      JSON.stringify({ id: '1', type: 'subscribe', payload: { query: EVENTS, variables: { id } } }),
    );
    const opened = Promise.withResolvers<void>();
    const stream = elsewhere.stream(EVENTS, { id }, (text) => {
      if (text.includes('NodeStarted')) opened.resolve();
      return false;
    });
    const lines = await elsewhere.get(`/executions/${id}/events?follow=true`);
    await Promise.all([
      opened.promise,
      eventually('the socket has events', () => messages.join().includes('NodeStarted')),
    ]);
    await revoke(tokenId);
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4401, 'Unauthorized: the token was revoked, or has expired']);
    expect(await stream).toContain('UNAUTHENTICATED');
    expect(await lines.text()).not.toContain('ExecutionCanceled');
    await weft.cancel(id, 'FORCE');
  });
});

describe('a minted token', () => {
  const COUNT = `subscription ($id: ID!) { executionEvents(executionId: $id) { events { __typename } } }`;

  test('watches one execution, and nothing else', async () => {
    const backend = (await create({ scopes: ['RUN'], workflowKeys: ['mine'] })).caller;
    const { caller } = await mint(backend, { executionId: mine.executionId, name: 'page of Ada' });
    const { data } = await caller.send(
      'query ($id: ID!) { viewer { kind scopes executionId name } execution(id: $id) { status output workflow { name } version { number } } executions { nodes { id } } }',
      { id: mine.executionId },
    );
    expect(data.viewer).toEqual({
      kind: 'BROWSER',
      scopes: ['READ'],
      executionId: mine.executionId,
      name: 'page of Ada',
    });
    // No definition, which has the code of its nodes.
    expect(data.execution).toEqual({
      status: 'SUCCEEDED',
      output: { of: 'me' },
      workflow: null,
      version: null,
    });
    expect(data.executions.nodes).toEqual([{ id: mine.executionId }]);
    expect(await caller.stream(COUNT, { id: mine.executionId })).toContain('ExecutionSucceeded');
    expect(await caller.stream(COUNT, { id: theirs.executionId })).toContain('NOT_FOUND');
    for (const { query, variables } of readsOf(theirs))
      expect((await caller.send(query, variables)).text).not.toContain(MARKER);
    const start = await caller.send(
      'mutation { executionStart(input: { workflowKey: "mine" }) { execution { id } } }',
    );
    expect(start.codes).toEqual(['FORBIDDEN']);
  });

  test('runs one workflow as it is, and sees what it has started itself', async () => {
    const [ada, bob] = [
      await mint(admin, { workflowKey: 'mine' }),
      await mint(admin, { workflowKey: 'mine' }),
    ];
    const start = (caller: Caller, input: object) =>
      caller.send(
        'mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id } userErrors { code field } } }',
        { input: { workflowKey: 'mine', ...input } },
      );
    const file = (await (await ada.caller.upload('a.txt', 'of Ada')).json()) as { id: string };
    const started = await start(ada.caller, { input: { file: { $file: file.id } }, idempotencyKey: 'once' });
    const { id } = started.data.executionStart.execution;
    await weft.allEvents(id);
    const list = '{ executions { nodes { id } } }';
    expect((await ada.caller.send(list)).data.executions.nodes).toEqual([{ id }]);
    expect(await (await ada.caller.get(`/artifacts/${file.id}`)).text()).toBe('of Ada');
    expect((await bob.caller.send(list)).data.executions.nodes).toEqual([]);
    expect((await bob.caller.get(`/artifacts/${file.id}`)).status).toBe(404);
    const refused = [
      await start(bob.caller, { input: { file: { $file: file.id } } }),
      await start(bob.caller, { workflowKey: 'theirs' }),
      await start(bob.caller, { versionNumber: 1 }),
      await start(bob.caller, { to: ['in'] }),
    ];
    expect(refused.map(({ data }) => data.executionStart.userErrors[0].code)).toEqual([
      'FILE_NOT_FOUND',
      'NOT_FOUND',
      'FORBIDDEN',
      'FORBIDDEN',
    ]);
    const same = await start(bob.caller, { input: { of: 'Bob' }, idempotencyKey: 'twice' });
    expect(same.data.executionStart.userErrors).toEqual([]);
    const taken = await start(ada.caller, { input: { of: 'Bob' }, idempotencyKey: 'twice' });
    expect(taken.data.executionStart).toMatchObject({ execution: null, userErrors: [{ code: 'FORBIDDEN' }] });
  });

  test('goes into no execution of another page, where the workflow debounces its starts', async () => {
    await upsert(admin, 'debounced', {
      name: 'Debounced',
      nodes: [{ key: 'in', type: 'input' }],
      edges: [],
      debounce: { waitMs: 60_000 },
    });
    const start = async ({ caller }: { caller: Caller }, input: string) => {
      const { data } = await caller.send(
        'mutation ($input: JSON) { executionStart(input: { workflowKey: "debounced", input: $input }) { execution { id input } userErrors { code } } }',
        { input },
      );
      return data.executionStart.execution as { id: string; input: string };
    };
    const [ada, bob] = [
      await mint(admin, { workflowKey: 'debounced' }),
      await mint(admin, { workflowKey: 'debounced' }),
    ];
    const first = await start(ada, 'a');
    const hers = await start(ada, 'b');
    const his = await start(bob, 'c');
    expect(hers.id).toBe(first.id);
    expect(his.id).not.toBe(first.id);
    const { data } = await ada.caller.send('query ($id: ID!) { execution(id: $id) { input } }', {
      id: first.id,
    });
    expect(data.execution.input).toBe('b');
    for (const { id } of [first, his]) await weft.cancel(id, 'FORCE');
  });

  test('ends with the token that minted it, and no later', async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const backend = await create({ scopes: ['RUN'], expiresAt });
    const { caller } = await mint(backend.caller, { executionId: mine.executionId, ttlSeconds: 3600 });
    expect((await caller.send('{ viewer { expiresAt } }')).data.viewer.expiresAt).toBe(expiresAt);
    await revoke(backend.id);
    expect((await caller.send('{ viewer { id } }')).status).toBe(401);
  });

  test.each([
    [{}, 'executionId'],
    [{ executionId: 'exec_x', workflowKey: 'mine' }, 'executionId'],
    [{ executionId: 'exec_x' }, 'executionId'],
    [{ workflowKey: 'nowhere' }, 'workflowKey'],
    [{ workflowKey: 'mine', ttlSeconds: 9 }, 'ttlSeconds'],
    [{ workflowKey: 'mine', ttlSeconds: 86_401 }, 'ttlSeconds'],
    [{ workflowKey: 'mine', name: '' }, 'name'],
  ])('is not made of %j', async (input, field) => {
    const { data } = await admin.send(
      'mutation ($input: TokenMintInput!) { tokenMint(input: $input) { secret userErrors { field } } }',
      { input },
    );
    expect(data.tokenMint).toEqual({ secret: null, userErrors: [{ field }] });
  });
});

describe('the audit trail', () => {
  const LOG = `query ($filter: AuditFilter) { auditLog(filter: $filter, first: 100) { nodes {
    id occurredAt principal principalName operation target outcome code input before after address forwardedFor
  } } }`;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects to be there, it looks at
  const read = async (filter: object): Promise<any[]> =>
    (await admin.send(LOG, { filter })).data.auditLog.nodes;

  test('who changed a workflow, when, from where, and what it was before and after', async () => {
    const { caller, id } = await create({ name: 'of an author', scopes: ['EDIT'] });
    const CODE = 'print("a secret recipe")';
    const node = { key: 'py', type: 'python', config: { code: CODE } };
    const workflowId = await upsert(caller, 'audited', { name: 'Audited', nodes: [node], edges: [] });
    await upsert(caller, 'audited', { name: 'Audited', nodes: [{ ...node, key: 'other' }], edges: [] });
    const rename =
      'mutation ($id: ID!, $key: String!) { workflowRename(id: $id, key: $key) { userErrors { code } } }';
    await caller.send(rename, { id: workflowId, key: 'audited-later' });
    await caller.send(rename, { id: workflowId, key: 'No Key' });
    await caller.send('mutation ($id: ID!) { workflowDelete(id: $id) { userErrors { code } } }', {
      id: workflowId,
    });
    const lines = await read({ target: workflowId });
    expect(lines.map(({ operation, outcome, code }) => [operation, outcome, code])).toEqual([
      ['workflowDelete', 'DONE', null],
      ['workflowRename', 'REFUSED', 'INVALID'],
      ['workflowRename', 'DONE', null],
      ['workflowUpsert', 'DONE', null],
      ['workflowUpsert', 'DONE', null],
    ]);
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    const at = (version: number, key = 'audited') => ({ key, name: 'Audited', version, nodes: 1, sha256 });
    expect(lines.map(({ before, after }) => [before, after])).toEqual([
      [at(2, 'audited-later'), null],
      [at(2, 'audited-later'), null],
      [at(2), at(2, 'audited-later')],
      [at(1), at(2)],
      [null, at(1)],
    ]);
    expect(lines[3].before.sha256).not.toBe(lines[3].after.sha256);
    for (const line of lines)
      expect(line).toMatchObject({ principal: id, principalName: 'of an author', address: '127.0.0.1' });
    expect(lines[4].input).toMatchObject({ key: 'audited', name: 'Audited', nodes: { sha256 } });
    expect(JSON.stringify(lines)).not.toContain('secret recipe');
  });

  test('what is refused to somebody, and what is made of tokens, without their secrets', async () => {
    const reader = await create({ name: 'of a reader', scopes: ['READ'] });
    await reader.caller.send(
      'mutation { executionStart(input: { workflowKey: "mine" }) { execution { id } } }',
    );
    const [refused] = await read({ principal: reader.id });
    expect(refused).toMatchObject({ operation: 'executionStart', outcome: 'FORBIDDEN', code: 'FORBIDDEN' });
    await revoke(reader.id);
    const made = await read({ target: reader.id });
    expect(made.map(({ operation }) => operation)).toEqual(['tokenRevoke', 'tokenCreate']);
    expect(made[0]).toMatchObject({ before: { revokedAt: null }, after: { name: 'of a reader' } });
    expect(JSON.stringify(await read({}))).not.toContain(reader.secret.slice(5));
  });

  test('starts, uploads and what is sent over a WebSocket, each once, without values', async () => {
    const { caller, id, secret } = await create({ scopes: ['RUN'] });
    const MUTATION =
      'mutation ($input: JSON) { executionStart(input: { workflowKey: "mine", input: $input }) { execution { id } } }';
    await caller.send(MUTATION, { input: { name: 'Ada Lovelace' } });
    await caller.upload('report.txt', 'of Ada');
    await using socket = new WeftClient(url, secret);
    for await (const { data } of socket.subscribe(MUTATION, { input: null })) expect(data).toBeTruthy();
    const lines = await read({ principal: id });
    expect(lines.map(({ operation, target }) => [operation, target.split('_')[0]])).toEqual([
      ['executionStart', 'exec'],
      ['POST /files', 'art'],
      ['executionStart', 'exec'],
    ]);
    expect(lines[2].after).toMatchObject({ workflowId: mine.id, version: 1 });
    expect(lines[0].address).toMatch(/127\.0\.0\.1$/);
    expect(JSON.stringify(lines)).not.toContain('Lovelace');
  });

  test('is found by operation, outcome and time, page by page, and by nobody but administrators', async () => {
    const all = await read({ operation: 'tokenMint', outcome: 'REFUSED' });
    expect(all.length).toBeGreaterThan(0);
    expect(new Set(all.map(({ operation, outcome }) => `${operation} ${outcome}`))).toEqual(
      new Set(['tokenMint REFUSED']),
    );
    expect(await read({ occurredFrom: '2100-01-01T00:00:00Z' })).toEqual([]);
    expect(await read({ occurredBefore: '2000-01-01T00:00:00Z' })).toEqual([]);
    const pages =
      'query ($after: String) { auditLog(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } }';
    const first = (await admin.send(pages)).data.auditLog;
    const second = (await admin.send(pages, { after: first.pageInfo.endCursor })).data.auditLog;
    const ids = [...first.nodes, ...second.nodes].map(({ id }: { id: string }) => id);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    const editor = (await create({ scopes: ['EDIT'] })).caller;
    expect((await editor.send('{ auditLog { nodes { id } } }')).codes).toEqual(['FORBIDDEN']);
  });

  test.each(['UPDATE audit_log SET principal = $$x$$', 'DELETE FROM audit_log', 'TRUNCATE audit_log'])(
    'cannot be changed: %s',
    async (statement) => {
      await expect(sql.query(statement)).rejects.toThrow('append-only');
    },
  );

  test('a thousand starts at once have a thousand lines', async () => {
    const { caller, id } = await create({ scopes: ['RUN'] });
    const start = 'mutation { executionStart(input: { workflowKey: "mine" }) { execution { id } } }';
    const fields = Array.from({ length: 20 }, (_, n) =>
      start.slice(11, -2).replace('executionStart', `a${n}: executionStart`),
    );
    const many = `mutation { ${fields.join(' ')} }`;
    const answers = await Promise.all(Array.from({ length: 50 }, () => caller.send(many)));
    expect(answers.flatMap(({ codes }) => codes)).toEqual([]);
    const { rows } = await sql.query(
      'SELECT count(*)::int AS lines, count(DISTINCT target)::int AS targets FROM audit_log WHERE principal = $1',
      [id],
    );
    expect(rows).toEqual([{ lines: 1_000, targets: 1_000 }]);
  });
});

test('a server that wants no token meets everybody as an administrator, and its own tokens as what they are', async () => {
  await using database = await createDatabase();
  await using server = await startWeft({ databaseUrl: database.url, env: { WEFT_ROLES: 'api' } });
  const viewer = '{ viewer { id kind scopes } }';
  const anyone = makeCaller(server.url);
  const all = { id: 'anonymous', kind: 'ANONYMOUS', scopes: ['READ', 'RUN', 'EDIT', 'ADMIN'] };
  for (const caller of [anyone, makeCaller(server.url, 'whatever')])
    expect((await caller.send(viewer)).data.viewer).toEqual(all);
  const { data } = await anyone.send(CREATE, { input: { name: 'tried out', scopes: ['READ'] } });
  const { secret, token } = data.tokenCreate;
  const caller = makeCaller(server.url, secret);
  expect((await caller.send(viewer)).data.viewer).toEqual({
    id: token.id,
    kind: 'SERVICE',
    scopes: ['READ'],
  });
  expect((await makeCaller(server.url, `${secret}x`).send(viewer)).status).toBe(401);
});
