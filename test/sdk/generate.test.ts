import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../server/shared/paths.ts';
import { blocksOf } from '../support/doc-blocks.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openProject, type Project } from '../support/user-project.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const token = 'a-token-of-the-tests';
const stack = new AsyncDisposableStack();
let server: WeftServer;
let weft: WeftClient;
let project: Project;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  server = stack.use(await startWeft({ databaseUrl: url, env: { WEFT_API_TOKEN: token } }));
  weft = stack.use(new WeftClient(server.url, token));
  project = stack.use(await openProject());
});
afterAll(() => stack.disposeAsync());

const command = join(projectRoot, 'client-sdk/dist/cli/main.js');

/** What the command says, and how it ends. */
async function weftClient(
  args: string[],
  env = {},
  cwd = project.folder,
): Promise<{ code: number; output: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [command, ...args], {
      cwd,
      env,
    });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, output: stderr };
  }
}

const generate = (...more: string[]) =>
  weftClient(['generate', '--url', server.url, '--token', token, '--out', 'weft.ts', ...more]);

const report = {
  name: 'Sales report',
  description: 'Adds up rows',
  nodes: [
    { key: 'in', type: 'input' },
    {
      key: 'add-up',
      type: 'python',
      config: { code: 'result = {"total": sum(row["price"] for row in input_data["rows"])}' },
    },
    { key: 'out', type: 'output' },
  ],
  edges: [
    { source: 'in', target: 'add-up' },
    { source: 'add-up', target: 'out' },
  ],
  inputSchema: {
    type: 'object',
    required: ['rows'],
    properties: { rows: { type: 'array', items: { $ref: '#/$defs/row' } } },
    $defs: { row: { type: 'object', required: ['price'], properties: { price: { type: 'number' } } } },
  },
  outputSchema: { type: 'object', required: ['total'], properties: { total: { type: 'number' } } },
};
const untyped = { name: 'create', nodes: [{ key: 'a', type: 'transform', config: { expression: 'input' } }] };

test('an error names what is wrong: the usage, the address, the token, or that the server has no workflows', async () => {
  const other = ['--url', 'http://127.0.0.1:9', '--out', 'weft.ts'];
  expect(await weftClient(['generate', '--out', 'x'])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/--url to be an address, got nothing\.\s+Usage/),
  });
  expect(await weftClient(['generate', '--nope'])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/'--nope'.*[\s\S]*Usage/),
  });
  expect(await weftClient(['generate', ...other])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/http:\/\/127\.0\.0\.1:9.*ECONNREFUSED|bad port/),
  });
  expect(await weftClient(['generate', '--url', server.url, '--out', 'weft.ts'])).toMatchObject({
    code: 1,
    output: expect.stringMatching(/Expected an API token.*--token/),
  });
  expect(await generate()).toMatchObject({ code: 1, output: expect.stringMatching(/Expected workflows on/) });
});

test('a generated module knows inputs, results and node outputs, runs, and is checked for drift', async () => {
  await weft.createWorkflow(report);
  await weft.createWorkflow(untyped);
  expect(await generate('--check')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/without --check/),
  });
  expect(await generate()).toMatchObject({ code: 0, output: expect.stringMatching(/Wrote weft\.ts: the 2/) });
  const written = await readFile(join(project.folder, 'weft.ts'), 'utf8');
  await project.write('weft.ts', written.replaceAll('\n', '\r\n')); // as git may do
  expect(await generate('--check')).toMatchObject({ code: 0, output: expect.stringMatching(/up to date/) });

  await project.write('app.ts', app);
  expect(project.complaints()).toBe('');
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(project.folder, 'app.ts'),
    server.url,
  ]);
  expect(JSON.parse(stdout)).toEqual({
    total: 7,
    added: 7,
    untyped: [1],
    refused: ['INVALID_INPUT', 'input.rows.0.price'],
    noOutput: 'NODE_HAS_NO_OUTPUT',
  });

  expect(written).toContain('salesReport: { workflowKey: "sales-report" }');
  await weft.createWorkflow({ ...untyped, name: 'one more' });
  expect(await generate('--check')).toMatchObject({ code: 1, output: expect.stringMatching(/they differ/) });
});

test('only the workflows that are named are written, and others change nothing', async () => {
  await weft.createWorkflow({ ...untyped, name: 'Orders' });
  const two = await weft.createWorkflow({ ...untyped, name: 'Orders' });
  await weft.createWorkflow({ ...untyped, name: 'Parts list' });
  const chosen = [
    '--workflow',
    two,
    '--workflow',
    'Parts list',
    '--workflow',
    'parts-list',
    '--out',
    'chosen.ts',
  ];

  expect(await generate('--workflow', 'Orders')).toEqual({
    code: 1,
    output:
      'Expected --workflow "Orders" to be one workflow, got several of that name. Pass a key:\n' +
      '  orders-2  Orders\n  orders  Orders\n',
  });
  const unknown = await generate('--workflow', 'order');
  expect(unknown).toMatchObject({
    code: 1,
    output: expect.stringMatching(/got "order"\. The server has:\n/),
  });
  for (const line of ['  orders-2  Orders\n', '  parts-list  Parts list\n'])
    expect(unknown.output).toContain(line);

  expect(await generate(...chosen)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/the 2 workflows/),
  });
  const written = await readFile(join(project.folder, 'chosen.ts'), 'utf8');
  expect(written).toContain(
    '  orders2: { workflowKey: "orders-2" },\n    partsList: { workflowKey: "parts-list" },\n',
  );
  expect(written).not.toContain('"orders"');
  await weft.createWorkflow({ ...untyped, name: 'Parts list of somebody else' });
  expect(await generate('--check', ...chosen)).toMatchObject({ code: 0 });
});

test('a module that was made against one server runs against another', async () => {
  await deleteWorkflows();
  await weft.createWorkflow(report);
  expect(await generate('--out', 'elsewhere.ts')).toMatchObject({ code: 0 });
  const { url: databaseUrl } = stack.use(await createDatabase());
  await using other = await startWeft({ databaseUrl });
  await using otherWeft = new WeftClient(other.url);
  await otherWeft.createWorkflow({ ...untyped, name: 'Was here first' });
  await otherWeft.createWorkflow(report);
  await project.write(
    'elsewhere-app.ts',
    `import { createClient } from './elsewhere.ts';
     const weft = createClient({ url: process.argv[2]! });
     const { total } = await weft.workflows.salesReport.run({ rows: [{ price: 5 }] }).result();
     console.log(total);`,
  );
  const program = join(project.folder, 'elsewhere-app.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, other.url]);
  expect(stdout.trim()).toBe('5');
});

test('the code of its page in the documentation does what the page says', async () => {
  await deleteWorkflows();
  const [create, generateLine, beginning, use, onlyLine, checkLine] = await blocksOf(
    'generate.md',
    server.url,
  );
  await using page = await openProject();
  const run = async (program: string, code: string) => {
    await page.write(program, code.replace('createClient({ url', `createClient({ token: '${token}', url`));
    return promisify(execFile)(process.execPath, [join(page.folder, program)]);
  };
  const command = async ({ code }: { code: string }) => {
    const [npx, name, ...args] = code.match(/"[^"]+"|\S+/g)!.map((word) => word.replaceAll('"', ''));
    expect([npx, name]).toEqual(['npx', 'weft-client']);
    return weftClient(args, { WEFT_API_TOKEN: token }, page.folder);
  };
  await run('create.ts', create!.code);
  expect(await command(generateLine!)).toMatchObject({ code: 0 });
  const module = await readFile(join(page.folder, 'weft.ts'), 'utf8');
  for (const part of beginning!.code.split('\n\n')) expect(module).toContain(part.trim());
  const { stdout } = await run('use.ts', use!.code);
  expect(page.complaints()).toBe('');
  expect(stdout).toMatch(
    /^in has succeeded\naddUp has succeeded\nout has succeeded\nexec_\S+ returned 7 by its node: 7\n$/,
  );
  expect(await command(checkLine!)).toMatchObject({ code: 0 });
  await weft.createWorkflow({ ...untyped, name: 'Of somebody else' });
  expect(await command(checkLine!)).toMatchObject({ code: 1 });
  expect(await command(onlyLine!)).toMatchObject({ code: 0, output: expect.stringMatching(/up to date/) });
});

async function deleteWorkflows(): Promise<void> {
  const { workflows } = await weft.query<{ workflows: { nodes: { id: string }[] } }>(
    '{ workflows { nodes { id } } }',
  );
  const mutation = 'mutation ($id: ID!) { workflowDelete(id: $id) { deletedWorkflowId } }';
  for (const { id } of workflows.nodes) await weft.query(mutation, { id });
}

const app = `
import { WeftInputError, type WeftError } from '@weft/client';
import { createClient, type SalesReportInput, type SalesReportOutput } from './weft.ts';

const weft = createClient({ url: process.argv[2]!, token: '${token}' });
const input: SalesReportInput = { rows: [{ price: 3 }, { price: 4 }] };
const run = weft.workflows.salesReport.run(input);
const result: SalesReportOutput = await run.result();
const total: number = result.total;
const added = (await run.nodeOutput('out')).total;
const untyped = await weft.workflows.create2.run([1]).result();

// @ts-expect-error a result that the workflow does not have
result.sum;
// @ts-expect-error a node that it does not have
run.nodeOutput('nothing').catch(() => {});
// @ts-expect-error an output that nobody knows
(await run.nodeOutput('add-up')).total;
// @ts-expect-error a workflow that is not there
weft.workflows.nothing?.run();
// @ts-expect-error an untyped result
untyped.length;
const wrong = () => [
  // @ts-expect-error an input that it wants
  weft.workflows.salesReport.run(),
  // @ts-expect-error another input
  weft.workflows.salesReport.run({ rows: [{ prize: 1 }] }),
];
const [refused] = await Promise.allSettled([
  weft.workflows.salesReport.run({ rows: [{ price: 'x' as unknown as number }] }).result(),
]);
const { code, fields } = (refused as PromiseRejectedResult).reason as WeftInputError;
const noOutput = await run.nodeOutput('nothing' as 'out').catch((error: WeftError) => error.code);
console.log(JSON.stringify({ total, added, untyped, refused: [code, ...fields], noOutput }));
void wrong;
const listed = await weft.workflows.list().take(1);
if (listed.length !== 1) throw new Error('the methods of the client are to stay');
`;
