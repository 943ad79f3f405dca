import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl: url })).url));
});
afterAll(() => stack.disposeAsync());

const inputSchema = {
  type: 'object',
  properties: { customer: { type: 'string' }, total: { type: 'number' } },
  required: ['total'],
  additionalProperties: false,
};
const typo = {
  name: 'typo',
  nodes: [{ key: 'a', type: 'output', config: { value: { to: '{{ input.custmer }}' } } }],
  inputSchema,
};
const warning = {
  level: 'WARNING',
  code: 'UNDEFINED_REFERENCE',
  field: 'nodes.0.config.value.to',
  message: '`input.custmer` is undefined: `input` has: customer, total. Did you mean `input.customer`?',
};
const FIELDS = '{ level code field message }';

interface Saved {
  workflow: { id: string; latestVersion: { number: number } } | null;
  userErrors: object[];
  warnings: object[];
}

async function create(input: object): Promise<Saved> {
  const { workflowCreate } = await weft.query<{ workflowCreate: Saved }>(
    `mutation ($input: WorkflowInput!) { workflowCreate(input: $input) {
      workflow { id latestVersion { number } } userErrors ${FIELDS} warnings ${FIELDS}
    } }`,
    { input },
  );
  return workflowCreate;
}

test('a workflow with warnings is saved, and each save has its warnings', async () => {
  const created = await create(typo);
  expect(created).toMatchObject({ userErrors: [], warnings: [warning] });
  const { workflowUpdate } = await weft.query<{ workflowUpdate: Saved }>(
    `mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) {
      workflow { id latestVersion { number } } userErrors ${FIELDS} warnings ${FIELDS}
    } }`,
    { id: created.workflow!.id, input: typo },
  );
  expect(workflowUpdate).toMatchObject({
    workflow: { latestVersion: { number: 2 } },
    userErrors: [],
    warnings: [warning],
  });
});

test('a validation has errors first, then warnings, and a refused workflow has both', async () => {
  const input = { ...typo, nodes: [...typo.nodes, { key: 'b', type: 'pythn' }] };
  const error = { level: 'ERROR', code: 'UNKNOWN_TYPE', field: 'nodes.1.type', message: expect.any(String) };
  const { workflowValidate } = await weft.query<{ workflowValidate: object[] }>(
    `query ($input: WorkflowInput!) { workflowValidate(input: $input) ${FIELDS} }`,
    { input },
  );
  expect(workflowValidate).toEqual([error, warning]);
  expect(await create(input)).toEqual({ workflow: null, userErrors: [error], warnings: [warning] });
});

test('a template that is undefined in a run is a notice in its journal, and the run goes on', async () => {
  const { workflow } = await create(typo);
  const id = await weft.start(workflow!.id, { total: 3 });
  const events = await weft.allEvents(id);
  expect(events.map(({ __typename }) => __typename)).toEqual([
    'ExecutionQueued',
    'ExecutionStarted',
    'NodeStarted',
    'NodeNotice',
    'NodeSucceeded',
    'ExecutionSucceeded',
  ]);
  expect(events[3]).toMatchObject({
    nodeKey: 'a',
    attempt: 1,
    code: 'UNDEFINED_REFERENCE',
    message: 'Node `a`, `config.value.to`: `{{ input.custmer }}` is undefined; `input` has: total.',
  });
  expect(events.at(-1)!.output).toEqual({ to: null });
});

test('code whose last line is no JSON succeeds with null and a notice, once for all items', async () => {
  const { workflow } = await create({
    name: 'objects',
    nodes: [
      {
        key: 'code',
        type: 'python',
        forEach: { items: '[1, 2, 3]' },
        config: { code: 'class Model: pass\nModel()' },
      },
    ],
    edges: [],
  });
  const events = await weft.allEvents(await weft.start(workflow!.id, null));
  const notices = events.filter(({ __typename }) => __typename === 'NodeNotice');
  expect(notices).toMatchObject([
    {
      nodeKey: 'code',
      code: 'RESULT_DROPPED',
      message: expect.stringContaining('result: Model is not serialisable'),
    },
  ]);
  expect(events.at(-1)!.__typename).toBe('ExecutionSucceeded');
});

test('notices alone can be subscribed to', async () => {
  const { workflow } = await create(typo);
  const id = await weft.start(workflow!.id, { total: 3 });
  const subscription = `subscription ($id: ID!) { executionEvents(executionId: $id, types: [NodeNotice]) {
    events { sequence ... on NodeNotice { code } }
  } }`;
  const notices: object[] = [];
  for await (const { data } of weft.subscribe<{ executionEvents: { events: object[] } }>(subscription, {
    id,
  }))
    notices.push(...data!.executionEvents.events);
  expect(notices).toEqual([{ sequence: 4, code: 'UNDEFINED_REFERENCE' }]);
});

test('an input and an output that do not fit are described in the error', async () => {
  const outputSchema = { type: 'object', properties: { to: { type: 'string' } }, required: ['to', 'at'] };
  const { workflow } = await create({ ...typo, outputSchema });
  await expect(weft.start(workflow!.id, { total: 'three' })).rejects.toThrow(
    '"field":"input.total","message":"`total` must be a number, got the string \\"three\\"."',
  );
  const events = await weft.allEvents(await weft.start(workflow!.id, { total: 3 }));
  expect(events.at(-1)!.error.message).toBe(
    "The output does not fit the workflow's outputSchema: `at` is needed; " +
      '`to` must be a string, got null. Change the nodes that emit it, or the schema.',
  );
});
