import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let server: WeftServer;
let weft: WeftClient;

const STANDARD = "import os\nopen('x', 'w').close()\nresult = os.listdir('.')";
const KERNEL = "result = eval('1 + 1')";

beforeAll(async () => {
  ({ url: databaseUrl } = stack.use(await createDatabase()));
  const env = {
    PYTHON_POLICY: 'standard',
    PYTHON_MAX_TIMEOUT_SECONDS: '600',
    PYTHON_OUTPUT_MB: '2',
    PYTHONPATH: import.meta.dirname,
    SECRET_OF_THE_HOST: 'x',
    WEFT_WAITING_CELLS: '2',
  };
  server = stack.use(await startWeft({ databaseUrl, env }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(async () => {
  await stack.disposeAsync();
});

const nodesOf = (code: string, config: object = {}) => [
  { key: 'a', type: 'python', config: { code, ...config } },
];

async function endOf(client: WeftClient, executionId: string) {
  const { __typename, error } = (await client.allEvents(executionId)).at(-1)!;
  return error ? error.code : __typename;
}

interface Saved {
  workflowCreate: {
    workflow: { id: string; latestVersion: { pythonPolicy: string | null } } | null;
    userErrors: { code: string; field: string; message: string }[];
  };
}

async function save(input: object) {
  const { workflowCreate } = await weft.query<Saved>(
    `mutation ($input: WorkflowInput!) {
      workflowCreate(input: $input) {
        workflow { id latestVersion { pythonPolicy } } userErrors { code field message }
      }
    }`,
    { input: { name: 'policy', ...input } },
  );
  return workflowCreate;
}

test('a workflow has the policy of the server, or the stricter one that it asks for', async () => {
  const { workflow } = await save({ nodes: nodesOf(STANDARD) });
  expect(workflow!.latestVersion).toEqual({ pythonPolicy: null });
  expect(await endOf(weft, await weft.start(workflow!.id))).toBe('ExecutionSucceeded');

  const strict = await save({ nodes: nodesOf(STANDARD), pythonPolicy: 'STRICT' });
  expect(strict.workflow!.latestVersion).toEqual({ pythonPolicy: 'STRICT' });
  expect(await endOf(weft, await weft.start(strict.workflow!.id))).toBe('PYTHON_SECURITY_ERROR');
});

test('code has no variable of the server, whose PYTHONPATH is not searched either', async () => {
  const code =
    'import os, sys\nresult = [os.environ.get("SECRET_OF_THE_HOST"), sorted(os.environ), sys.path]';
  const [secret, names, folders] = (await weft.allEvents(await weft.runPython(code))).at(-1)!.output as [
    null,
    string[],
    string[],
  ];
  expect(secret).toBeNull();
  expect(names).toEqual(expect.arrayContaining(['HOME', 'USER']));
  expect(names.filter((name) => /PYTHON|WEFT|DATABASE|TOKEN/.test(name))).toEqual([]);
  expect(folders).not.toContain(import.meta.dirname);
});

test('a looser policy than the server has is refused, with the setting and what to do', async () => {
  const { workflow, userErrors } = await save({ nodes: nodesOf('1'), pythonPolicy: 'KERNEL' });
  expect(workflow).toBeNull();
  expect(userErrors).toEqual([
    {
      code: 'POLICY_NOT_ALLOWED',
      field: 'pythonPolicy',
      message: expect.stringMatching(
        /STRICT or STANDARD.*PYTHON_POLICY of this server is standard, got KERNEL/,
      ),
    },
  ]);
  const { pythonRun } = await weft.query<{ pythonRun: { userErrors: object[] } }>(
    'mutation { pythonRun(input: { code: "1", policy: KERNEL }) { userErrors { code field } } }',
  );
  expect(pythonRun.userErrors).toEqual([{ code: 'POLICY_NOT_ALLOWED', field: 'policy' }]);
  await expect(weft.query('{ pythonCheck(code: "1", policy: KERNEL) { ok } }')).rejects.toThrow(
    /PYTHON_POLICY of this server is standard/,
  );
});

test('a single run and a check have a policy as well, and the server says which', async () => {
  expect(await endOf(weft, await weft.runPython(STANDARD))).toBe('ExecutionSucceeded');
  expect(await endOf(weft, await weft.runPython(KERNEL))).toBe('PYTHON_SECURITY_ERROR');
  expect(await endOf(weft, await weft.runPython(STANDARD, { policy: 'STRICT' }))).toBe(
    'PYTHON_SECURITY_ERROR',
  );
  const checked = await weft.query(
    `query ($code: String!) {
      theirs: pythonCheck(code: $code) { ok policy }
      strict: pythonCheck(code: $code, policy: STRICT) { ok policy }
      serverInfo { sandbox { policy } }
    }`,
    { code: STANDARD },
  );
  expect(checked).toEqual({
    theirs: { ok: true, policy: 'STANDARD' },
    strict: { ok: false, policy: 'STRICT' },
    serverInfo: { sandbox: { policy: 'STANDARD' } },
  });
});

test('the warnings of a workflow are by its own policy', async () => {
  const warningsOf = async (pythonPolicy: string | null) => {
    const { workflowValidate } = await weft.query<{ workflowValidate: { code: string }[] }>(
      'query ($input: WorkflowInput!) { workflowValidate(input: $input) { code } }',
      { input: { name: 'policy', nodes: nodesOf(STANDARD), pythonPolicy } },
    );
    return workflowValidate.map(({ code }) => code);
  };
  expect(await warningsOf(null)).toEqual([]);
  expect(new Set(await warningsOf('STRICT'))).toEqual(new Set(['PYTHON_SECURITY_ERROR']));
});

test('forms and saving have the bounds of the server', async () => {
  const { nodeDefinition } = await weft.query<{
    nodeDefinition: { fields: { name: string; max: number; description: string }[]; configSchema: object };
  }>('{ nodeDefinition(type: "python") { fields { name max description } configSchema } }');
  const described = (text: string) => expect.stringContaining(text);
  expect(nodeDefinition.fields).toMatchObject(
    expect.arrayContaining([
      { name: 'timeoutMs', max: 600_000, description: described('1 second to 10 minutes') },
      { name: 'memoryMb', max: 16_384, description: described('folder may hold 64 MiB, and 2 MiB of its') },
    ]),
  );
  expect(nodeDefinition.configSchema).toMatchObject({ properties: { timeoutMs: { maximum: 600_000 } } });
  expect((await save({ nodes: nodesOf('1', { timeoutMs: 600_000 }) })).userErrors).toEqual([]);
  expect((await save({ nodes: nodesOf('1', { timeoutMs: 600_001 }) })).userErrors).toMatchObject([
    { field: 'nodes.0.config.timeoutMs', message: expect.stringContaining('600000') },
  ]);
});

test('a version that is looser than the server has become runs by the policy of the server', async () => {
  const { workflow } = await save({
    nodes: nodesOf(STANDARD),
    pythonPolicy: 'STANDARD',
  });
  expect(await server.stop()).toBe(0);
  await using stricter = await startWeft({ databaseUrl, env: { WEFT_WAITING_CELLS: '2' } });
  await using client = new WeftClient(stricter.url);
  expect(await endOf(client, await client.start(workflow!.id))).toBe('PYTHON_SECURITY_ERROR');
});
