import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { parseWorkflow, renderWorkflow } from '../../client-sdk/src/cli/workflow-text.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const token = 'a-token-of-the-tests';
const stack = new AsyncDisposableStack();
let server: WeftServer;
let weft: WeftClient;
let cwd: string;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  server = stack.use(await startWeft({ databaseUrl: url, env: { WEFT_API_TOKEN: token } }));
  weft = stack.use(new WeftClient(server.url, token));
  cwd = stack.use(await makeTempFolder()).path;
});
afterAll(() => stack.disposeAsync());

/** What the command says, and how it ends. */
async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const command = join(projectRoot, 'client-sdk/dist/cli/main.js');
  const env = { WEFT_URL: server.url, WEFT_API_TOKEN: token };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [command, ...args], { cwd, env });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

const file = (...path: string[]) => join(cwd, 'workflows', ...path);
const read = (...path: string[]) => readFile(file(...path), 'utf8');

async function latest(key: string) {
  const { workflow } = await weft.query<{
    workflow: { latestVersion: { number: number; name: string } } | null;
  }>('query ($key: String!) { workflow(key: $key) { latestVersion { number name } } }', { key });
  return workflow?.latestVersion ?? null;
}

const code = 'rows = input_data["rows"]\nresult = {"total": sum(row["price"] for row in rows)}\n';
const report = {
  name: 'Sales report',
  description: 'Adds up rows',
  nodes: [
    { key: 'in', type: 'input', position: { x: 0, y: 12.5 } },
    {
      key: 'add-up',
      type: 'python',
      config: { code, timeoutMs: 20_000 },
      retry: { maxAttempts: 5, initialDelayMs: 1_000, backoffFactor: 2, maxDelayMs: 60_000, retryOn: [] },
      forEach: null,
    },
    { key: 'out', type: 'output', config: { value: 'Total:\n  {{ input.total }}' } },
  ],
  edges: [
    { source: 'in', target: 'add-up' },
    { source: 'add-up', target: 'out' },
  ],
  inputSchema: { type: 'object', required: ['rows'], properties: { rows: { type: 'array' } } },
  concurrency: { max: 2 },
};

test('what is pulled is readable, says nothing that is so by default, and changes nothing when it is pushed', async () => {
  await weft.createWorkflow(report);
  expect(await run('pull')).toEqual({
    code: 0,
    output: 'wrote workflows/sales-report (version 1)\n0 unchanged\n',
  });
  expect(await read('sales-report', 'add-up.py')).toBe(code);
  expect(await read('sales-report', 'workflow.yaml')).toBe(`name: Sales report
description: Adds up rows
concurrency:
  max: 2
inputSchema:
  type: object
  required:
    - rows
  properties:
    rows:
      type: array
nodes:
  - key: in
    type: input
    position: { x: 0, y: 12.5 }
  - key: add-up
    type: python
    codeFile: add-up.py
    config:
      timeoutMs: 20000
    retry:
      maxAttempts: 5
  - key: out
    type: output
    config:
      value: |-
        Total:
          {{ input.total }}
edges:
  - { source: in, target: add-up }
  - { source: add-up, target: out }
`);
  expect(await run('diff')).toEqual({
    code: 0,
    output: '= 1 unchanged\nThe server says what workflows says.\n',
  });
  expect(await run('push', '--yes')).toMatchObject({
    code: 0,
    output: expect.stringMatching(/= 1 unchanged\nNothing to change/),
  });
  expect(await latest('sales-report')).toMatchObject({ number: 1 });
  expect((await run('pull')).output).toBe('1 unchanged\n');
});

test('retention and labels are in the file, and are the same again when it is pushed to another workflow', async () => {
  const kept = {
    labels: '{ "customer": $string(input.customerId) }',
    retention: { succeeded: { days: 7, count: 100 }, failed: { days: 365 } },
  };
  await weft.createWorkflow({ name: 'Kept', nodes: [{ key: 'in', type: 'input' }], ...kept });
  await run('pull', '--workflow', 'kept');
  const text = await read('kept', 'workflow.yaml');
  expect(text).toContain(`labels: '{ "customer": $string(input.customerId) }'
retention:
  succeeded:
    days: 7
    count: 100
  failed:
    days: 365
`);
  await mkdir(file('kept-too'));
  await writeFile(file('kept-too', 'workflow.yaml'), text);
  expect((await run('push', '--yes')).output).toContain('created kept-too');
  expect((await run('diff')).code).toBe(0);
  const { workflow } = await weft.query<{ workflow: object }>(
    '{ workflow(key: "kept-too") { latestVersion { labels retention { succeeded { days count } failed { days count } canceled { days } } } } }',
  );
  expect(workflow).toEqual({
    latestVersion: {
      labels: kept.labels,
      retention: { ...kept.retention, failed: { days: 365, count: null }, canceled: null },
    },
  });
  for (const key of ['kept', 'kept-too']) await rm(file(key), { recursive: true });
  expect((await run('push', '--yes', '--delete')).output).toContain('deleted kept-too');
});

test('a comment stays where nothing else has changed, whatever git does to the ends of lines', async () => {
  const text = `# Ours.\n${await read('sales-report', 'workflow.yaml')}`.replaceAll('\n', '\r\n');
  await writeFile(file('sales-report', 'workflow.yaml'), text);
  await writeFile(file('sales-report', 'add-up.py'), code.replaceAll('\n', '\r\n'));
  expect((await run('diff')).code).toBe(0);
  await run('pull');
  expect(await read('sales-report', 'workflow.yaml')).toBe(text);
});

test('a change is shown as a diff, is not made without a question, and then is a new version that runs', async () => {
  await writeFile(file('sales-report', 'add-up.py'), code.replace('sum(', '2 * sum('));
  const shown = await run('diff');
  expect(shown.code).toBe(1);
  expect(shown.output).toContain(`~ change sales-report
--- sales-report/add-up.py
+++ sales-report/add-up.py
@@ -1,2 +1,2 @@
 rows = input_data["rows"]
-result = {"total": sum(row["price"] for row in rows)}
+result = {"total": 2 * sum(row["price"] for row in rows)}`);
  expect(await run('push')).toMatchObject({ code: 1, output: expect.stringMatching(/Pass --yes/) });
  expect(await latest('sales-report')).toMatchObject({ number: 1 });
  expect(await run('push', '--yes')).toMatchObject({
    code: 0,
    output: expect.stringMatching(/changed sales-report, now version 2\n1 of 1 done\.\n$/),
  });
  const { executionStart } = await weft.query<{ executionStart: { execution: { id: string } } }>(
    `mutation ($input: JSON) {
      executionStart(input: { workflowKey: "sales-report", input: $input }) { execution { id } }
    }`,
    { input: { rows: [{ price: 3 }, { price: 4 }] } },
  );
  const events = await weft.allEvents(executionStart.execution.id);
  expect(events.at(-1)).toMatchObject({ output: 'Total:\n  14' });
});

test('a workflow is created from its folder, is deleted only with --delete, and a selection touches no other', async () => {
  await mkdir(file('greeting'), { recursive: true });
  await writeFile(
    file('greeting', 'workflow.yaml'),
    'name: Greeting\nnodes:\n  - { key: a, type: transform, config: { expression: \'"Hello"\' } }\n',
  );
  expect((await run('push', '--yes', '--workflow', 'greeting')).output).toBe(
    '+ create greeting\ncreated greeting\n1 of 1 done.\n',
  );
  expect(await latest('greeting')).toMatchObject({ number: 1, name: 'Greeting' });
  await rm(file('greeting'), { recursive: true });
  expect((await run('push', '--yes')).output).toContain('Nothing to change');
  expect((await run('push', '--yes', '--delete', '--workflow', 'sales-report')).output).toContain(
    'Nothing to change',
  );
  expect((await run('pull', '--workflow', 'greeting')).output).toContain('wrote workflows/greeting');
  await rm(file('greeting'), { recursive: true });
  expect((await run('push', '--yes', '--delete')).output).toBe(
    '- delete greeting\n= 1 unchanged\ndeleted greeting\n1 of 1 done.\n',
  );
  expect(await latest('greeting')).toBeNull();
});

test('a folder that is wrong, empty or misnamed deletes nothing, and is no success', async () => {
  await mkdir(join(cwd, 'empty', 'notes'), { recursive: true });
  for (const dir of ['workflws', 'empty', 'workflows/sales-report/workflow.yaml'])
    for (const command of [
      ['push', '--yes'],
      ['push', '--yes', '--delete'],
      ['diff', '--delete'],
    ])
      expect(await run(...command, '--dir', dir)).toEqual({
        code: 1,
        output: `Expected ${dir} to have a folder with a workflow.yaml for each workflow, found none. Pass the right one as --dir.\n`,
      });
  const misnamed = file('greeting', 'workflow.yml');
  await mkdir(file('greeting'), { recursive: true });
  await writeFile(misnamed, 'name: Greeting\nnodes: [{ key: a, type: input }]\n');
  expect(await run('push', '--yes')).toMatchObject({
    code: 1,
    output: expect.stringContaining('greeting: Expected a file workflow.yaml, found workflow.yml.'),
  });
  expect((await run('push', '--yes', '--workflow', 'sales-report')).code).toBe(0);
  await rename(misnamed, file('greeting', 'workflow.yaml'));
  await run('push', '--yes');
  await rename(file('greeting', 'workflow.yaml'), file('greeting', 'old.yaml'));
  expect(await run('push', '--yes', '--delete')).toMatchObject({
    code: 1,
    output: expect.stringContaining('greeting: Expected a file workflow.yaml, found old.yaml.'),
  });
  expect(await latest('greeting')).not.toBeNull();
  await rm(file('greeting'), { recursive: true });
  expect(await run('diff')).toEqual({
    code: 0,
    output:
      '= 1 unchanged\n= 1 on the server alone, kept without --delete: greeting\nThe server says what workflows says.\n',
  });
  expect((await run('push', '--yes', '--delete')).output).toContain('deleted greeting');
});

test('a field that no workflow has is said with its file and its name alone', async () => {
  await mkdir(file('typing'), { recursive: true });
  await writeFile(file('typing', 'workflow.yaml'), 'nmae: Typing\nnodes: [{ key: a, type: input }]\n');
  expect(await run('push', '--yes')).toEqual({
    code: 1,
    output:
      'workflows/typing/workflow.yaml: Field "nmae" is not defined by type "WorkflowInput". Did you mean "name"?\n\nNothing was changed.\n',
  });
  await rm(file('typing'), { recursive: true });
});

test('what somebody saves between the plan and the push is not replaced, and the push says what to do', async () => {
  await mkdir(file('shared'), { recursive: true });
  const text = (name: string) => `name: ${name}\nnodes: [{ key: a, type: input }]\n`;
  await writeFile(file('shared', 'workflow.yaml'), text('Shared'));
  await run('push', '--yes');
  await writeFile(file('shared', 'workflow.yaml'), text('Of the folder'));
  const save = `mutation ($input: WorkflowInput!) { workflowUpsert(key: "shared", input: $input) { change } }`;
  const meddle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await textOf(request);
    if (body.includes('mutation WorkflowUpsert'))
      await weft.query(save, { input: { name: 'Of another', nodes: [{ key: 'a', type: 'input' }] } });
    const { authorization } = request.headers;
    const headers = { 'content-type': 'application/json', authorization: authorization! };
    const answer = await fetch(server.url, { method: 'POST', headers, body });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  };
  await using meddler = createServer((request, response) => {
    meddle(request, response).catch((error) => response.destroy(error));
  });
  await once(meddler.listen(0, '127.0.0.1'), 'listening');
  const { port } = meddler.address() as AddressInfo;
  const refused = await run('push', '--yes', '--url', `http://127.0.0.1:${port}`);
  meddler.closeAllConnections();
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(
    /CONFLICT: shared was changed on the server meanwhile, and was not replaced; 0 of 1 done\. Push again/,
  );
  expect(await latest('shared')).toMatchObject({ number: 2, name: 'Of another' });
  await rm(file('shared'), { recursive: true });
  await run('push', '--yes', '--delete');
});

test('a token that is refused is told from none', async () => {
  expect((await run('pull', '--token', 'another-token-of-nobody')).output).toMatch(
    /^The server refused the token: .* Pass one as --token, or in WEFT_API_TOKEN\.\n$/,
  );
});

test('a node that is gone takes its file of code along; other files stay', async () => {
  await weft.createWorkflow({ ...report, name: 'Two parts' });
  await run('pull', '--workflow', 'two-parts');
  await writeFile(file('two-parts', 'README.md'), 'Ours.');
  await weft.query(
    `mutation ($input: WorkflowInput!) { workflowUpsert(key: "two-parts", input: $input) { change } }`,
    { input: { name: 'Two parts', nodes: [{ key: 'in', type: 'input' }] } },
  );
  await run('pull', '--workflow', 'two-parts');
  expect((await readdir(file('two-parts'))).sort()).toEqual(['README.md', 'workflow.yaml']);
  await rm(file('two-parts'), { recursive: true });
});

test('every fault is said with its file, and nothing is changed by halves', async () => {
  await writeFile(file('sales-report', 'add-up.py'), code.replace('sum(', '3 * sum('));
  await mkdir(file('broken'), { recursive: true });
  await writeFile(
    file('broken', 'workflow.yaml'),
    'name: Broken\nnodes:\n  - { key: a, type: nope }\n  - { key: b, type: python, codeFile: b.py }\n',
  );
  await writeFile(file('broken', 'b.py'), 'import os\n');
  const refused = await run('push', '--yes');
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(/workflows\/broken\/workflow\.yaml: nodes\.0\.type: /);
  expect(refused.output).toMatch(/Nothing was changed\.\n$/);
  expect(await latest('sales-report')).toMatchObject({ number: 2 });

  for (const [text, message] of [
    ['name: [', /broken\/workflow\.yaml: .*line 1/],
    ['- a\n', /Expected the fields of a workflow/],
    ['name: A\nname: B\n', /unique/],
    ['name: A\ntimeoutMs: .inf\nnodes: []\n', /timeoutMs: Expected a number that JSON has/],
    ['name: A\nnodes:\n  - { key: b, type: python, codeFile: ../b.py }\n', /the name of a file beside it/],
    ['name: A\nnodes:\n  - { key: b, type: python, codeFile: c.py }\n', /the file c\.py, which is not there/],
    [
      'name: A\nnodes:\n  - { key: b, type: python, codeFile: b.py, config: { code: x } }\n',
      /in b\.py or in `config`, got both/,
    ],
    ['name: A\nnodes: []\nnodez: 1\n', /nodez/],
  ] as const) {
    await writeFile(file('broken', 'workflow.yaml'), text);
    expect(await run('push', '--yes')).toMatchObject({ code: 1, output: expect.stringMatching(message) });
  }
  await rm(file('broken'), { recursive: true });
  expect(await run('push', '--yes', '--workflow', 'nobody')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/key, the id or the name of a workflow, got "nobody"/),
  });
  expect(await run('pull', 'push')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/one of the commands/),
  });
});

test('any configuration comes back from its files as it was', async () => {
  const config = fc.dictionary(fc.string(), fc.jsonValue());
  const code = fc.string({ unit: 'binary' });
  await fc.assert(
    fc.asyncProperty(config, code, async (given, text) => {
      const workflow = {
        name: text || 'x',
        nodes: [
          { key: 'A', type: 'python', config: { ...given, code: text } },
          { key: 'a', type: 'python', config: { code: text } },
          { key: 'b', type: 'transform', config: given },
        ],
        edges: [],
      };
      const files = renderWorkflow(workflow as never);
      const { input } = await parseWorkflow('folder', async (name) =>
        files.get(name)?.replaceAll('\r\n', '\n'),
      );
      const configs = JSON.parse(JSON.stringify(workflow.nodes)).map(
        ({ config }: { config: object }) => config,
      );
      expect(JSON.parse(JSON.stringify(input.nodes.map((node) => node.config ?? {})))).toEqual(configs);
    }),
  );
});

test('the folder of a project is pushed to it, pulled from it, and no other project has it', async () => {
  await weft.query('mutation { projectCreate(input: { key: "acme" }) { userErrors { code } } }');
  await rm(file(), { recursive: true, force: true });
  await mkdir(file('of-acme'), { recursive: true });
  await writeFile(
    file('of-acme', 'workflow.yaml'),
    'name: Of Acme\nnodes:\n  - key: out\n    type: output\n',
  );
  const acme = ['--project', 'acme'];
  expect(await run('push', '--yes', ...acme)).toMatchObject({ code: 0 });
  expect(await latest('of-acme')).toBeNull();
  expect((await run('diff', ...acme)).code).toBe(0);
  await rm(file(), { recursive: true });
  expect((await run('pull', ...acme)).code).toBe(0);
  expect(await readdir(file())).toEqual(['of-acme']);
  expect(await run('generate', '--out', 'acme.ts', ...acme)).toMatchObject({ code: 0 });
  expect(await readFile(join(cwd, 'acme.ts'), 'utf8')).toContain('of-acme');
  const refused = await run('pull', '--project', 'nowhere');
  expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('There is no project nowhere')]);
});
