import { randomBytes } from 'node:crypto';
import { createDatabase } from '../support/test-postgres.ts';
import { untilNotified } from '../support/until-notified.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl: url })).url));
});
afterAll(() => stack.disposeAsync());

const passOn = (expression = 'input') => [{ key: 'a', type: 'transform', config: { expression } }];

interface List<K extends string> {
  [key: string]: unknown;
  nodes: { [key in K]: unknown }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
}

const placeVariables = '$first: Int, $after: String, $last: Int, $before: String';
const placeArguments = 'first: $first, after: $after, last: $last, before: $before';
const pageInfoFields = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

interface Place {
  first?: number;
  after?: string | null;
  last?: number;
  before?: string | null;
}

async function pages<K extends string>(size: number, read: (place: Place) => Promise<List<K>>) {
  const seen = [];
  for (let after: string | null = null, more = true; more; ) {
    const { nodes, pageInfo }: List<K> = await read({ first: size, after });
    expect(pageInfo.hasPreviousPage).toBe(after !== null);
    seen.push(nodes);
    after = pageInfo.endCursor;
    more = pageInfo.hasNextPage;
  }
  return seen;
}

async function pagesBack<K extends string>(size: number, read: (place: Place) => Promise<List<K>>) {
  const seen = [];
  for (let before: string | null = null, more = true; more; ) {
    const { nodes, pageInfo }: List<K> = await read({ last: size, before });
    expect(pageInfo.hasNextPage).toBe(before !== null);
    seen.push(nodes);
    before = pageInfo.startCursor;
    more = pageInfo.hasPreviousPage;
  }
  return seen;
}

test('a node definition has all that a form needs', async () => {
  const { nodeDefinition } = await weft.query<{ nodeDefinition: { configSchema: { properties: object } } }>(
    `{ nodeDefinition(type: "python") {
      type version label category
      fields { name type required default min max placeholder widget language }
      inputs { id } outputs { id } errorHandle { id } configSchema uiSchema
    } }`,
  );
  expect(nodeDefinition).toMatchObject({
    type: 'python',
    fields: expect.arrayContaining([
      expect.objectContaining({
        name: 'code',
        type: 'string',
        required: true,
        widget: 'code',
        language: 'python',
      }),
      expect.objectContaining({ name: 'packages', type: 'array', required: false, widget: 'lines' }),
      expect.objectContaining({
        name: 'timeoutMs',
        type: 'integer',
        default: 30_000,
        min: 1_000,
        max: 300_000,
      }),
    ]),
    inputs: [{ id: 'input' }],
    outputs: [{ id: 'output' }],
    errorHandle: { id: 'error' },
    uiSchema: {
      timeoutMs: {
        'ui:widget': 'updown',
        'ui:options': { weft: 'duration', unit: 'seconds', factor: 1_000, min: 1, max: 300 },
      },
    },
  });
  expect(nodeDefinition.configSchema.properties).toHaveProperty('timeoutMs.maximum', 300_000);
  const { nodeDefinitions } = await weft.query<{ nodeDefinitions: { type: string }[] }>(
    '{ nodeDefinitions { type } }',
  );
  expect(nodeDefinitions.map(({ type }) => type).sort()).toEqual([
    'approval',
    'branch',
    'delay',
    'fail',
    'http',
    'input',
    'merge',
    'output',
    'python',
    'repeat',
    'respond',
    'subworkflow',
    'switch',
    'transform',
  ]);
});

test('an update makes a new version; executions keep the one they were started with', async () => {
  const id = await weft.createWorkflow({ nodes: passOn('1') });
  const first = await weft.start(id);
  const { workflowUpdate } = await weft.query<{ workflowUpdate: { workflow: object } }>(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { workflow { name latestVersion { number } version(number: 1) { nodes { config } } } userErrors { message } } }',
    { id, input: { name: 'second', nodes: passOn('2') } },
  );
  expect(workflowUpdate.workflow).toEqual({
    name: 'second',
    latestVersion: { number: 2 },
    version: { nodes: [{ config: { expression: '1' } }] },
  });
  expect((await weft.allEvents(first)).at(-1)!.output).toBe(1);
  expect((await weft.allEvents(await weft.start(id))).at(-1)!.output).toBe(2);
  expect((await weft.allEvents(await weft.start(id, null, { versionNumber: 1 }))).at(-1)!.output).toBe(1);
  await expect(weft.start(id, null, { versionNumber: 9 })).rejects.toThrow(/no version 9/);
});

test('a deleted workflow cannot be started, and its executions stay readable', async () => {
  const id = await weft.createWorkflow({ nodes: passOn() });
  const execution = await weft.start(id);
  await weft.query('mutation ($id: ID!) { workflowDelete(id: $id) { userErrors { message } } }', { id });
  await expect(weft.start(id)).rejects.toThrow(/There is no workflow/);
  expect(
    await weft.query(
      'query ($id: ID!, $workflow: ID!) { workflow(id: $workflow) { id } execution(id: $id) { workflow { id } } }',
      { id: execution, workflow: id },
    ),
  ).toEqual({
    workflow: null,
    execution: { workflow: { id } },
  });
});

test('executions are listed newest first, page by page, and filtered', async () => {
  const workflowId = await weft.createWorkflow({ nodes: passOn() });
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.unshift(await weft.start(workflowId));
  for (const id of ids) await weft.allEvents(id);
  const read = async (place: Place) => {
    const { executions } = await weft.query<{ executions: List<'id'> }>(
      `query ($filter: ExecutionFilter, ${placeVariables}) { executions(filter: $filter, ${placeArguments}) { nodes { id } ${pageInfoFields} } }`,
      { filter: { workflowId, statuses: ['SUCCEEDED'] }, ...place },
    );
    return executions;
  };
  expect((await pages(2, read)).flat()).toEqual(ids.map((id) => ({ id })));
  expect(await pagesBack(2, read)).toEqual(
    [ids.slice(3), ids.slice(1, 3), ids.slice(0, 1)].map((page) => page.map((id) => ({ id }))),
  );
});

test('a page is requested from one side, and has a size', async () => {
  const read = (place: Place) =>
    weft.query(`query (${placeVariables}) { workflows(${placeArguments}) { nodes { id } } }`, place);
  await expect(read({ first: 1, last: 1 })).rejects.toThrow(/some of both.*BAD_USER_INPUT/);
  await expect(read({ last: 101 })).rejects.toThrow(/`last` to be from 1 to 100, got 101/);
  await expect(read({ first: 0 })).rejects.toThrow(/`first` to be from 1 to 100, got 0/);
  await expect(read({ last: 1, before: 'nonsense' })).rejects.toThrow(/`before`.*INVALID_CURSOR/);
});

test('an execution’s history read in pages is the history that was streamed', async () => {
  const id = await weft.runPython('for n in range(5):\n    print(n, flush=True)\n    progress(n, 5)');
  const streamed = (await weft.allEvents(id)).map(({ cursor }) => cursor);
  const read = async (place: Place) => {
    const { execution } = await weft.query<{ execution: { events: List<'cursor'> } }>(
      `query ($id: ID!, ${placeVariables}) { execution(id: $id) { events(${placeArguments}) { nodes { cursor } ${pageInfoFields} } } }`,
      { id, ...place },
    );
    return execution.events;
  };
  expect((await pages(3, read)).flat().map(({ cursor }) => cursor)).toEqual(streamed);
  const back = await pagesBack(3, read);
  expect(
    back
      .toReversed()
      .flat()
      .map(({ cursor }) => cursor),
  ).toEqual(streamed);
});

test('events can be narrowed to types and nodes', async () => {
  const id = await weft.run([
    { key: 'a', type: 'python', config: { code: 'print("a")' } },
    { key: 'b', type: 'python', config: { code: 'print("b")' } },
  ]);
  const texts: string[] = [];
  for await (const { data } of weft.subscribe<{ executionEvents: { events: { text: string }[] } }>(
    'subscription ($id: ID!) { executionEvents(executionId: $id, types: [NodeOutput], nodeKeys: ["b"]) { events { ... on NodeOutput { text } } } }',
    { id },
  )) {
    texts.push(...data!.executionEvents.events.map(({ text }) => text));
  }
  expect(texts.join('')).toBe('b\n'); // a line may come in pieces
});

test('executionUpdates reports how each execution of a workflow ends, as it ends', async () => {
  const workflowId = await weft.createWorkflow({ nodes: passOn() });
  const updates = weft.subscribe<{ executionUpdates: { id: string; status: string } }>(
    'subscription ($workflowId: ID) { executionUpdates(workflowId: $workflowId, statuses: [SUCCEEDED]) { id status output } }',
    { workflowId },
  );
  const started: string[] = [];
  const first = await untilNotified(updates.next(), async () => {
    await weft.allEvents(await weft.runPython('1')); // of no workflow, so not reported
    const id = await weft.start(workflowId, 7);
    started.push(id);
    await weft.allEvents(id);
  });
  const { id, ...reported } = first.value.data.executionUpdates;
  expect(reported).toEqual({ status: 'SUCCEEDED', output: 7 });
  expect(started).toContain(id);
  await updates.return!();
});

test('serverInfo reports what applies, and node(id) finds by any id', async () => {
  const id = await weft.createWorkflow({ name: 'by id', nodes: passOn() });
  const { serverInfo, node } = await weft.query<{
    serverInfo: { sandbox: { walls: object[] } };
    node: object;
  }>(
    'query ($id: ID!) { serverInfo { version roles postgresVersion sandbox { available pythonVersion walls { name inForce } } } node(id: $id) { id ... on Workflow { name } } }',
    { id },
  );
  expect(serverInfo).toMatchObject({
    roles: ['api', 'worker', 'sandbox'],
    postgresVersion: expect.stringMatching(/^18/),
    sandbox: { available: true },
  });
  expect(serverInfo.sandbox.walls.length).toBeGreaterThan(2);
  expect(node).toEqual({ id, name: 'by id' });
});

test('pages of large events are shorter, and none is left out, forwards, backwards and live', async () => {
  const blob = randomBytes(1024 * 1024).toString('base64');
  const id = await weft.run(passOn('execution.input & input'), [], blob);
  const live = await weft.allEvents(id);
  const read = async (place: Place) => {
    const query = `query ($id: ID!, ${placeVariables}) {
      execution(id: $id) { events(${placeArguments}) { nodes { sequence } ${pageInfoFields} } }
    }`;
    const { execution } = await weft.query<{ execution: { events: List<'sequence'> } }>(query, {
      id,
      ...place,
    });
    return execution.events;
  };
  const sequences = live.map(({ sequence }) => sequence);
  const forwards = await pages(100, read);
  expect(forwards.length).toBeGreaterThan(1);
  expect(forwards.flat().map(({ sequence }) => sequence)).toEqual(sequences);
  const last = await read({ last: 100 });
  expect(last.nodes.at(-1)!.sequence).toBe(sequences.at(-1));
  const rest = await read({ last: 100, before: last.pageInfo.startCursor });
  expect([...rest.nodes, ...last.nodes].map(({ sequence }) => sequence)).toEqual(sequences);
});

test('an operation whose response would be too large is refused, and one that selects less is not', async () => {
  const input = 'x'.repeat(14 * 1024 * 1024);
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'in', type: 'input' }] });
  for (let n = 0; n < 3; n++) await weft.allEvents(await weft.start(workflowId, input));
  const list = (fields: string) =>
    weft.query<{ executions: { nodes: { status: string }[] } }>(
      `query ($workflowId: ID!) { executions(filter: { workflowId: $workflowId }) { nodes { ${fields} } } }`,
      { workflowId },
    );
  expect((await list('id status nodeExecutions { status }')).executions.nodes).toHaveLength(3);
  await expect(list('input output')).rejects.toThrow(/RESPONSE_TOO_LARGE/);
  await expect(list('input a: input b: input c: input d: input')).rejects.toThrow(/RESPONSE_TOO_LARGE/);
  await expect(
    list('nodeExecutions { output } events { nodes { ... on ExecutionSucceeded { output } } }'),
  ).rejects.toThrow(/RESPONSE_TOO_LARGE/);
});
