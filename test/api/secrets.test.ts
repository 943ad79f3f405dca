import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { MASK } from '../../server/shared/masking/masker.ts';
import { ageHeartbeats } from '../support/age-heartbeats.ts';
import { makeCaller } from '../support/api-caller.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Nothing of a value may be found anywhere, so no test has one in its code or input. */
const secrets = {
  PLAIN: 'hunter22-correct_horse',
  UNUSUAL: 'pä$$ w"ö\'rd\\%41&<+>/\n=~€😀-battery',
  DIGITS: '48151623420815',
  PEM: `-----BEGIN KEY-----\n${Array.from({ length: 30 }, (_, n) => Buffer.from(`line ${n} of a long private key and so on`).toString('base64')).join('\n')}\n-----END KEY-----\n`,
};
type Name = keyof typeof secrets;
const names = Object.keys(secrets) as Name[];

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let server: WeftServer;
let weft: WeftClient;
let sql: Awaited<ReturnType<typeof connect>>;
let web: string;
/** What the other side of `http` nodes got, in order. */
const received: { url: string; headers: IncomingHttpHeaders; body: string }[] = [];
/** Every answer that a client of this test got, and what the server wrote. */
const seen: string[] = [];

beforeAll(async () => {
  web = await serveEcho();
  databaseUrl = stack.use(await createDatabase()).url;
  sql = stack.use(await connect(databaseUrl));
  await begin();
  for (const name of names) await set(name, secrets[name]);
});
afterAll(() => stack.disposeAsync());

const KEY = Buffer.alloc(32, 7).toString('base64');

async function begin(env: Record<string, string> = {}): Promise<void> {
  await weft?.[Symbol.asyncDispose]();
  server = stack.use(await startServer(env));
  weft = stack.use(new WeftClient(server.url));
}

function startServer(env: Record<string, string>): Promise<WeftServer> {
  return startWeft({
    databaseUrl,
    env: {
      WEFT_HTTP_ALLOWED_HOSTS: new URL(web).host,
      WEFT_SECRETS_KEY: KEY,
      WEFT_LOG_LEVEL: 'debug',
      PYTHON_POLICY: 'standard',
      ...env,
    },
  });
}

/** Answers with all that it got, in the way that the path says. */
async function serveEcho(): Promise<string> {
  const other = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ url: request.url!, headers: request.headers, body });
      const { pathname } = new URL(request.url!, 'http://web');
      const echo = JSON.stringify({ url: request.url, headers: request.headers, body });
      const type = { '/file': 'application/octet-stream', '/broken': 'application/json' }[pathname];
      response
        .writeHead(pathname === '/error' ? 500 : 200, {
          'content-type': type ?? 'application/json',
          'x-echo': encodeURIComponent(String(request.headers.authorization)),
        })
        .end(pathname === '/broken' ? `no JSON ${echo}` : echo);
    });
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  stack.defer(() => {
    other.closeAllConnections();
    other.close();
  });
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
}

const set = (name: string, value: string) =>
  weft.query<{
    secretSet: { secret: object | null; userErrors: { code: string; field: string; message: string }[] };
  }>(
    'mutation ($name: String!, $value: String!) { secretSet(name: $name, value: $value) { secret { name } userErrors { code field message } } }',
    { name, value },
  );

async function fetched(path: string, init: RequestInit = {}): Promise<string> {
  const answer = await (await fetch(new URL(path, server.url), init)).text();
  seen.push(answer);
  return answer;
}

/** Reads an execution in each way that there is, and remembers the answers. */
async function follow(id: string): Promise<WatchedEvent[]> {
  const events = await weft.allEvents(id);
  seen.push(JSON.stringify(events));
  const query = `{ execution(id: "${id}") { id status input output error { code message traceback stderr details }
    nodeExecutions { output error { message traceback stderr details } } }
    executionExport(id: "${id}")
    securityViolations { nodes { violation { rule message } } } auditLog { nodes { operation input before after } } secrets { name lastUsedAt } }`;
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const answer = await fetched('/graphql', { ...post, body: JSON.stringify({ query }) });
  expect(JSON.parse(answer).errors).toBeUndefined();
  await fetched(`/executions/${id}/events`);
  const subscription = `subscription { executionEvents(executionId: "${id}") { events { __typename
    ... on NodeOutput { text } ... on NodeSucceeded { output } ... on NodeFailed { error { message traceback stderr } } } } }`;
  await fetched('/graphql', {
    ...post,
    headers: { ...post.headers, accept: 'text/event-stream' },
    body: JSON.stringify({ query: subscription }),
  });
  for (const { artifact } of events as unknown as { artifact?: { url: string } }[])
    if (artifact !== undefined) await fetched(artifact.url);
  return events;
}

/** Forms that are written here anew, so that what masks them does not judge itself. */
function formsOf(value: string): string[] {
  const base64 = ['', 'x', 'xy'].map((before) => {
    const encoded = Buffer.from(before + value)
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(before === '' ? 0 : before.length + 1, -1);
  });
  return [
    value,
    value.trim(),
    ...value.split('\n').filter((line) => line.length > 10),
    JSON.stringify(value).slice(1, -1),
    JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1),
    encodeURIComponent(value),
    new URLSearchParams([['', value]]).toString().slice(1),
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    Buffer.from(value).toString('hex'),
  ];
}

function shownIn(where: string, content: string): string[] {
  const lower = content.toLowerCase();
  return names.flatMap((name) =>
    formsOf(secrets[name]).flatMap((form) =>
      lower.includes(form.toLowerCase()) ? [`${where}: ${name} as ${form.slice(0, 60)}`] : [],
    ),
  );
}

/** Every row of every table, as text; bytes too. */
async function shownInDatabase(): Promise<string[]> {
  const { rows: tables } = await sql.query<{ name: string }>(
    `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  expect(tables.length).toBeGreaterThan(20);
  const shown: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql.query<{ row: string }>(`SELECT each::text AS row FROM ${name} AS each`);
    // The text of a row doubles quotes and backslashes.
    const content = rows.map(({ row }) => row).join('\n');
    shown.push(
      ...shownIn(name, content),
      ...shownIn(name, content.replaceAll('""', '"').replaceAll('\\\\', '\\')),
    );
  }
  return shown;
}

const http = (config: object) => ({ key: 'http', type: 'http', config });
const python = (code: string, more: object = {}) => ({
  key: 'py',
  type: 'python',
  config: { code, secrets: names, ...more },
});

test('an http node sends secrets in its URL, query, headers, auth and body, and whatever comes back is masked', async () => {
  const inEach = (path: string, more: object = {}) =>
    http({
      method: 'POST',
      url: `${web}/${path}?direct={{ secrets.PLAIN }}`,
      query: { q: '{{ secrets.UNUSUAL }}' },
      headers: { 'x-key': 'key={{ secrets.DIGITS }}' },
      auth: { type: 'basic', username: 'me', password: '{{ secrets.UNUSUAL }}' },
      body: { pem: '{{ secrets.PEM }}', text: 'a {{ secrets.PLAIN }} b', n: '{{ input.n }}' },
      ...more,
    });
  const nodes = (path: string, more?: object) => [inEach(path, more)];
  const ends: (WatchedEvent | undefined)[] = [];
  for (const run of [
    nodes('ok'),
    nodes('error'),
    nodes('broken'),
    nodes('file'),
    nodes('ok', { auth: { type: 'bearer', token: '{{ secrets.PLAIN }}' } }),
    nodes('{{ secrets.PLAIN }}/ok', { url: `${web}/{{ secrets.PLAIN }}`, method: 'GET', body: undefined }),
    nodes('', { url: 'http://{{ secrets.PLAIN }}.invalid/' }),
    nodes('', { url: '{{ secrets.UNUSUAL }}' }),
  ])
    ends.push((await follow(await weft.run(run, [], { n: 1 }))).at(-1));
  const [{ url, headers, body }] = received as [(typeof received)[number]];
  expect(new URL(url, web).searchParams.get('direct')).toBe(secrets.PLAIN);
  expect(new URL(url, web).searchParams.get('q')).toBe(secrets.UNUSUAL);
  expect(headers['x-key']).toBe(`key=${secrets.DIGITS}`);
  expect(headers.authorization).toBe(`Basic ${Buffer.from(`me:${secrets.UNUSUAL}`).toString('base64')}`);
  expect(JSON.parse(body)).toEqual({ pem: secrets.PEM, text: `a ${secrets.PLAIN} b`, n: 1 });
  expect(received[4]!.headers.authorization).toBe(`Bearer ${secrets.PLAIN}`);

  const output = ends[0]!.output as { body: { body: string; url: string }; headers: object };
  expect(JSON.parse(output.body.body)).toEqual({ pem: MASK, text: `a ${MASK} b`, n: 1 });
  expect(output.body.url).toContain(`direct=${MASK}`);
  expect(ends.map((end) => end!.__typename.replace('Execution', ''))).toEqual([
    'Succeeded',
    'Failed',
    'Failed',
    'Succeeded',
    'Succeeded',
    'Succeeded',
    'Failed',
    'Failed',
  ]);
  expect(JSON.stringify(ends[1]!.error)).toContain(MASK);
});

test('text of an input that looks like a template is not filled in', async () => {
  const before = received.length;
  const node = http({
    method: 'POST',
    url: `${web}/ok`,
    body: '{{ input }}',
    headers: { a: '{{ secrets.PLAIN }}' },
  });
  await follow(await weft.run([node], [], 'x {{ secrets.DIGITS }}'));
  expect(received[before]!.body).toBe('"x {{ secrets.DIGITS }}"');
});

test('a Python node has its secrets, and whatever it shows of them is masked', async () => {
  const code = `
import base64, json, sys, time, urllib.parse, html
for name in ["PLAIN", "UNUSUAL", "DIGITS", "PEM"]:
    value = secrets[name]
    print(name, value, "end")
    print(repr(value), ascii(value), repr(value.encode()), json.dumps(value), json.dumps(json.dumps({"k": value})))
    print(urllib.parse.quote(value), urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value), html.escape(value))
    for before in ["", "u:", "us:"]:
        print(base64.b64encode((before + value + " and more").encode()), base64.urlsafe_b64encode((before + value).encode()))
    print(base64.encodebytes(value.encode()).decode(), value.encode().hex(), value.upper(), sep="\\n")
    for character in value[:40]:
        sys.stderr.write(character)
        sys.stderr.flush()
        time.sleep(0.002)
    sys.stderr.write(value[40:] + "\\n")
    for line in value.splitlines():
        print("> " + line)
    progress(1, 2, "at " + value)
    save_artifact(f"{secrets.PLAIN} {name}.txt", "content " + value)
print("x" * 100_000 + secrets.PLAIN + "y" * 100_000)
progress(int(secrets.DIGITS))
result = {secrets.PLAIN: [secrets.UNUSUAL, {"deep": secrets.PEM}], "n": int(secrets.DIGITS), "all": secrets, "repr": repr(secrets)}
`;
  const events = await follow(await weft.run([python(code)]));
  expect(events.at(-1)!.error).toBeUndefined();
  expect(events.at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: {
      [MASK]: [MASK, { deep: MASK }],
      n: MASK,
      all: { PLAIN: MASK, UNUSUAL: MASK, DIGITS: MASK, PEM: MASK },
      repr: '<secrets PLAIN, UNUSUAL, DIGITS, PEM>',
    },
  });
  // What is written to stderr meanwhile may come in the midst of a line.
  const printed = events
    .filter(({ stream }) => stream === 'STDOUT')
    .map(({ text }) => text)
    .join('');
  for (const name of names) expect(printed).toContain(`${name} ${MASK} end`);
});

test.each([
  ['an exception', 'raise ValueError("bad " + secrets.UNUSUAL + secrets.PLAIN)'],
  [
    'a traceback of an exception with a cause',
    'try:\n    {}[secrets.PLAIN]\nexcept KeyError as e:\n    raise RuntimeError(repr(e)) from e',
  ],
  [
    'the class of an exception',
    'raise type("E_" + secrets.PLAIN.replace("-", "_") + secrets.PLAIN, (Exception,), {})("x")',
  ],
  ['an exit', 'import sys\nsys.exit(secrets.UNUSUAL)'],
  ['an exit status', 'import sys\nsys.exit(int(secrets.DIGITS))'],
  ['stderr before a crash', 'import sys\nprint("z" * 4000 + secrets.PEM * 3, file=sys.stderr)\n1 / 0'],
  ['a violation', 'open("/etc/" + secrets.PLAIN, "w")'],
  ['a violation of a module', '__builtins__["__import__"](secrets.PLAIN.replace("-", "_"))'],
  ['a request to a host', 'fetch("http://" + secrets.PLAIN + ".example.com/" + secrets.UNUSUAL)'],
  ['a missing file', 'open_artifact({"$file": secrets.PLAIN})'],
  ['a result that cannot be', 'result = {secrets.PLAIN: object()}'],
  ['a name that is not asked for', 'secrets["OTHER" + secrets.PLAIN]'],
])('%s that shows a secret is masked', async (_, code) => {
  const events = await follow(await weft.run([python(code)]));
  expect(events.at(-1)!.__typename).toBe('ExecutionFailed');
});

test('items of a list, retries and runs without secrets in the same cells', async () => {
  const code =
    'print(input_data, secrets.PLAIN)\nif input_data == 3: raise ValueError(secrets.PLAIN)\nresult = secrets.PLAIN';
  const node = {
    ...python(code),
    forEach: { items: '[1, 2, 3]', concurrency: 1, batch: 10, onItemError: 'COLLECT' },
    retry: { maxAttempts: 2, initialDelayMs: 1, retryOn: ['PYTHON_EXECUTION_ERROR'] },
  };
  const events = await follow(await weft.run([node]));
  const output = JSON.stringify(events.at(-1));
  expect(output).toContain(MASK);
  const none = await weft.allEvents(
    await weft.run([python('result = "secrets" in globals()', { secrets: [] })]),
  );
  expect(none.at(-1)!.output).toBe(false);
});

test('a secret that is not there fails the node by name, and is a warning when the workflow is saved', async () => {
  const nodes = [
    python('result = 1', { secrets: ['PLAIN', 'NOT_THERE'] }),
    http({ url: '{{ secrets.NOR_HERE }}' }),
  ];
  const { workflowValidate } = await weft.query<{ workflowValidate: object[] }>(
    'query ($input: WorkflowInput!) { workflowValidate(input: $input) { level code field } }',
    { input: { name: 'w', nodes, edges: [] } },
  );
  expect(workflowValidate).toEqual([
    { level: 'WARNING', code: 'UNKNOWN_SECRET', field: 'nodes.0.config.secrets.1' },
    { level: 'WARNING', code: 'UNKNOWN_SECRET', field: 'nodes.1.config.url' },
  ]);
  const end = (await follow(await weft.run([nodes[0]!]))).at(-1)!;
  expect(end.error).toMatchObject({
    code: 'SECRET_NOT_FOUND',
    message: expect.stringContaining('NOT_THERE'),
  });
});

test('a workflow that would store a secret is refused at the place', async () => {
  const nodes = [
    { key: 't', type: 'transform', config: { expression: '{ "k": secrets.PLAIN }' } },
    { key: 'o', type: 'output', config: { value: '{{ secrets.PLAIN }}' } },
    http({ url: web, headers: { a: '{{ $uppercase(secrets.PLAIN) }}' }, nextPage: 'secrets.PLAIN' }),
    { ...python('result = 1', { secrets: ['lower'] }), forEach: { items: 'secrets.PLAIN' } },
    { key: 'input', type: 'transform', config: { expression: 'input.secrets.PLAIN' } },
    {
      key: 'sub',
      type: 'subworkflow',
      config: { workflow: 'w', input: { deep: ['{{ secrets.PLAIN }}'] } },
    },
  ];
  const stored = { labels: '{ "k": secrets.PLAIN }', concurrency: { max: 1, key: 'secrets.PLAIN' } };
  const { workflowValidate } = await weft.query<{ workflowValidate: { code: string; field: string }[] }>(
    'query ($input: WorkflowInput!) { workflowValidate(input: $input) { level code field } }',
    { input: { name: 'w', nodes, edges: [], ...stored } },
  );
  const errors = workflowValidate.filter((each) => (each as { level?: string }).level !== 'WARNING');
  expect(errors.map(({ code, field }) => `${code} ${field}`).sort()).toEqual(
    [
      'INVALID nodes.3.config.secrets.0',
      'SECRET_NOT_ALLOWED nodes.0.config.expression',
      'SECRET_NOT_ALLOWED nodes.1.config.value',
      'SECRET_NOT_ALLOWED nodes.2.config.headers.a',
      'SECRET_NOT_ALLOWED nodes.2.config.nextPage',
      'SECRET_NOT_ALLOWED nodes.3.forEach.items',
      'SECRET_NOT_ALLOWED nodes.5.config.input.deep.0',
      'SECRET_NOT_ALLOWED labels',
      'SECRET_NOT_ALLOWED concurrency.key',
    ].sort(),
  );
});

test('a schedule that would store a secret is refused at the place, when it is made and when it is changed', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'in', type: 'input' }] });
  const plain = {
    workflowId,
    cron: '0 0 1 1 *',
    input: { a: ['{{ scheduledAt }}', 'secrets are no business of texts'] },
  };
  const change = async (field: string, type: string, variables: { input: object; id?: string }) => {
    const id = variables.id === undefined ? ['', ''] : ['$id: ID!, ', 'id: $id, '];
    const data = await weft.query<Record<string, { schedule: { id: string } | null; userErrors: object[] }>>(
      `mutation (${id[0]}$input: ${type}!) { ${field}(${id[1]}input: $input) { schedule { id } userErrors { code field } } }`,
      variables,
    );
    return data[field]!;
  };
  const { schedule, userErrors } = await change('scheduleCreate', 'ScheduleCreateInput', { input: plain });
  expect(userErrors).toEqual([]);
  const refusal = { schedule: null, userErrors: [{ code: 'SECRET_NOT_ALLOWED', field: 'input.b.1' }] };
  const input = { b: ['x', 'Bearer {{ secrets.PLAIN }}'] };
  const create = { input: { ...plain, input } };
  expect(await change('scheduleCreate', 'ScheduleCreateInput', create)).toEqual(refusal);
  const update = { id: schedule!.id, input: { input } };
  expect(await change('scheduleUpdate', 'ScheduleInput', update)).toEqual(refusal);
});

test.each([
  ['a name in small letters', 'api_key', 'long enough', 'name'],
  ['a long name', 'A'.repeat(101), 'long enough', 'name'],
  ['an empty value', 'A', '', 'value'],
  ['a value of three characters beside space', 'A', ' a b \n', 'value'],
  ['a value of more than 64 KiB', 'A', 'x'.repeat(65_537), 'value'],
])('%s is refused', async (_, name, value, field) => {
  const { secretSet } = await set(name, value);
  expect(secretSet).toMatchObject({ secret: null, userErrors: [{ code: 'INVALID', field }] });
  expect(secretSet.userErrors[0]!.message).not.toContain(value.trim() || '\0');
});

test('secrets are listed by name with who uses them, replaced and deleted', async () => {
  const workflowId = await weft.createWorkflow({
    name: 'uses',
    nodes: [python('result = 1', { secrets: ['LISTED'] }), http({ url: `${web}/{{ secrets.LISTED }}` })],
  });
  await set('LISTED', 'value one');
  const list = async () =>
    (
      await weft.query<{ secrets: { name: string; lastUsedAt: string | null; usedBy: { id: string }[] }[] }>(
        '{ secrets { name createdBy updatedBy createdAt updatedAt lastUsedAt usedBy { id } } }',
      )
    ).secrets.find(({ name }) => name === 'LISTED');
  expect(await list()).toMatchObject({
    createdBy: 'anonymous',
    lastUsedAt: null,
    usedBy: [{ id: workflowId }],
  });
  await weft.allEvents(await weft.start(workflowId));
  expect((await list())!.lastUsedAt).not.toBeNull();
  const remove = () =>
    weft.query('mutation { secretDelete(name: "LISTED") { deletedName userErrors { code field } } }');
  expect(await remove()).toEqual({ secretDelete: { deletedName: 'LISTED', userErrors: [] } });
  expect(await remove()).toEqual({
    secretDelete: { deletedName: null, userErrors: [{ code: 'NOT_FOUND', field: 'name' }] },
  });
});

test('each project has secrets of its own, and a row that somebody moves does not open', async () => {
  const acme = makeCaller(server.url, undefined, 'acme');
  const send = async (query: string) => {
    const { data, text: answer } = await acme.send(query);
    if (data === null) throw new Error(answer);
    return data;
  };
  await weft.query('mutation { projectCreate(input: { key: "acme" }) { project { key } } }');
  expect((await send('{ secrets { name } }')).secrets).toEqual([]);
  await send('mutation { secretSet(name: "PLAIN", value: "of acme alone") { secret { name } } }');
  const config = `config: { url: "${web}/acme", headers: { of: "{{ secrets.PLAIN }}" } }`;
  const { workflowCreate } = await send(
    `mutation { workflowCreate(input: { name: "w", nodes: [{ key: "http", type: "http", ${config} }] }) { workflow { id } } }`,
  );
  const runToEnd = async () => {
    const { executionStart } = await send(
      `mutation { executionStart(input: { workflowId: "${workflowCreate.workflow.id}" }) { execution { id } } }`,
    );
    const { id } = executionStart.execution;
    await acme.get(`/executions/${id}/events?follow=true`).then((response) => response.text());
    return (await send(`{ execution(id: "${id}") { status error { code } } }`)).execution;
  };
  expect(await runToEnd()).toMatchObject({ status: 'SUCCEEDED' });
  expect(received.at(-1)!.headers.of).toBe('of acme alone');
  expect((await send('{ secrets { name usedBy { id } } }')).secrets).toEqual([
    { name: 'PLAIN', usedBy: [{ id: workflowCreate.workflow.id }] },
  ]);
  const { projectDelete } = await weft.query<{ projectDelete: { userErrors: object[] } }>(
    'mutation { projectDelete(key: "acme") { userErrors { code message } } }',
  );
  expect(projectDelete.userErrors).toMatchObject([
    { code: 'NOT_EMPTY', message: expect.stringContaining('secrets') },
  ]);

  await sql.query(
    `UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE project = 'default' AND name = 'PLAIN') WHERE project = 'acme'`,
  );
  await eventually('the row is read anew', async () => (await runToEnd()).error?.code === 'SECRET_DAMAGED');
});

const newKey = Buffer.alloc(32, 8).toString('base64');

async function sealed(): Promise<string[]> {
  const { rows } = await sql.query<{ sealed: string }>(
    "SELECT sealed FROM secrets WHERE project = 'default'",
  );
  return rows.map((row) => row.sealed);
}

test('a server that is killed leaves nothing of them; the next one goes on with them, and seals them with its new key', async () => {
  const code =
    'import time\nprint("begun", secrets.UNUSUAL, flush=True)\ntime.sleep(input_data)\nresult = secrets.PLAIN';
  const id = await weft.run([python(code)], [], 2);
  await weft.event(id, ({ text }) => text?.includes('begun') ?? false);
  seen.push(server.stdout, server.stderr);
  await server.kill();
  await ageHeartbeats(databaseUrl);
  const before = await sealed();
  await begin({ WEFT_SECRETS_KEY: `${newKey},${KEY}` });
  expect((await sealed()).filter((text) => before.includes(text))).toEqual([]);
  expect((await follow(id)).at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: MASK });
});

test('once all are sealed with the new key, the former one may go', async () => {
  seen.push(server.stdout, server.stderr);
  await server.stop();
  await begin({ WEFT_SECRETS_KEY: newKey });
  const end = (await follow(await weft.run([python('result = len(secrets.PLAIN)')]))).at(-1)!;
  expect(end.output).toBe(secrets.PLAIN.length);
});

test('no answer, no line of the log and no row of the database shows a secret', async () => {
  seen.push(server.stdout, server.stderr);
  expect(seen.join('').length).toBeGreaterThan(100_000);
  expect(seen.join('')).toContain(MASK);
  expect(shownIn('answers', seen.join('\n'))).toEqual([]);
  expect(await shownInDatabase()).toEqual([]);
});
