import { execa } from 'execa';
import pg from 'pg';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { serverProgram, startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let weft: WeftClient;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const server = stack.use(await startWeft({ databaseUrl }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

const errorOf = async (code: string, client = weft) =>
  (await client.allEvents(await client.runPython(code))).at(-1)!.error;

test('code with a syntax error fails with its line and column', async () => {
  expect(await errorOf('x = 1\nif x\n    pass')).toMatchObject({
    code: 'PYTHON_EXECUTION_ERROR',
    type: 'SyntaxError',
    line: 2,
    column: 5,
  });
});

test('a result that is not serialisable is an error that names the path', async () => {
  expect(await errorOf('result = {"rows": [1, {"fn": print}]}')).toMatchObject({
    code: 'PYTHON_EXECUTION_ERROR',
    message: expect.stringContaining('result.rows[1].fn'),
  });
});

test('blocked code fails before it runs, with the rule and the line, and the violation is in the journal', async () => {
  const events = await weft.allEvents(await weft.runPython('print("never")\nimport subprocess'));
  expect(events.map(({ __typename }) => __typename)).not.toContain('NodeOutput');
  expect(events.map(({ __typename }) => __typename)).toContain('SecurityViolation');
  expect(events.at(-1)!.error).toMatchObject({ code: 'PYTHON_SECURITY_ERROR', line: 2 });
});

test('a run that exceeds its timeout ends with PYTHON_TIMEOUT', async () => {
  const id = await weft.runPython('while True: pass', { timeoutMs: 1_000 });
  const events = await weft.allEvents(id);
  expect(events.at(-1)!.error).toMatchObject({
    code: 'PYTHON_TIMEOUT',
    message: expect.stringContaining('1000'),
  });
});

test('ids that name nothing are null to a query and a userError to a mutation', async () => {
  const id = 'exec_00000000-0000-7000-8000-000000000000';
  expect(
    await weft.query(
      'query ($id: ID!) { execution(id: $id) { id } workflow(id: $id) { id } node(id: $id) { id } }',
      { id },
    ),
  ).toEqual({
    execution: null,
    workflow: null,
    node: null,
  });
  await expect(weft.start('wf_nothing')).rejects.toThrow(/There is no workflow wf_nothing/);
  expect(await weft.cancel(id)).toMatchObject([{ code: 'NOT_FOUND' }]);
  await expect(weft.allEvents(id)).rejects.toThrow(/NOT_FOUND/);
});

test.each([
  'mutation ($z: ID!) { executionCancel(id: $z) { userErrors { code } } }',
  'mutation ($z: String!) { workflowCreate(input: { name: $z, nodes: [{ key: "in", type: "input" }] }) { userErrors { code } } }',
  'query ($z: String!) { workflows(filter: { search: $z }) { nodes { id } } }',
])('text that no database can hold is a clear error: %s', async (query) => {
  await expect(weft.query(query, { z: 'a\u0000b' })).rejects.toThrow(/BAD_USER_INPUT/);
});

test('a filter may say the same thing many times, and no more different ones than there can be', async () => {
  await errorOf('1 / 0');
  const statuses = Array(70_000).fill('FAILED');
  const { executions } = await weft.query<{ executions: { nodes: { status: string }[] } }>(
    'query ($statuses: [ExecutionStatus!]) { executions(filter: { statuses: $statuses }) { nodes { status } } }',
    { statuses },
  );
  expect(executions.nodes).toContainEqual({ status: 'FAILED' });

  const id = await weft.runPython('result = 1');
  const following = weft.subscribe(
    'subscription ($id: ID!, $nodeKeys: [String!]) { executionEvents(executionId: $id, nodeKeys: $nodeKeys) { endCursor } }',
    { id, nodeKeys: Array.from({ length: 1_001 }, (_, n) => `n${n}`) },
  );
  await expect(following.next()).rejects.toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('JSON may hold any text, and comes back as it was', async () => {
  const input = { 'nul \u0000': 'quote " and \u0000 and \ud83d\ude00' };
  const events = await weft.allEvents(await weft.runPython('result = input_data', { input }));
  expect(events.at(-1)).toMatchObject({ output: input });
});

test('a cyclic workflow is not saved, and each error names its path', async () => {
  const nodes = ['a', 'b'].map((key) => ({ key, type: 'transform', config: { expression: 'input' } }));
  const input = {
    name: 'round',
    nodes,
    edges: [
      { source: 'a', target: 'b' },
      { source: 'b', target: 'a' },
    ],
  };
  const { workflowValidate } = await weft.query<{ workflowValidate: object[] }>(
    'query ($input: WorkflowInput!) { workflowValidate(input: $input) { code field message } }',
    { input },
  );
  expect(workflowValidate).toMatchObject([{ code: 'CYCLE', field: expect.stringMatching(/^edges\.\d$/) }]);
  await expect(weft.createWorkflow(input)).rejects.toThrow(/CYCLE/);
});

test('input that does not fit the workflow’s inputSchema is refused at its path', async () => {
  const inputSchema = {
    type: 'object',
    required: ['rows'],
    properties: { rows: { type: 'array', items: { type: 'number' } } },
  };
  const id = await weft.createWorkflow({ nodes: [{ key: 'in', type: 'input' }], inputSchema });
  await expect(weft.start(id, { rows: [1, 'two'] })).rejects.toThrow(/"field":"input.rows.1"/);
  expect((await weft.allEvents(await weft.start(id, { rows: [1] }))).at(-1)!.output).toEqual({ rows: [1] });
});

test('a value that doubles from node to node ends the run and not the server', async () => {
  const keys = Array.from({ length: 40 }, (_, n) => `n${n}`);
  const nodes = keys.map((key) => ({ key, type: 'branch', config: { condition: 'true' } }));
  const edges = keys.slice(1).flatMap((target, n) =>
    ['left', 'right'].map((targetHandle) => ({
      source: `n${n}`,
      sourceHandle: 'true',
      target,
      targetHandle,
    })),
  );
  const last = (await weft.allEvents(await weft.run(nodes, edges, { x: 1 }))).at(-1);
  expect(last).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'VALUE_TOO_LARGE', message: expect.stringMatching(/at most 16 MiB/) },
  });
});

test('a schema that is none is refused', async () => {
  const nodes = [{ key: 'in', type: 'input' }];
  const workflow = { nodes, inputSchema: { type: 'nonsense' }, outputSchema: { type: 'object' } };
  await expect(weft.createWorkflow(workflow)).rejects.toThrow(/"INVALID_SCHEMA","field":"inputSchema"/);
});

test('an expression, a template or a schema that takes all there is harms nobody else', async () => {
  const inner = { properties: { a: { $ref: '#' } } };
  const checked = await weft.createWorkflow({
    nodes: [{ key: 'in', type: 'input' }],
    inputSchema: { anyOf: [{ ...inner, required: ['b'] }, inner] },
  });
  let nested: object = {};
  for (let depth = 0; depth < 40; depth++) nested = { a: nested };
  const refused = weft.start(checked, nested).catch(String);
  const expression = '$count($map([1..30], function($x) { [1..9999999] }))';
  const greedy = await weft.run([{ key: 'greedy', type: 'transform', config: { expression } }]);
  const value = `{{ ${expression} }}`;
  const template = await weft.run([{ key: 'greedy', type: 'output', config: { value } }]);
  const quick = await weft.run([{ key: 'quick', type: 'transform', config: { expression: '1 + 1' } }]);
  expect((await weft.allEvents(quick)).at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 2 });
  for (const id of [greedy, template])
    expect((await weft.allEvents(id)).at(-1)).toMatchObject({
      __typename: 'ExecutionFailed',
      error: {
        code: 'EXPRESSION_ERROR',
        message: expect.stringMatching(/more than 256 MiB of memory|took longer than 5 seconds/),
      },
    });
  expect(await refused).toMatch(/cannot be checked by this schema: it took longer than 5 seconds/);
});

test('a cursor from another execution is refused', async () => {
  const [one, two] = [await weft.runPython('1'), await weft.runPython('2')];
  const { cursor } = (await weft.allEvents(one)).at(-1)!;
  const follow = Array.fromAsync(weft.events(two, cursor));
  await expect(follow).rejects.toThrow(/INVALID_CURSOR/);
});

test('a cursor past the end of a journal is refused, and nobody waits for what never comes', async () => {
  const id = await weft.runPython('1');
  const { cursor, sequence } = (await weft.allEvents(id)).at(-1)!;
  const past = cursor.replace(String(sequence), String(sequence + 90));
  expect(past).not.toBe(cursor);
  await expect(Array.fromAsync(weft.events(id, past))).rejects.toThrow(/INVALID_CURSOR/);
  const page =
    'query ($id: ID!, $after: String) { execution(id: $id) { events(after: $after) { nodes { sequence } } } }';
  await expect(weft.query(page, { id, after: past })).rejects.toThrow(/INVALID_CURSOR/);
});

test('a client that disconnects mid-run stops nothing', async () => {
  const id = await weft.runPython('import time\nprint("on")\ntime.sleep(1)\nresult = "done"');
  const leaving = new WeftClient(weft.url);
  await leaving.event(id, ({ __typename }) => __typename === 'NodeOutput');
  await leaving[Symbol.asyncDispose]();
  expect((await weft.allEvents(id)).at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: 'done',
  });
});

test('a database that goes away and comes back costs no event, and nobody has to connect again', async () => {
  const id = await weft.runPython(
    'import time\nfor n in range(60):\n    print(n, flush=True)\n    time.sleep(0.05)\nresult = "done"',
  );
  const watched = weft.allEvents(id);
  await weft.event(id, ({ __typename }) => __typename === 'NodeOutput');
  const admin = new pg.Client({ connectionString: databaseUrl.replace(/\/[^/]*$/, '/postgres') });
  await admin.connect();
  const name = new URL(databaseUrl).pathname.slice(1);
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await admin.query(cut);
  let isUp: boolean;
  do {
    isUp = await isReady(weft.url);
    await admin.query(cut); // a connection that was being opened may have come through
  } while (isUp);
  await expect(weft.query('{ workflows(first: 1) { nodes { id } } }')).rejects.toThrow(
    /DATABASE_UNAVAILABLE/,
  );
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  await admin.end();

  const events = await watched;
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'done' });
  expect(events.map(({ sequence }: WatchedEvent) => sequence)).toEqual(events.map((_, index) => index + 1));
  const printed = events.filter(({ __typename }) => __typename === 'NodeOutput').map(({ text }) => text);
  expect(printed.join('')).toBe(Array.from({ length: 60 }, (_, n) => `${n}\n`).join(''));
  expect((await weft.allEvents(await weft.runPython('1'))).at(-1)!.output).toBe(1);
});

async function isReady(url: string): Promise<boolean> {
  return (await fetch(new URL('/readyz', url))).status === 200;
}

test('without python3 a run ends with PYTHON_NOT_FOUND and says what to do', async () => {
  await using server = await startWeft({
    databaseUrl: (await ownDatabase()).url,
    env: { PYTHON_PATH: '/nonexistent/python3' },
  });
  await using client = new WeftClient(server.url);
  expect(await errorOf('1', client)).toMatchObject({
    code: 'PYTHON_NOT_FOUND',
    message: expect.stringContaining('/nonexistent/python3'),
  });
});

test('without bubblewrap a run is refused with the remedy, and never run in the open', async () => {
  const env = { BUBBLEWRAP_PATH: '/nonexistent/bwrap' };
  await using server = await startWeft({ databaseUrl: (await ownDatabase()).url, env });
  await using client = new WeftClient(server.url);
  expect(await errorOf('1', client)).toMatchObject({
    code: 'PYTHON_SANDBOX_UNAVAILABLE',
    message: expect.stringContaining('apt-get install'),
  });
  const { serverInfo } = await client.query<{ serverInfo: { sandbox: object } }>(
    '{ serverInfo { sandbox { available problem { code remedy } } } }',
  );
  expect(serverInfo.sandbox).toMatchObject({
    available: false,
    problem: { code: 'PYTHON_SANDBOX_UNAVAILABLE' },
  });
});

test('a host that others can reach needs a token, and settings that are wrong are named', async () => {
  const start = (env: Record<string, string>) =>
    execa(process.execPath, [serverProgram], { env: { DATABASE_URL: databaseUrl, ...env }, reject: false });
  const open = await start({ HOST: '0.0.0.0', PORT: '0' });
  expect(open).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('WEFT_API_TOKEN') });
  const wrong = await start({ PORT: 'many', DATABASE_URL: 'mysql://x' });
  expect(wrong).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/PORT=many[\s\S]*DATABASE_URL=…/),
  });
});

async function ownDatabase() {
  return stack.use(await createDatabase());
}
