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

const transform = (key: string, expression: string) => ({ key, type: 'transform', config: { expression } });
const merge = (emit?: string, more: object = {}) => ({
  key: 'merged',
  type: 'merge',
  config: emit === undefined ? {} : { emit },
  ...more,
});
const lastOf = async (id: string) => (await weft.allEvents(id)).at(-1)!;

/** A branch whose ways meet in a merge, together with a third value. */
const ways = (node: object) => ({
  nodes: [
    { key: 'b', type: 'branch', config: { condition: 'input' } },
    transform('yes', '1'),
    transform('no', '{ "price": 0 }'),
    transform('always', '"on"'),
    node,
  ],
  edges: [
    { source: 'b', sourceHandle: 'true', target: 'yes' },
    { source: 'b', sourceHandle: 'false', target: 'no' },
    { source: 'yes', target: 'merged', targetHandle: 'way' },
    { source: 'no', target: 'merged', targetHandle: 'way' },
    { source: 'always', target: 'merged' },
  ],
});

test.each([
  [undefined, true, 1],
  ['first', false, { price: 0 }],
  ['object', true, { way: 1, always: 'on' }],
  ['object', false, { way: { price: 0 }, always: 'on' }],
  ['list', false, [{ price: 0 }, 'on']],
])('merge that emits %j, where the condition is %j, gives %j', async (emit, input, output) => {
  const { nodes, edges } = ways(merge(emit));
  const events = await weft.allEvents(await weft.run(nodes, edges, input));
  expect(events.find(({ nodeKey, output }) => nodeKey === 'merged' && output)).toMatchObject({ output });
});

test('a merge of one edge, of one with an error, and of none that came', async () => {
  const one = await weft.run([transform('a', '[1, 2]'), merge('list')], [{ source: 'a', target: 'merged' }]);
  expect((await lastOf(one)).output).toEqual([[1, 2]]);
  const nodes = [transform('a', '$error("no")'), merge()];
  const failed = await weft.run(nodes, [
    { source: 'a', target: 'merged' },
    { source: 'a', sourceHandle: 'error', target: 'merged' },
  ]);
  expect((await lastOf(failed)).output).toMatchObject({ error: { code: 'EXPRESSION_ERROR' }, input: null });
  const b = { key: 'b', type: 'branch', config: { condition: 'false' } };
  const none = await weft.allEvents(
    await weft.run([b, merge()], [{ source: 'b', sourceHandle: 'true', target: 'merged' }]),
  );
  expect(none.find(({ nodeKey }) => nodeKey === 'merged')).toMatchObject({
    __typename: 'NodeSkipped',
    because: [{ source: 'b', reason: 'OTHER_HANDLE', emitted: 'false' }],
  });
});

test('the join of a merge is ANY, whatever its author says, and it has no forEach', async () => {
  const { nodes, edges } = ways(merge('list', { join: 'ALL' }));
  const id = await weft.createWorkflow({ nodes, edges });
  const { workflow, nodeDefinition } = await weft.query<{
    workflow: { latestVersion: { nodes: { key: string; join: string }[] } };
    nodeDefinition: { join: string; fields: object[] };
  }>(
    `query ($id: ID!) {
      workflow(id: $id) { latestVersion { nodes { key join } } }
      nodeDefinition(type: "merge") { join fields { name widget choices default } }
    }`,
    { id },
  );
  expect(workflow.latestVersion.nodes.at(-1)).toEqual({ key: 'merged', join: 'ANY' });
  expect(nodeDefinition).toEqual({
    join: 'ANY',
    fields: [{ name: 'emit', widget: 'select', choices: ['first', 'object', 'list'], default: 'first' }],
  });
  expect((await lastOf(await weft.start(id, true))).output).toEqual([1, 'on']);
  await expect(weft.createWorkflow(ways(merge('list', { forEach: { items: '[1]' } })))).rejects.toThrow(
    'A merge node joins its inputs as they are, so it cannot be run for each item of a list.',
  );
});

const fail = (config: object, more: object = {}) => ({ key: 'refuse', type: 'fail', config, ...more });
const refused = fail({ code: 'ORDER_REFUSED', message: 'Order {{ input.id }} has no lines' });

test('a fail node fails the execution with its code and message', async () => {
  const end = await lastOf(await weft.run([refused], [], { id: 7 }));
  expect(end).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'ORDER_REFUSED', message: 'Order 7 has no lines', nodeKey: 'refuse', retryable: false },
  });
});

test('an edge from its error handle lets the run go on, and a failure can be passed on', async () => {
  const nodes = [
    transform('broken', '$error("lost")'),
    fail({ code: '{{ input.error.code }}', message: 'again: {{ input.error.message }}' }),
    transform('caught', 'input.error.message'),
  ];
  const edges = [
    { source: 'broken', sourceHandle: 'error', target: 'refuse' },
    { source: 'refuse', sourceHandle: 'error', target: 'caught' },
  ];
  expect((await lastOf(await weft.run(nodes, edges))).output).toMatch(/^again: .*lost/);
  expect((await lastOf(await weft.run(nodes.slice(0, 2), edges.slice(0, 1)))).error.code).toBe(
    'EXPRESSION_ERROR',
  );
});

test('a code that is none is refused when the workflow is saved, and after its templates are filled in', async () => {
  await expect(weft.createWorkflow({ nodes: [fail({ code: 'not a code', message: 'm' })] })).rejects.toThrow(
    /config\.code.*capital letters/,
  );
  await expect(weft.createWorkflow({ nodes: [fail({ code: 'OK' })] })).rejects.toThrow(/Message is needed/);
  const node = fail({ code: '{{ input }}', message: 'm' });
  expect((await lastOf(await weft.run([node], [], 'not a code'))).error.code).toBe('INVALID_CONFIG');
  await expect(
    weft.createWorkflow({ nodes: [fail({ code: 'A', message: 'm' }, { forEach: { items: '[1]' } })] }),
  ).rejects.toThrow('A fail node has no output');
});
