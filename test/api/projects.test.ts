import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema as parseSchema } from 'graphql';
import WebSocket from 'ws';
import { forEachAtOnce } from '../../server/shared/for-each-at-once.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { type AnyOperation, reachingOperationsOf } from '../support/any-operation.ts';
import { type Caller, makeCaller } from '../support/api-caller.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { MARKER, makeTheirs, readsOf, type Theirs, upsert } from '../support/their-rows.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const TOKEN = 'the first administrator of these tests';
let sql: Awaited<ReturnType<typeof connect>>;
let url: string;
/** Of all projects, acting in `default`, where all of theirs is, and in `acme`. */
let admin: Caller;
let adminOfAcme: Caller;
/** An administrator of `acme` alone, and so a stranger to `default`. */
let stranger: Caller;
let weft: WeftClient;
let weftOfStranger: WeftClient;
let theirs: Theirs;

beforeAll(async () => {
  const databaseUrl = stack.use(await createDatabase()).url;
  url = stack.use(
    await startWeft({
      databaseUrl,
      env: {
        WEFT_SECRETS_KEY: Buffer.alloc(32, 1).toString('base64'),
        WEFT_API_TOKEN: TOKEN,
        WEFT_METRICS: 'true',
      },
    }),
  ).url;
  sql = stack.use(await connect(databaseUrl));
  weft = stack.use(new WeftClient(url, TOKEN));
  admin = makeCaller(url, TOKEN);
  adminOfAcme = makeCaller(url, TOKEN, 'acme');
  theirs = await makeTheirs(weft, admin);
  await createProject('acme');
  const secret = await createToken(adminOfAcme, { scopes: ['ADMIN'] });
  stranger = makeCaller(url, secret);
  weftOfStranger = stack.use(new WeftClient(url, secret));
});
afterAll(() => stack.disposeAsync());

async function createProject(key: string, by = admin) {
  const { data, text } = await by.send(
    'mutation ($input: ProjectCreateInput!) { projectCreate(input: $input) { project { key name } userErrors { code field } } }',
    { input: { key } },
  );
  if (data === null) throw new Error(text);
  return data.projectCreate;
}

const deleteProject = async (key: string) =>
  (
    await admin.send(
      'mutation ($key: String!) { projectDelete(key: $key) { deletedKey userErrors { code message } } }',
      { key },
    )
  ).data.projectDelete;

const CREATE_TOKEN = `mutation ($input: TokenCreateInput!) {
  tokenCreate(input: $input) { secret token { id project } userErrors { code field } }
}`;

async function createToken(by: Caller, input: object): Promise<string> {
  const { data, text } = await by.send(CREATE_TOKEN, { input: { name: 'of a test', ...input } });
  if (!data?.tokenCreate.secret) throw new Error(text);
  return data.tokenCreate.secret;
}

const OUT = { nodes: [{ key: 'out', type: 'output' }], edges: [] };
const START = `mutation ($input: ExecutionStartInput!) {
  executionStart(input: $input) { execution { id project input workflow { id } } userErrors { code field message } }
}`;

describe('a request acts in one project', () => {
  const acting = async (caller: Caller) => (await caller.send('{ viewer { project projects } }')).data.viewer;

  test('in that of its token, in the one that it names, or in `default`', async () => {
    expect(await acting(admin)).toEqual({ project: 'default', projects: null });
    expect(await acting(adminOfAcme)).toEqual({ project: 'acme', projects: null });
    expect(await acting(stranger)).toEqual({ project: 'acme', projects: ['acme'] });
    expect(await acting(makeCaller(url, stranger.token, 'acme'))).toMatchObject({ project: 'acme' });
    const ofAll = await createToken(admin, { scopes: ['READ'], allProjects: true });
    expect(await acting(makeCaller(url, ofAll, 'acme'))).toEqual({ project: 'acme', projects: null });
  });

  test.each(['default', 'nowhere', ''])(
    'a token of a project that names "%s" is refused',
    async (project) => {
      const { status, codes, text } = await makeCaller(url, stranger.token, project).send(
        '{ viewer { id } }',
      );
      expect([status, codes]).toEqual([403, ['FORBIDDEN']]);
      expect(text).toContain('acme');
    },
  );

  test('a project that does not exist is refused, over whatever transport', async () => {
    const nowhere = makeCaller(url, TOKEN, 'nowhere');
    const { status, codes, text } = await nowhere.send('{ viewer { id } }');
    expect([status, codes]).toEqual([400, ['UNKNOWN_PROJECT']]);
    expect(text).toContain('There is no project nowhere');
    expect(await nowhere.stream('subscription { executionUpdates { id } }')).toContain('UNKNOWN_PROJECT');
    expect((await nowhere.get(`/artifacts/${theirs.artifactId}`)).status).toBe(400);
    const [code, reason] = await socketOf({ authorization: `Bearer ${TOKEN}`, project: 'nowhere' });
    expect([code, String(reason)]).toEqual([4400, expect.stringContaining('There is no project nowhere')]);
  });

  test('a WebSocket names it in the connection params', async () => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    await once(socket, 'open');
    const payload = { authorization: `Bearer ${TOKEN}`, project: 'acme' };
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    await once(socket, 'message');
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ viewer { project } }' } }));
    expect(String((await once(socket, 'message'))[0])).toContain('"project":"acme"');
    socket.close();
  });

  async function socketOf(payload: object) {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    return closed;
  }
});

describe('projects', () => {
  test('are made, listed, renamed and deleted by administrators of all of them', async () => {
    expect(await createProject('shop')).toEqual({ project: { key: 'shop', name: 'shop' }, userErrors: [] });
    const { data } = await admin.send(
      'mutation { projectUpdate(key: "shop", input: { name: "The shop" }) { project { key name } } }',
    );
    expect(data.projectUpdate.project).toEqual({ key: 'shop', name: 'The shop' });
    const listed = await admin.send(
      '{ projects { nodes { key name } } first: projects(first: 1) { nodes { key } pageInfo { hasNextPage } } }',
    );
    expect(listed.data.projects.nodes).toEqual([
      { key: 'acme', name: 'acme' },
      { key: 'default', name: 'Default' },
      { key: 'shop', name: 'The shop' },
    ]);
    expect(listed.data.first).toEqual({ nodes: [{ key: 'acme' }], pageInfo: { hasNextPage: true } });
    expect(await deleteProject('shop')).toEqual({ deletedKey: 'shop', userErrors: [] });
    const { rows } = await sql.query("SELECT operation FROM audit_log WHERE target = 'shop' ORDER BY id");
    expect(rows.map(({ operation }) => operation)).toEqual([
      'projectCreate',
      'projectUpdate',
      'projectDelete',
    ]);
  });

  test.each([
    ['No Key', 'INVALID'],
    ['', 'INVALID'],
    ['acme', 'KEY_TAKEN'],
    ['default', 'KEY_TAKEN'],
  ])('"%s" is refused with %s', async (key, code) => {
    expect(await createProject(key)).toEqual({ project: null, userErrors: [{ code, field: 'key' }] });
  });

  test('are seen by a token of one of them as far as it is', async () => {
    const { data } = await stranger.send(
      '{ projects { nodes { key } } other: project(key: "default") { key } own: project(key: "acme") { key } }',
    );
    expect(data).toEqual({ projects: { nodes: [{ key: 'acme' }] }, other: null, own: { key: 'acme' } });
    for (const mutation of [
      'projectCreate(input: { key: "mine" })',
      'projectUpdate(key: "acme", input: { name: "x" })',
      'projectDelete(key: "acme")',
    ]) {
      const { codes } = await stranger.send(`mutation { ${mutation} { userErrors { code } } }`);
      expect(codes).toEqual(['FORBIDDEN']);
    }
  });

  test('are deleted when they are empty, and say what they have', async () => {
    await createProject('closing');
    const caller = makeCaller(url, TOKEN, 'closing');
    const token = await caller.send(CREATE_TOKEN, { input: { name: 'x', scopes: ['READ'] } });
    const id = await upsert(caller, 'last', { name: 'Last', ...OUT });
    const refused = await deleteProject('closing');
    expect(refused).toMatchObject({ deletedKey: null, userErrors: [{ code: 'NOT_EMPTY' }] });
    expect(refused.userErrors[0].message).toContain('closing has workflows and tokens');
    await caller.send('mutation ($id: ID!) { workflowDelete(id: $id) { userErrors { code } } }', { id });
    await caller.send('mutation ($id: ID!) { tokenRevoke(id: $id) { userErrors { code } } }', {
      id: token.data.tokenCreate.token.id,
    });
    expect(await deleteProject('closing')).toEqual({ deletedKey: 'closing', userErrors: [] });
    expect((await deleteProject('closing')).userErrors[0].code).toBe('NOT_FOUND');
    expect((await deleteProject('default')).userErrors[0].code).toBe('FORBIDDEN');
  });
});

describe('a token', () => {
  test('is of the project in which it is made, of a named one, or of all', async () => {
    const project = async (by: Caller, input: object) => {
      const { data } = await by.send(CREATE_TOKEN, { input: { name: 'x', scopes: ['READ'], ...input } });
      return data.tokenCreate.token?.project ?? data.tokenCreate.userErrors[0] ?? null;
    };
    expect(await project(admin, {})).toBe('default');
    expect(await project(adminOfAcme, {})).toBe('acme');
    expect(await project(admin, { project: 'acme' })).toBe('acme');
    expect(await project(admin, { allProjects: true })).toBeNull();
    expect(await project(stranger, {})).toBe('acme');
    expect(await project(stranger, { project: 'acme' })).toBe('acme');
    expect(await project(stranger, { project: 'default' })).toEqual({ code: 'FORBIDDEN', field: 'project' });
    expect(await project(stranger, { allProjects: true })).toEqual({
      code: 'FORBIDDEN',
      field: 'allProjects',
    });
    expect(await project(admin, { project: 'nowhere' })).toEqual({ code: 'NOT_FOUND', field: 'project' });
    expect(await project(admin, { project: 'acme', allProjects: true })).toEqual({
      code: 'INVALID',
      field: 'project',
    });
  });

  test('of others is neither listed nor revoked', async () => {
    const own = await stranger.send('{ tokens { nodes { project } } }');
    expect(new Set(own.data.tokens.nodes.map((token: { project: string }) => token.project))).toEqual(
      new Set(['acme']),
    );
    for (const input of [{}, { allProjects: true }]) {
      const made = await admin.send(CREATE_TOKEN, { input: { name: 'x', scopes: ['READ'], ...input } });
      const { id } = made.data.tokenCreate.token;
      const { data } = await stranger.send(
        'mutation ($id: ID!) { tokenRevoke(id: $id) { userErrors { code } } }',
        { id },
      );
      expect(data.tokenRevoke.userErrors).toEqual([{ code: 'NOT_FOUND' }]);
    }
  });

  test('that is minted stays in the project', async () => {
    await upsert(adminOfAcme, 'to-run', { name: 'To run', ...OUT });
    const mint = (by: Caller) =>
      by.send(
        'mutation { tokenMint(input: { workflowKey: "to-run" }) { secret token { project } userErrors { code } } }',
      );
    const { secret, token } = (await mint(adminOfAcme)).data.tokenMint;
    expect(token.project).toBe('acme');
    const page = makeCaller(url, secret);
    const started = await page.send(START, { input: { workflowKey: 'to-run' } });
    expect(started.data.executionStart.execution.project).toBe('acme');
    expect((await mint(admin)).data.tokenMint.userErrors).toEqual([{ code: 'NOT_FOUND' }]);
  });

  test('of a project reads no metrics, which are of the whole server', async () => {
    expect((await stranger.get('/metrics')).status).toBe(403);
    expect((await admin.get('/metrics')).status).toBe(200);
  });
});

describe('two projects', () => {
  test('have a workflow of the same key, each its own', async () => {
    const inputs = new Map([
      [admin, 'of default'],
      [adminOfAcme, 'of acme'],
    ]);
    const ids: string[] = [];
    for (const [caller, name] of inputs) {
      const id = await upsert(caller, 'report', { name, ...OUT });
      const { data } = await caller.send('{ workflow(key: "report") { id name project } }');
      const project = caller === admin ? 'default' : 'acme';
      expect(data.workflow).toEqual({ id, name, project });
      const input = { workflowKey: 'report', input: name, idempotencyKey: 'today' };
      const started = await caller.send(START, { input });
      expect(started.data.executionStart.execution).toMatchObject({ project, input: name, workflow: { id } });
      ids.push(started.data.executionStart.execution.id);
    }
    expect(new Set(ids).size).toBe(2);
  });

  test('have idempotency keys of their own for Python without a workflow', async () => {
    const run = async (caller: Caller) => {
      const { data } = await caller.send(
        'mutation { pythonRun(input: { code: "1", idempotencyKey: "once" }) { execution { id project } userErrors { code } } }',
      );
      return data.pythonRun.execution;
    };
    const [one, again, other] = [await run(admin), await run(admin), await run(stranger)];
    expect(again).toEqual(one);
    expect(one.project).toBe('default');
    expect(other).toEqual({ id: expect.not.stringMatching(one.id), project: 'acme' });
  });

  test('have sub-workflows of their own: a key is looked for in the project of the run', async () => {
    const call = (workflow: string) => ({
      name: 'Calls',
      nodes: [{ key: 'call', type: 'subworkflow', config: { workflow } }],
      edges: [],
    });
    const child = (value: string) => ({
      name: 'Child',
      nodes: [{ key: 'out', type: 'transform', config: { expression: `"${value}"` } }],
      edges: [],
    });
    const foreign = await upsert(admin, 'child', child('of default'));
    await upsert(admin, 'only-here', child('of default'));
    await upsert(adminOfAcme, 'child', child('of acme'));
    const outcomeOf = async (workflow: string) => {
      const id = await upsert(adminOfAcme, 'calls', call(workflow));
      const executionId = await weftOfStranger.start(id);
      await weftOfStranger.allEvents(executionId);
      const { data } = await stranger.send(
        'query ($id: ID!) { execution(id: $id) { output error { code } } }',
        {
          id: executionId,
        },
      );
      return data.execution;
    };
    expect(JSON.stringify(await outcomeOf('child'))).toContain('of acme');
    for (const workflow of ['only-here', foreign])
      expect(await outcomeOf(workflow)).toMatchObject({ error: { code: 'SUBWORKFLOW_NOT_FOUND' } });
    const warned = await stranger.send(
      '{ workflowValidate(input: { name: "x", nodes: [{ key: "s", type: "subworkflow", config: { workflow: "only-here" } }], edges: [] }) { code } }',
    );
    expect(warned.data.workflowValidate).toContainEqual({ code: 'UNKNOWN_WORKFLOW' });
  });

  test('have files of their own', async () => {
    const uploaded = (await (await stranger.upload('a.txt', 'of acme')).json()) as {
      id: string;
      url: string;
    };
    expect(await (await adminOfAcme.get(uploaded.url)).text()).toBe('of acme');
    expect((await admin.get(uploaded.url)).status).toBe(404);
    const id = await upsert(admin, 'files', { name: 'Files', ...OUT });
    const { data } = await admin.send(START, { input: { workflowId: id, input: { $file: uploaded.id } } });
    expect(data.executionStart.userErrors[0].code).toBe('FILE_NOT_FOUND');
  });

  test('allow packages of their own, where the operator allows them', async () => {
    const allow = async (allowedPackages: unknown) => {
      const { data } = await admin.send(
        'mutation ($packages: [String!]) { projectUpdate(key: "acme", input: { allowedPackages: $packages }) { project { allowedPackages } userErrors { field } } }',
        { packages: allowedPackages },
      );
      return data.projectUpdate;
    };
    const draft = { name: 'Packed', edges: [], nodes: [{ key: 'py', type: 'python', config: {} }] };
    const save = async (caller: Caller, config: object) => {
      const input = { ...draft, nodes: [{ ...draft.nodes[0], config }] };
      const { data } = await caller.send(
        'mutation ($input: WorkflowInput!) { workflowUpsert(key: "packed", input: $input) { workflow { id } userErrors { code field message } } }',
        { input },
      );
      return data.workflowUpsert;
    };
    const idOfSaved = (await save(stranger, { code: '1', packages: ['requests'] })).workflow.id;
    expect((await allow(['Pandas==2', 'x y'])).userErrors).toEqual([
      { field: 'allowedPackages.0' },
      { field: 'allowedPackages.1' },
    ]);
    expect((await allow(['Pandas', 'NumPy'])).project).toEqual({ allowedPackages: ['numpy', 'pandas'] });
    const message = '`requests` is not among the packages that the project acme allows.';
    const refused = (field: string) => [{ code: 'PACKAGE_NOT_ALLOWED', field, message }];
    const asked = { code: '1', packages: ['numpy', 'requests>=2'] };
    expect((await save(stranger, asked)).userErrors).toEqual(refused('nodes.0.config.packages.1'));
    const block = '# /// script\n# dependencies = ["requests"]\n# ///\n1';
    expect((await save(stranger, { code: block })).userErrors).toEqual(refused('nodes.0.config.code'));
    expect((await save(admin, asked)).userErrors).toEqual([]);
    const others = await stranger.send(
      'mutation { pythonRun(input: { code: "1", packages: ["requests"] }) { userErrors { code field message } } pythonEnvironmentPrepare(packages: ["requests"]) { userErrors { code field message } } }',
    );
    for (const { userErrors } of Object.values<{ userErrors: unknown }>(others.data))
      expect(userErrors).toEqual(refused('packages.0'));
    // What was saved before is refused when it runs, once the change has come to the worker.
    await eventually('the node is refused', async () => {
      const id = await weftOfStranger.start(idOfSaved);
      await weftOfStranger.allEvents(id);
      const { data } = await stranger.send(
        'query ($id: ID!) { execution(id: $id) { error { code message } } }',
        {
          id,
        },
      );
      const { error } = data.execution;
      return error?.code === 'PYTHON_PACKAGE_ERROR' && error.message === message;
    });
    expect((await allow(null)).project).toEqual({ allowedPackages: null });
    expect((await save(stranger, asked)).userErrors).toEqual([]);
  });

  test('have audit trails of their own', async () => {
    const operations = async (caller: Caller) => {
      const { data } = await caller.send('{ auditLog(first: 100) { nodes { project } } }');
      return new Set(data.auditLog.nodes.map((line: { project: string }) => line.project));
    };
    expect(await operations(stranger)).toEqual(new Set(['acme']));
    expect(await operations(admin)).toEqual(new Set(['default']));
  });
});

describe('a stranger of another project', () => {
  let operations: AnyOperation[];
  beforeAll(async () => {
    const schema = parseSchema(await readFile(join(projectRoot, 'schema/schema.graphql'), 'utf8'));
    const { key: _, ...ids } = theirs;
    const tokenId = (await admin.send('{ tokens(first: 1) { nodes { id } } }')).data.tokens.nodes[0]?.id;
    operations = reachingOperationsOf(schema, {
      ids: [...Object.values(ids), ...(tokenId === undefined ? [] : [tokenId])],
      keys: [theirs.key, 'default'],
    });
  });

  test('reads nothing by whatever way a client reads', async () => {
    for (const { query, variables } of readsOf(theirs)) {
      // The feed of changes shows them when no older transaction is open, of other databases of the server either.
      await eventually(`whoever may read it finds it by ${query}`, async () =>
        (await admin.send(query, variables)).text.includes(MARKER),
      );
      expect(`${query} ${(await stranger.send(query, variables)).text}`).not.toContain(MARKER);
    }
  });

  test('reads nothing by any query of the schema, named by whatever id and key', async () => {
    const found = new Set<string>();
    for (const { name, kind, text } of operations.filter((each) => each.kind === 'query')) {
      const answer = await stranger.send(text);
      // What is refused as a document has read nothing, and would prove nothing.
      expect(`${text} ${answer.text}`).not.toMatch(/GRAPHQL_(VALIDATION|PARSE)_FAILED|GRAPHQL_TOO_COMPLEX/);
      for (const id of [MARKER, ...Object.values(theirs).filter((value) => value.includes('_'))])
        expect(`${kind} ${name} ${withoutEcho(answer.text, text)}`).not.toContain(id);
      if ((await admin.send(text)).text.includes(MARKER)) found.add(name);
    }
    // The same operations find it with a token that reaches it.
    expect([...found].sort()).toEqual(
      expect.arrayContaining([
        ...['Query.approval', 'Query.approvals', 'Query.execution', 'Query.executions', 'Query.node'],
        ...['Query.executionExport', 'Query.schedule', 'Query.schedules', 'Query.webhook', 'Query.webhooks'],
        ...['Query.webhookEndpoint', 'Query.webhookEndpoints'],
        ...['Query.workflow', 'Query.workflows', 'Query.securityViolations'],
      ]),
    );
  });

  test('changes nothing by any mutation of the schema, named by whatever id and key', async () => {
    await eventually('what the tests before have started has ended', async () => {
      const { rows } = await sql.query(
        `SELECT FROM executions WHERE project = 'default' AND finished_at IS NULL AND id <> $1`,
        [theirs.waitingId],
      );
      return rows.length === 0;
    });
    const before = await stateOfTheirs();
    const mutations = operations.filter((each) => each.kind === 'mutation');
    await forEachAtOnce(mutations, 10, async ({ name, text }) => {
      const answer = await stranger.send(text);
      expect(`${text} ${answer.text}`).not.toMatch(/GRAPHQL_(VALIDATION|PARSE)_FAILED|GRAPHQL_TOO_COMPLEX/);
      expect(`${name} ${answer.text}`).not.toContain(MARKER);
    });
    expect(await stateOfTheirs()).toEqual(before);
  });

  test('follows nothing by any subscription of the schema, as lines, or as a download', async () => {
    const heard: string[] = [];
    const streams = operations.filter(
      ({ kind, name }) => kind === 'subscription' && name !== 'Subscription.pythonEnvironmentProgress',
    );
    // They end with the server.
    for (const { text } of streams)
      stranger.stream(text, {}, (answer) => heard.push(answer) === 0).catch(() => {});
    const { executionId, artifactId } = theirs;
    for (const path of [`/executions/${executionId}/events`, `/artifacts/${artifactId}`]) {
      expect((await admin.get(path)).status).toBe(200);
      expect((await stranger.get(path)).status).toBe(404);
    }
    const own = await upsert(stranger, 'heard', { name: 'heard', ...OUT });
    await eventually('its own executions are told of, and so the streams are open', async () => {
      await weft.allEvents(await weft.start(theirs.id, { of: MARKER }));
      await weftOfStranger.allEvents(await weftOfStranger.start(own, 'mine'));
      return heard.some((text) => text.includes(own) || text.includes('"heard"'));
    });
    expect(heard.join()).not.toContain(MARKER);
  });

  /** All rows that are of `default`, but for what says when they were used last. */
  async function stateOfTheirs(): Promise<unknown> {
    const tables = {
      workflows: `project = 'default'`,
      workflow_versions: `workflow_id IN (SELECT id FROM workflows WHERE project = 'default')`,
      executions: `project = 'default'`,
      approvals: `execution_id IN (SELECT id FROM executions WHERE project = 'default')`,
      schedules: `workflow_id IN (SELECT id FROM workflows WHERE project = 'default')`,
      webhooks: `workflow_id IN (SELECT id FROM workflows WHERE project = 'default')`,
      webhook_endpoints: `project = 'default'`,
      webhook_deliveries: `project = 'default'`,
      artifacts: `project = 'default'`,
      projects: 'true',
    };
    const state: unknown[] = [];
    for (const [table, where] of Object.entries(tables)) {
      const hash = `md5(string_agg(to_jsonb(t)::text, ' ' ORDER BY to_jsonb(t)::text))`;
      const { rows } = await sql.query(
        `SELECT count(*)::int AS rows, ${hash} AS hash FROM ${table} t WHERE ${where}`,
      );
      state.push([table, rows[0]]);
    }
    const { rows } = await sql.query(
      `SELECT id, revoked_at FROM api_tokens WHERE project IS DISTINCT FROM 'acme' ORDER BY id`,
    );
    return [...state, rows];
  }
});

/** Without the ids that the operation itself said, which messages repeat. */
function withoutEcho(answer: string, operation: string): string {
  const said = operation.match(/"[^"]+"/g) ?? [];
  return said.reduce((text, quoted) => text.replaceAll(quoted.slice(1, -1), ''), answer);
}
