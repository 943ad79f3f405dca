import { delimiter, dirname } from 'node:path';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { findTestUv } from '../support/test-uv.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const uvPath = await findTestUv();
const stack = new AsyncDisposableStack();
let index: TestIndex;
let weft: WeftClient;

beforeAll(async () => {
  index = stack.use(
    await openTestIndex(
      { name: 'tiny-tools', version: '1.0', requires: ['tiny-base'] },
      { name: 'tiny-base', version: '1.0' },
      {
        name: 'crashing',
        version: '1.0',
        files: { 'crashing.py': 'raise RuntimeError("not on my watch")\n' },
      },
      { name: 'greedy', version: '1.0', requires: ['evil'] },
      { name: 'evil', version: '1.0' },
    ),
  );
  const { url: databaseUrl } = stack.use(await createDatabase());
  const env = {
    PATH: [...(uvPath === undefined ? [] : [dirname(uvPath)]), process.env.PATH].join(delimiter),
    PYTHON_INDEX_URL: index.url,
    PYTHON_ALLOWED_PACKAGES: 'Tiny_Tools, tiny-base, crashing, greedy, absent',
    PYTHON_BLOCKED_PACKAGES: 'evil',
    UV_HTTP_RETRIES: '0',
  };
  const server = stack.use(await startWeft({ databaseUrl, env }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

const pythonNode = (key: string, config: object) => ({
  key,
  type: 'python',
  config: { code: 'result = 1', ...config },
});

const ENVIRONMENT = 'id requirements packages { name version } sizeBytes state message createdAt lastUsedAt';

interface Environment {
  id: string;
  state: string;
  requirements: string[];
}

const listed = async () =>
  (await weft.query<{ pythonEnvironments: Environment[] }>(`{ pythonEnvironments { ${ENVIRONMENT} } }`))
    .pythonEnvironments;

async function prepare(...packages: string[]) {
  const { pythonEnvironmentPrepare } = await weft.query<{
    pythonEnvironmentPrepare: { pythonEnvironment: Environment | null; userErrors: object[] };
  }>(
    `mutation ($packages: [String!]!) {
      pythonEnvironmentPrepare(packages: $packages) { pythonEnvironment { ${ENVIRONMENT} } userErrors { code field message } }
    }`,
    { packages },
  );
  return pythonEnvironmentPrepare;
}

async function deleteEnvironment(id: string) {
  const { pythonEnvironmentDelete } = await weft.query<{ pythonEnvironmentDelete: object }>(
    'mutation ($id: ID!) { pythonEnvironmentDelete(id: $id) { deletedPythonEnvironmentId userErrors { code field } } }',
    { id },
  );
  return pythonEnvironmentDelete;
}

test('packages that may not be had are known at save, each at its place', async () => {
  const nodes = [
    pythonNode('a', {}),
    pythonNode('b', { packages: ['tiny-tools'] }),
    pythonNode('c', {
      timeoutMs: '30 s',
      packages: ['tiny-toolz', 'evil', 'tiny-base; rm -rf /', '{{ input.package }}', '-r x.txt'],
    }),
  ];
  const { workflowValidate } = await weft.query<{ workflowValidate: { field: string }[] }>(
    'query ($input: WorkflowInput!) { workflowValidate(input: $input) { code field message } }',
    { input: { name: 'packages', nodes, edges: [] } },
  );
  const field = 'nodes.2.config.packages';
  expect(workflowValidate).toContainEqual(expect.objectContaining({ field: 'nodes.2.config.timeoutMs' }));
  expect(workflowValidate.filter((error) => error.field.startsWith(field))).toEqual([
    {
      code: 'PACKAGE_NOT_ALLOWED',
      field: `${field}.0`,
      message: expect.stringContaining('Did you mean `tiny-tools`?'),
    },
    { code: 'PACKAGE_NOT_ALLOWED', field: `${field}.1`, message: expect.stringContaining('blocked') },
    { code: 'INVALID_REQUIREMENT', field: `${field}.2`, message: expect.stringContaining('tiny-base') },
    { code: 'PACKAGE_NOT_ALLOWED', field: `${field}.4`, message: expect.stringContaining('option') },
  ]);
  await expect(weft.createWorkflow({ nodes })).rejects.toThrow('PACKAGE_NOT_ALLOWED');
});

test('500 packages on a node are refused at save', async () => {
  const packages = Array.from({ length: 500 }, (_, number) => `package-${number}`);
  await expect(weft.createWorkflow({ nodes: [pythonNode('a', { packages })] })).rejects.toThrow(
    'at most 100 items',
  );
  expect(await prepare(...packages)).toMatchObject({
    userErrors: [{ code: 'INVALID_REQUIREMENT', message: expect.stringContaining('got 500') }],
  });
});

test('pythonCheck reports problems of packages beside those of code', async () => {
  const { pythonCheck } = await weft.query<{ pythonCheck: object }>(
    'query ($packages: [String!]) { pythonCheck(code: "x = 1", packages: $packages) { ok violations { rule line } } }',
    { packages: ['tiny-tools', 'requests', 'a b'] },
  );
  const violations = [
    { rule: 'package-not-allowed', line: null },
    { rule: 'invalid-requirement', line: null },
  ];
  expect(pythonCheck).toEqual({ ok: false, violations });
});

test('what becomes of a template is judged at run: a violation, live and as the error', async () => {
  const node = pythonNode('py', { packages: ['{{ input.package }}'] });
  const events = await weft.allEvents(await weft.run([node], [], { package: 'requests' }));
  expect(events).toContainEqual(
    expect.objectContaining({
      __typename: 'SecurityViolation',
      violation: expect.objectContaining({ rule: 'package-not-allowed', layer: 'STATIC' }),
    }),
  );
  expect(events.at(-1)!.error).toMatchObject({ code: 'PYTHON_SECURITY_ERROR' });
});

test('a blocked package that an allowed one pulls in is a violation', async () => {
  const events = await weft.allEvents(await weft.runPython('result = 1', { packages: ['greedy'] }));
  expect(events.map(({ __typename }) => __typename)).toContain('SecurityViolation');
  expect(events.at(-1)!.error).toMatchObject({
    code: 'PYTHON_SECURITY_ERROR',
    message: expect.stringContaining('greedy needs evil'),
  });
});

test('a node with packages reports how far they are, runs, and finds them installed the second time', async () => {
  const code = 'import tiny_tools, tiny_base\nresult = tiny_tools.VERSION';
  const first = await weft.allEvents(await weft.runPython(code, { packages: ['tiny-tools'] }));
  const statuses = first
    .filter(({ __typename }) => __typename === 'NodeEnvironment')
    .map(({ status }) => status);
  expect([...new Set(statuses)]).toEqual(['RESOLVING', 'INSTALLING', 'READY']);
  expect(first.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: '1.0' });
  const requested = index.requests.length;
  const second = await weft.allEvents(await weft.runPython(code, { packages: ['tiny-tools'] }));
  expect(second.at(-1)).toMatchObject({ output: '1.0' });
  expect(index.requests).toHaveLength(requested);
});

test('a failed installation goes the way of any failure, and the next attempt tries again', async () => {
  const nodes = [
    {
      ...pythonNode('py', { packages: ['absent'] }),
      retry: { maxAttempts: 2, initialDelayMs: 0, retryOn: ['PYTHON_PACKAGE_ERROR'] },
    },
    pythonNode('rescue', { code: 'result = input_data["error"]["code"]' }),
  ];
  const edges = [{ source: 'py', sourceHandle: 'error', target: 'rescue' }];
  const events = await weft.allEvents(await weft.run(nodes, edges));
  const failed = events.filter(
    ({ __typename, status }) => __typename === 'NodeEnvironment' && status === 'FAILED',
  );
  expect(failed.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(failed[0]!.message).toContain('absent');
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'PYTHON_PACKAGE_ERROR' });
});

test('a package whose import crashes is an error of the code that imports it', async () => {
  const code = 'import crashing';
  const events = await weft.allEvents(await weft.runPython(code, { packages: ['crashing'] }));
  expect(events.at(-1)!.error).toMatchObject({
    code: 'PYTHON_EXECUTION_ERROR',
    type: 'RuntimeError',
    message: expect.stringContaining('not on my watch'),
  });
});

test('an environment is prepared ahead, listed, and deleted', async () => {
  const { pythonEnvironment, userErrors } = await prepare('tiny-base>=1');
  expect(userErrors).toEqual([]);
  expect(pythonEnvironment).toMatchObject({
    id: expect.stringMatching(/^env_/),
    state: 'READY',
    requirements: ['tiny-base>=1'],
    packages: [{ name: 'tiny-base', version: '1.0' }],
    sizeBytes: expect.any(Number),
    lastUsedAt: expect.any(String),
  });
  const { id } = pythonEnvironment!;
  expect((await listed()).map((environment) => environment.id)).toContain(id);
  expect(await deleteEnvironment(id)).toEqual({ deletedPythonEnvironmentId: id, userErrors: [] });
  expect((await listed()).map((environment) => environment.id)).not.toContain(id);
  expect(await deleteEnvironment(id)).toMatchObject({ userErrors: [{ code: 'NOT_FOUND', field: 'id' }] });
});

test('the stages of a build are emitted as they happen, up to READY or FAILED', async () => {
  const stagesOf = async (...packages: string[]) => {
    const stages = weft.subscribe<{ pythonEnvironmentProgress: { status: string; message: string | null } }>(
      `subscription ($packages: [String!]!) {
        pythonEnvironmentProgress(packages: $packages) { status message environment { state requirements } }
      }`,
      { packages },
    );
    return (await Array.fromAsync(stages)).map(({ data }) => data!.pythonEnvironmentProgress);
  };
  const built = await stagesOf('tiny-base<2');
  expect([...new Set(built.map(({ status }) => status))]).toEqual(['RESOLVING', 'INSTALLING', 'READY']);
  expect(built.at(-1)).toMatchObject({ environment: { state: 'READY' } });
  expect((await stagesOf('evil')).at(-1)).toMatchObject({
    status: 'FAILED',
    message: expect.stringContaining('blocked'),
    environment: null,
  });
  expect(await stagesOf()).toMatchObject([
    { status: 'FAILED', message: expect.stringContaining('at least one') },
  ]);
});

test('what cannot be prepared is a userError, and is listed as failed until somebody deletes it', async () => {
  expect(await prepare()).toMatchObject({ userErrors: [{ code: 'REQUIRED', field: 'packages' }] });
  expect(await prepare('tiny-base', 'evil')).toMatchObject({
    userErrors: [{ code: 'PACKAGE_NOT_ALLOWED', field: 'packages.1' }],
  });
  const { pythonEnvironment, userErrors } = await prepare('absent==1');
  expect(pythonEnvironment).toBeNull();
  expect(userErrors).toMatchObject([
    { code: 'PYTHON_PACKAGE_ERROR', message: expect.stringContaining('absent') },
  ]);
  const failed = (await listed()).find(({ requirements }) => requirements.includes('absent==1'));
  expect(failed).toMatchObject({ state: 'FAILED' });
  expect(await deleteEnvironment(failed!.id)).toMatchObject({ userErrors: [] });
});

test('serverInfo lists which packages are allowed', async () => {
  const { serverInfo } = await weft.query<{ serverInfo: { packages: object } }>(
    '{ serverInfo { packages { allowed blocked allowedCover sourceBuilds noIndex maxEnvironmentsMb } } }',
  );
  expect(serverInfo.packages).toEqual({
    allowed: ['tiny-tools', 'tiny-base', 'crashing', 'greedy', 'absent'],
    blocked: ['evil'],
    allowedCover: 'asked',
    sourceBuilds: false,
    noIndex: false,
    maxEnvironmentsMb: 10_000,
  });
});
