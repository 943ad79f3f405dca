import { ageHeartbeats } from '../support/age-heartbeats.ts';
import { endSleeps } from '../support/end-sleeps.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let server: Awaited<ReturnType<typeof startWeft>>;
let weft: WeftClient;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  await open();
});
afterAll(() => stack.disposeAsync());

async function open() {
  server = stack.use(await startWeft({ databaseUrl }));
  weft = stack.use(new WeftClient(server.url));
}

const python = (key: string, code: string, more: object = {}) => ({
  key,
  type: 'python',
  config: { code, timeoutMs: 120_000 },
  ...more,
});
const transform = (key: string, expression: string, more: object = {}) => ({
  key,
  type: 'transform',
  config: { expression },
  ...more,
});
/** `a>b`, `a.error>b.input`. */
const edge = (text: string) => {
  const [source, sourceHandle, target, targetHandle] = /^(\w+)(?:\.(\w+))?>(\w+)(?:\.(\w+))?$/
    .exec(text)!
    .slice(1);
  return { source, sourceHandle, target, targetHandle };
};
const typesOf = (events: WatchedEvent[], nodeKey: string) =>
  events.filter((event) => event.nodeKey === nodeKey).map(({ __typename }) => __typename);
const succeededOf = (events: WatchedEvent[], nodeKey: string) =>
  events.filter((event) => event.nodeKey === nodeKey && event.__typename === 'NodeSucceeded');
const skipOf = (events: WatchedEvent[], nodeKey: string) =>
  events.find((event) => event.nodeKey === nodeKey && event.__typename === 'NodeSkipped')?.because;

const report = {
  nodes: [
    { key: 'in', type: 'input' },
    python('parse', 'result = {row["region"]: row["total"] for row in input_data["rows"]}'),
    transform('regions', 'input.parse'),
    transform('total', '$sum($lookup(input, $keys(input)))'),
    { key: 'met', type: 'branch', config: { condition: 'input > 100' } },
    transform('explain', '"could not read " & input.error.type'),
    { key: 'report', type: 'output', config: { value: '{{ input.text }}' } },
    transform('good', '"met"'),
    transform('bad', '"not met"'),
  ],
  edges: [
    'in>parse',
    'in>regions',
    'parse>regions',
    'parse.error>explain',
    'regions>total',
    'total>met',
    'met.true>good',
    'met.false>bad',
    'good>report.text',
    'bad>report.text',
    'explain>report.text',
  ].map(edge),
};

test('a node never runs without what it needs: it is skipped, with the reason, and the error handle tells it', async () => {
  const workflowId = await weft.createWorkflow(report);
  const run = async (input: object) => weft.allEvents(await weft.start(workflowId, input));

  const good = await run({ rows: [{ region: 'n', total: 120 }] });
  expect(good.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'met' });
  expect(skipOf(good, 'explain')).toEqual([
    { source: 'parse', sourceHandle: 'error', targetHandle: null, reason: 'OTHER_HANDLE', emitted: 'output' },
  ]);

  const failed = await run({ rows: [{ region: 'n' }] });
  expect(failed.at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: 'could not read KeyError',
  });
  for (const key of ['regions', 'total', 'met', 'good', 'bad'])
    expect([key, ...typesOf(failed, key)]).toEqual([key, 'NodeSkipped']);
  expect(skipOf(failed, 'regions')).toEqual([
    { source: 'parse', sourceHandle: 'output', targetHandle: null, reason: 'SOURCE_FAILED', emitted: null },
  ]);
  expect(skipOf(failed, 'total')).toMatchObject([{ source: 'regions', reason: 'SOURCE_SKIPPED' }]);
});

test('nodeExecutions say why a node was skipped', async () => {
  const id = await weft.run(report.nodes, report.edges, { rows: [{}] });
  await weft.allEvents(id);
  const { execution } = await weft.query<{
    execution: { nodeExecutions: { nodeKey: string; because: unknown }[] };
  }>(
    'query ($id: ID!) { execution(id: $id) { nodeExecutions { nodeKey because { source reason emitted } } } }',
    { id },
  );
  const becauseOf = (key: string) => execution.nodeExecutions.find(({ nodeKey }) => nodeKey === key)!.because;
  expect(becauseOf('regions')).toEqual([{ source: 'parse', reason: 'SOURCE_FAILED', emitted: null }]);
  expect(becauseOf('explain')).toBeNull();
});

const optional = (join?: string) => ({
  nodes: [
    { key: 'member', type: 'branch', config: { condition: 'input' } },
    transform('discount', '10'),
    transform('base', '100'),
    transform('price', '{ "keys": $keys(input) }', join === undefined ? {} : { join }),
  ],
  edges: ['member.true>discount', 'discount>price', 'base>price'].map(edge),
});

test('ALL is the default and waits for every input, ANY for what comes of them', async () => {
  const outputOf = async (draft: ReturnType<typeof optional>, input: boolean) =>
    (await weft.allEvents(await weft.run(draft.nodes, draft.edges, input))).at(-1)!.output;
  expect(await outputOf(optional(), true)).toEqual({ keys: ['discount', 'base'] });
  expect(await outputOf(optional(), false)).toBeNull();
  expect(await outputOf(optional('ANY'), false)).toEqual({ keys: 'base' });
});

interface Versions {
  workflow: { versions: { nodes: { number: number; nodes: { key: string; join: string }[] }[] } };
}
const VERSIONS =
  'query ($id: ID!) { workflow(id: $id) { versions { nodes { number nodes { key join } } } } }';

test('a version that was saved before joins reads and runs as ANY, and the next one has ALL', async () => {
  const workflowId = await weft.createWorkflow(optional());
  await makeOld(workflowId);
  const outputOf = async (versionNumber: number) =>
    (await weft.allEvents(await weft.start(workflowId, false, { versionNumber }))).at(-1)!.output;
  expect(await outputOf(1)).toEqual({ keys: 'base' });

  const { workflowUpdate } = await weft.query<{ workflowUpdate: { userErrors: object[] } }>(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { message } } }',
    { id: workflowId, input: { name: 'test', ...optional() } },
  );
  expect(workflowUpdate.userErrors).toEqual([]);
  expect(await outputOf(1)).toEqual({ keys: 'base' });
  expect(await outputOf(2)).toBeNull();
  const { workflow } = await weft.query<Versions>(VERSIONS, { id: workflowId });
  expect(workflow.versions.nodes.map(({ nodes }) => [...new Set(nodes.map(({ join }) => join))])).toEqual([
    ['ALL'],
    ['ANY'],
  ]);
});

test('an execution under way goes on as it began when its worker is killed, and joins stay what they were', async () => {
  const draft = {
    nodes: [
      python('bad', 'raise ValueError("no")'),
      python('slow', 'import time\nprint("on")\ntime.sleep(300)\nresult = "slow"'),
      transform('quick', '"quick"'),
      transform('explain', 'input.error.type'),
      transform('all', 'input'),
      transform('any', 'input', { join: 'ANY' }),
      python('first', 'import time\nprint("on")\ntime.sleep(300)\nresult = input_data'),
    ],
    edges: [
      'bad.error>explain',
      'bad>all',
      'slow>all',
      'bad>any',
      'slow>any',
      'quick>first.value',
      'slow>first.value',
    ].map(edge),
  };
  const old = { nodes: draft.nodes.map((node) => ({ ...node, join: 'ALL' })), edges: draft.edges };
  const ids = await Promise.all([draft, old].map((each) => weft.createWorkflow(each)));
  await makeOld(ids[1]!);
  const [id, oldId] = await Promise.all(ids.map((each) => weft.start(each)));
  await weft.event(id!, ({ __typename, nodeKey }) => __typename === 'NodeOutput' && nodeKey === 'first');
  await weft.event(id!, ({ __typename, nodeKey }) => __typename === 'NodeSkipped' && nodeKey === 'all');
  await weft.event(oldId!, ({ __typename, nodeKey }) => __typename === 'NodeOutput' && nodeKey === 'slow');
  await server.kill();
  await ageHeartbeats(databaseUrl);
  await endSleeps(databaseUrl);
  await open();

  const events = await weft.allEvents(id!);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
  expect(typesOf(events, 'all')).toEqual(['NodeSkipped']);
  expect(succeededOf(events, 'any')).toMatchObject([{ output: { slow: 'slow' } }]);
  expect(succeededOf(events, 'first')).toMatchObject([{ attempt: 2, output: { value: 'quick' } }]);

  const before = await weft.allEvents(oldId!);
  expect(before.at(-1)!.__typename).toBe('ExecutionSucceeded');
  expect(succeededOf(before, 'all')).toMatchObject([{ output: { slow: 'slow' } }]);
  expect(succeededOf(before, 'first')).toMatchObject([{ output: { quick: 'quick', slow: 'slow' } }]);
});

test('what can never start, leads nowhere or breaks the policy is a warning, and the workflow is saved', async () => {
  const input = {
    name: 'warned',
    nodes: [
      { key: 'b', type: 'branch', config: { condition: 'input' } },
      transform('x', 'input'),
      python('y', 'import os\nresult = os.environ'),
      transform('both', 'nodes.x.output'),
    ],
    edges: ['b.true>x', 'b.false>y', 'x>both', 'y>both'].map(edge),
  };
  const FIELDS = '{ level code field message }';
  const { workflowCreate, workflowValidate } = await weft
    .query<{ workflowCreate: { workflow: object | null; userErrors: object[]; warnings: object[] } }>(
      `mutation ($input: WorkflowInput!) { workflowCreate(input: $input) { workflow { id } userErrors ${FIELDS} warnings ${FIELDS} } }`,
      { input },
    )
    .then(async (created) => ({
      ...created,
      ...(await weft.query<{ workflowValidate: object[] }>(
        `query ($input: WorkflowInput!) { workflowValidate(input: $input) ${FIELDS} }`,
        { input },
      )),
    }));
  expect(workflowCreate).toMatchObject({ workflow: { id: expect.any(String) }, userErrors: [] });
  expect(workflowCreate.warnings).toEqual(workflowValidate);
  expect(workflowValidate).toMatchObject([
    {
      level: 'WARNING',
      code: 'JOIN_NEVER_MET',
      field: 'nodes.3.join',
      message: expect.stringContaining('ANY'),
    },
    {
      level: 'WARNING',
      code: 'PYTHON_SECURITY_ERROR',
      field: 'nodes.2.config.code',
      message: expect.stringMatching(/^Line 1/),
    },
  ]);
});

/** As a release before joins has stored it. */
async function makeOld(workflowId: string): Promise<void> {
  await using client = await connect(databaseUrl);
  await client.query(
    `UPDATE workflow_versions SET definition = jsonb_set(definition::jsonb, '{nodes}',
       (SELECT jsonb_agg(node - 'join') FROM jsonb_array_elements(definition::jsonb -> 'nodes') AS node))
     WHERE workflow_id = $1`,
    [workflowId],
  );
}
