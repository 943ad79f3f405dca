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

const list = (code: string, forEach: object, more: object = {}) => ({
  key: 'list',
  type: 'python',
  config: { code, timeoutMs: 120_000 },
  forEach: { items: 'input.rows', ...forEach },
  ...more,
});
const divide = (forEach: object) => list('result = 10 / input_data', forEach);
const transform = (key: string, expression: string, more: object = {}) => ({
  key,
  type: 'transform',
  config: { expression },
  ...more,
});
const run = async (nodes: object[], edges: object[], input: unknown) =>
  weft.allEvents(await weft.run(nodes, edges, input));
const lastOf = (events: WatchedEvent[]) => events.at(-1)!;
const itemsOf = (events: WatchedEvent[], type: string) =>
  events.filter(({ __typename, item }) => __typename === type && item !== null).map(({ item }) => item);
const ends = ['NodeSucceeded', 'NodeFailed', 'NodeCanceled'];
const endsOf = (events: WatchedEvent[]) => ends.flatMap((type) => itemsOf(events, type)).sort();

test('COLLECT gives each item in its place, with its output, or its error and input', async () => {
  const events = await run([divide({ onItemError: 'COLLECT', concurrency: 2 })], [], {
    rows: [1, 0, 'x', 4],
  });
  expect(lastOf(events).output).toMatchObject([
    { ok: true, output: 10 },
    {
      ok: false,
      error: { code: 'PYTHON_EXECUTION_ERROR', type: 'ZeroDivisionError', nodeKey: 'list' },
      input: 0,
    },
    { ok: false, error: { type: 'TypeError' }, input: 'x' },
    { ok: true, output: 2.5 },
  ]);
  expect(endsOf(events)).toEqual([0, 1, 2, 3]);
});

test('SKIP leaves out what failed, after its retries, and a list of which nothing is left succeeds', async () => {
  const node = { ...divide({ onItemError: 'SKIP' }), retry: { maxAttempts: 2, initialDelayMs: 1 } };
  const events = await run([node], [], { rows: [1, 0, 5] });
  expect(lastOf(events).output).toEqual([10, 2]);
  expect(itemsOf(events, 'NodeRetryScheduled')).toEqual([1]);
  expect(lastOf(await run([node], [], { rows: [0] })).output).toEqual([]);
});

test('FAIL names the item and carries what had succeeded, and every item that began has an end', async () => {
  const code =
    'import time\nif input_data == 3:\n    raise ValueError("three")\nif input_data > 3:\n    time.sleep(60)\nresult = input_data';
  const nodes = [
    list(code, { concurrency: 2 }),
    transform(
      'rest',
      '{ "item": input.error.item, "done": [input.error.succeeded], "rows": $count(input.input.rows) }',
    ),
  ];
  const edges = [{ source: 'list', sourceHandle: 'error', target: 'rest' }];
  // Item 2 begins when item 0 has succeeded, and item 1 runs on.
  const events = await run(nodes, edges, { rows: [1, 4, 3, 5, 6, 7] });
  expect(lastOf(events).output).toEqual({ item: 2, done: [{ item: 0, output: 1 }], rows: 6 });
  const begun = [...new Set(itemsOf(events, 'NodeStarted'))].sort();
  expect(endsOf(events)).toEqual(begun);
  expect(itemsOf(events, 'NodeCanceled').length).toBeGreaterThan(0);
  const failed = await run(nodes.slice(0, 1), [], { rows: [3] });
  expect(lastOf(failed)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { message: 'Item 0: three', item: 0 },
  });
});

test('cancelling an execution ends each item that began', async () => {
  const id = await weft.run([list('import time\nprint("on")\ntime.sleep(60)', { concurrency: 2 })], [], {
    rows: [1, 2, 3],
  });
  await weft.event(id, ({ __typename, item }) => __typename === 'NodeOutput' && item === 1);
  await weft.cancel(id);
  const events = await weft.allEvents(id);
  expect(lastOf(events).__typename).toBe('ExecutionCanceled');
  expect(itemsOf(events, 'NodeCanceled').sort()).toEqual([...new Set(itemsOf(events, 'NodeStarted'))].sort());
});

test('a killed worker repeats only what was under way, and what had failed stays collected', async () => {
  const code = `import time\nif input_data == "bad":\n    raise ValueError("bad")\nif input_data == "slow":\n    print("on")\n    time.sleep(300)\nresult = input_data`;
  const id = await weft.run([list(code, { onItemError: 'COLLECT', concurrency: 1 })], [], {
    rows: ['a', 'bad', 'slow', 'z'],
  });
  await weft.event(id, ({ __typename, item }) => __typename === 'NodeOutput' && item === 2);
  await server.kill();
  await ageHeartbeats(databaseUrl);
  await endSleeps(databaseUrl);
  await open();
  const events = await weft.allEvents(id);
  expect(lastOf(events).output).toMatchObject([
    { ok: true, output: 'a' },
    { ok: false, input: 'bad' },
    { ok: true, output: 'slow' },
    { ok: true, output: 'z' },
  ]);
  expect(itemsOf(events, 'NodeStarted')).toEqual([0, 1, 2, 2, 3]);
  expect(endsOf(events)).toEqual([0, 1, 2, 3]);
});

test('ten thousand items, some of which fail, end in order', async () => {
  const node = transform('list', 'item % 1000 = 7 ? $error("no") : item', {
    forEach: { items: '[0..9999]', concurrency: 50, onItemError: 'COLLECT' },
  });
  const { output } = lastOf(await run([node], [], null)) as unknown as {
    output: { ok: boolean; output?: number }[];
  };
  expect(output).toHaveLength(10_000);
  expect(
    output.every(({ ok, output }, index) => ok === (index % 1000 !== 7) && (!ok || output === index)),
  ).toBe(true);
});

test('item, index and the input of the node have names in expressions and templates', async () => {
  const input = { currency: 'NOK', rows: [{ sku: 'a' }, { sku: 'b' }] };
  const each = (node: object) => run([{ ...node, forEach: { items: 'input.rows' } }], [], input);
  const labels = await each(transform('t', 'input.sku & item.sku & index & nodeInput.currency'));
  expect(lastOf(labels).output).toEqual(['aa0NOK', 'bb1NOK']);
  const templated = await each({
    key: 'o',
    type: 'output',
    config: { value: '{{ index }} {{ $nodeInput.currency }} {{ item.sku }}' },
  });
  expect(lastOf(templated).output).toEqual(['0 NOK a', '1 NOK b']);
  const built = {
    ...transform('t', 'input'),
    forEach: { items: '[input.rows.{ "sku": sku, "in": $input.currency, "of": $count($nodeInput.rows) }]' },
  };
  expect(lastOf(await run([built], [], input)).output).toEqual([
    { sku: 'a', in: 'NOK', of: 2 },
    { sku: 'b', in: 'NOK', of: 2 },
  ]);
});

test('items that share a sandbox have events and ends of their own, and one that ends it costs only itself', async () => {
  const code = [
    'print("item", input_data)',
    'if input_data % 10 == 5: bytearray(700 << 20)',
    'if input_data % 10 == 7: raise ValueError(input_data)',
    'result = input_data * 2',
  ].join('\n');
  const events = await run([list(code, { batch: 8, concurrency: 3, onItemError: 'COLLECT' })], [], {
    rows: Array.from({ length: 40 }, (_, n) => n),
  });
  const output = events.at(-1)!.output as { ok: boolean; output: number; error: { code: string } }[];
  expect(output.map(({ ok }) => ok)).toEqual(output.map((_, n) => n % 10 !== 5 && n % 10 !== 7));
  for (const [n, each] of output.entries()) {
    const own = events.filter(({ item }) => item === n);
    const end = each.ok ? 'NodeSucceeded' : 'NodeFailed';
    const types = own.map(({ __typename }) => __typename);
    expect([...new Set(types)]).toEqual(['NodeStarted', 'NodeOutput', end]);
    expect(own[1]).toMatchObject({ byteOffset: 0 });
    expect(own.map(({ text = '' }) => text).join('')).toBe(`item ${n}\n`);
    if (each.ok) expect(each.output).toBe(n * 2);
    else expect(each.error.code).toBe(n % 10 === 7 ? 'PYTHON_EXECUTION_ERROR' : 'PYTHON_MEMORY_LIMIT');
  }
});

test('a version that was saved before batches reads as one item a sandbox, and a batch has bounds', async () => {
  const id = await weft.createWorkflow({ nodes: [divide({ batch: 50 })] });
  const batch = async () => {
    const { workflow } = await weft.query<{ workflow: { latestVersion: { nodes: object[] } } }>(
      'query ($id: ID!) { workflow(id: $id) { latestVersion { nodes { forEach { batch } } } } }',
      { id },
    );
    return workflow.latestVersion.nodes;
  };
  expect(await batch()).toEqual([{ forEach: { batch: 50 } }]);
  await using sql = await connect(databaseUrl);
  await sql.query(
    `UPDATE workflow_versions SET definition = definition::jsonb #- '{nodes,0,forEach,batch}' WHERE workflow_id = $1`,
    [id],
  );
  expect(await batch()).toEqual([{ forEach: { batch: 1 } }]);
  for (const wrong of [0, 1_001]) {
    const node = divide({ batch: wrong });
    await expect(weft.createWorkflow({ nodes: [node] })).rejects.toThrow('nodes.0.forEach.batch');
  }
});

test('a version that was saved before onItemError reads and runs as FAIL', async () => {
  const id = await weft.createWorkflow({ nodes: [divide({ onItemError: 'SKIP' })] });
  await using client = await connect(databaseUrl);
  await client.query(
    `UPDATE workflow_versions SET definition = definition::jsonb #- '{nodes,0,forEach,onItemError}' WHERE workflow_id = $1`,
    [id],
  );
  const { workflow } = await weft.query<{ workflow: { latestVersion: { nodes: object[] } } }>(
    'query ($id: ID!) { workflow(id: $id) { latestVersion { nodes { forEach { items concurrency onItemError } } } } }',
    { id },
  );
  expect(workflow.latestVersion.nodes).toEqual([
    { forEach: { items: 'input.rows', concurrency: 10, onItemError: 'FAIL' } },
  ]);
  expect(lastOf(await weft.allEvents(await weft.start(id, { rows: [0] }))).error.message).toMatch(
    /^Item 0: /,
  );
});
