import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl: url }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

const python = (key: string, code: string, more: object = {}) => ({
  key,
  type: 'python',
  config: { code, ...more },
});
const edge = (source: string, target: string, sourceHandle?: string) => ({ source, target, sourceHandle });
const typesOf = (events: WatchedEvent[], nodeKey?: string) =>
  events
    .filter((event) => nodeKey === undefined || event.nodeKey === nodeKey)
    .map(({ __typename }) => __typename);
const lastOf = (events: WatchedEvent[]) => events.at(-1)!;

test('the example of the documentation gives its result', async () => {
  const id = await weft.runPython(
    "result = {'processed': input_data.get('value', 0) * 2, 'timestamp': '2025-11-12'}",
    {
      input: { value: 21 },
    },
  );
  const events = await weft.allEvents(id);
  expect(typesOf(events)).toEqual([
    'ExecutionQueued',
    'ExecutionStarted',
    'NodeStarted',
    'NodeSucceeded',
    'ExecutionSucceeded',
  ]);
  expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  expect(lastOf(events).output).toEqual({ processed: 42, timestamp: '2025-11-12' });
});

test('a workflow goes by branch, switch and transform, with templates and other nodes’ outputs', async () => {
  const nodes = [
    { key: 'in', type: 'input' },
    { key: 'big', type: 'branch', config: { condition: 'input.n > 10' } },
    { key: 'kind', type: 'switch', config: { cases: [{ handle: 'even', when: 'input.n % 2 = 0' }] } },
    { key: 'half', type: 'transform', config: { expression: '{ "half": input.n / 2 }' } },
    { key: 'odd', type: 'output', config: { value: 'odd' } },
    { key: 'small', type: 'output', config: { value: 'small' } },
    {
      key: 'done',
      type: 'output',
      config: {
        value: { text: 'half of {{ nodes.big.output.n }} is {{ input.half }}', half: '{{ input.half }}' },
      },
    },
  ];
  const edges = [
    edge('in', 'big'),
    edge('big', 'kind', 'true'),
    edge('big', 'small', 'false'),
    edge('kind', 'half', 'even'),
    edge('kind', 'odd', 'default'),
    edge('half', 'done'),
  ];
  const workflowId = await weft.createWorkflow({ nodes, edges });
  const outputFor = async (n: number) =>
    lastOf(await weft.allEvents(await weft.start(workflowId, { n }))).output;
  expect(await outputFor(12)).toEqual({ done: { text: 'half of 12 is 6', half: 6 } });
  expect(await outputFor(13)).toEqual({ odd: 'odd' });
  expect(await outputFor(3)).toEqual({ small: 'small' });
});

test('branches run side by side', async () => {
  // Neither ends before both have begun: one after the other, the second would never begin.
  const code = 'import time\nprint("on", flush=True)\nwhile True: time.sleep(0.01)';
  const id = await weft.run(['a', 'b'].map((key) => python(key, code, { timeoutMs: 300_000 })));
  for (const key of ['a', 'b'])
    await weft.event(id, ({ __typename, nodeKey }) => __typename === 'NodeOutput' && nodeKey === key);
  await weft.cancel(id, 'FORCE');
  expect(lastOf(await weft.allEvents(id)).__typename).toBe('ExecutionCanceled');
});

test('the error handle takes a failure with its error and the node’s input', async () => {
  const nodes = [
    python('divide', 'x = 1\nresult = x / input_data["by"]'),
    {
      key: 'caught',
      type: 'transform',
      config: { expression: '{ "type": input.error.type, "line": input.error.line, "by": input.input.by }' },
    },
    { key: 'never', type: 'output' },
  ];
  const id = await weft.run(nodes, [edge('divide', 'caught', 'error'), edge('divide', 'never')], { by: 0 });
  const events = await weft.allEvents(id);
  expect(events.find(({ __typename }) => __typename === 'NodeFailed')!.error).toMatchObject({
    code: 'PYTHON_EXECUTION_ERROR',
    type: 'ZeroDivisionError',
    line: 2,
    nodeKey: 'divide',
    traceback: expect.stringContaining('result = x / input_data["by"]'),
  });
  expect(typesOf(events, 'never')).toEqual(['NodeSkipped']);
  expect(lastOf(events).__typename).toBe('ExecutionSucceeded');
});

test('without an error edge the execution fails at once, and what runs beside is cancelled', async () => {
  const nodes = [
    python('slow', 'import time\ntime.sleep(60)'),
    python('bad', 'import time\ntime.sleep(0.3)\nraise KeyError("k")'),
  ];
  const startedAt = Date.now();
  const id = await weft.run(nodes);
  const events = await weft.allEvents(id);
  expect(lastOf(events)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { type: 'KeyError', nodeKey: 'bad' },
  });
  expect(Date.now() - startedAt).toBeLessThan(40_000);
  const { execution } = await weft.query<{ execution: { status: string; nodeExecutions: object[] } }>(
    'query ($id: ID!) { execution(id: $id) { status nodeExecutions { nodeKey status } } }',
    { id },
  );
  expect(execution).toMatchObject({
    status: 'FAILED',
    nodeExecutions: expect.arrayContaining([
      { nodeKey: 'slow', status: 'CANCELED' },
      { nodeKey: 'bad', status: 'FAILED' },
    ]),
  });
});

test.each(['GRACEFUL', 'FORCE'])('a cancellation (%s) stops Python that would go on', async (mode) => {
  const id = await weft.runPython(
    'import time\nprint("on", flush=True)\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass',
    {
      timeoutMs: 60_000,
    },
  );
  await weft.event(id, ({ __typename }) => __typename === 'NodeOutput');
  const requestedAt = Date.now();
  expect(await weft.cancel(id, mode)).toEqual([]);
  const last = lastOf(await weft.allEvents(id));
  expect(last.__typename).toBe('ExecutionCanceled');
  expect(Date.parse(last.occurredAt) - requestedAt).toBeLessThan(30_000);
  expect(await weft.cancel(id, mode)).toMatchObject([{ code: 'ALREADY_ENDED' }]);
});

test('a retry policy tries again after a longer wait each time, and the journal shows each retry', async () => {
  const node = {
    ...python('flaky', 'raise RuntimeError("no")'),
    retry: { maxAttempts: 3, initialDelayMs: 20, backoffFactor: 2 },
  };
  const events = await weft.allEvents(await weft.run([node]));
  expect(typesOf(events, 'flaky')).toEqual([
    'NodeStarted',
    'NodeRetryScheduled',
    'NodeStarted',
    'NodeRetryScheduled',
    'NodeStarted',
    'NodeFailed',
  ]);
  expect(
    events.filter(({ __typename }) => __typename === 'NodeRetryScheduled').map(({ delayMs }) => delayMs),
  ).toEqual([20, 40]);
  expect(lastOf(events)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { message: expect.stringContaining('no') },
  });
});

test('forEach runs a node for each item, and its output is the list of results in order', async () => {
  const node = {
    ...python('square', 'result = input_data ** 2'),
    forEach: { items: 'input.list', concurrency: 3 },
  };
  const events = await weft.allEvents(await weft.run([node], [], { list: [1, 2, 3, 4, 5] }));
  expect(lastOf(events).output).toEqual([1, 4, 9, 16, 25]);
  const items = events.filter(({ __typename, item }) => __typename === 'NodeSucceeded' && item !== null);
  expect(items.map(({ item, output }) => [item, output]).sort()).toEqual([
    [0, 1],
    [1, 4],
    [2, 9],
    [3, 16],
    [4, 25],
  ]);
});

test('forEach over a value that is no list is a clear error, which says how to make a list', async () => {
  const run = async (items: string) => {
    const node = { ...python('n', 'result = input_data'), forEach: { items } };
    return lastOf(await weft.allEvents(await weft.run([node], [], { list: [7, 8] })));
  };
  for (const [items, got] of [
    ['input.list[$ > 7]', 'got a value of type number'],
    ['input.list[$ > 8]', 'got nothing'],
  ]) {
    const { error } = await run(items!);
    expect(error).toMatchObject({ code: 'INVALID_FOR_EACH', message: expect.stringContaining(got!) });
    expect(error.message).toContain('`[input.rows]`');
  }
  expect((await run('[input.list[$ > 7]]')).output).toEqual([8]);
  expect((await run('[input.list[$ > 8]]')).output).toEqual([]);
});

test('a template whose value does not fit the configuration fails the node, not the server', async () => {
  const node = python('p', '1', { timeoutMs: '{{ input.timeout }}' });
  expect(lastOf(await weft.allEvents(await weft.run([node], [], { timeout: 5 }))).error).toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringContaining('timeoutMs'),
  });
});

test('a retry from the failure takes over what succeeded and runs the rest', async () => {
  const nodes = [
    python('a', 'import uuid\nresult = str(uuid.uuid4())'),
    python('b', 'import random\nif random.random() < 2:\n    raise ValueError("b")'),
  ];
  const first = await weft.run(nodes, [edge('a', 'b')]);
  const before = await weft.allEvents(first);
  const { executionRetry } = await weft.query<{
    executionRetry: { execution: { id: string; retryOf: object } };
  }>(
    'mutation ($id: ID!) { executionRetry(id: $id, strategy: FROM_FAILURE) { execution { id retryOf { id } } userErrors { code } } }',
    { id: first },
  );
  expect(executionRetry.execution.retryOf).toEqual({ id: first });
  const after = await weft.allEvents(executionRetry.execution.id);
  expect(typesOf(after, 'a')).toEqual(['NodeReused']);
  expect(typesOf(after, 'b')).toEqual(['NodeStarted', 'NodeFailed']);
  expect(after.find(({ nodeKey }) => nodeKey === 'a')!.output).toBe(
    before.find(({ __typename }) => __typename === 'NodeSucceeded')!.output,
  );
});

test('an item that fails for good fails its node at once, and retries take over the items that had succeeded', async () => {
  const code = 'import uuid\nif input_data == 2:\n    raise ValueError("no")\nresult = str(uuid.uuid4())';
  const nodes = [
    { key: 'list', type: 'transform', config: { expression: 'input' } },
    {
      ...python('each', code),
      forEach: { items: 'input', concurrency: 1 },
      retry: { maxAttempts: 2, initialDelayMs: 10 },
    },
  ];
  const first = await weft.run(nodes, [edge('list', 'each')], [0, 1, 2, 3]);
  const before = await weft.allEvents(first);
  const summaryOf = (events: WatchedEvent[]) =>
    events.filter(({ nodeKey }) => nodeKey === 'each').map(({ __typename, item }) => [__typename, item]);
  const failure = [
    ['NodeStarted', 2],
    ['NodeRetryScheduled', 2],
    ['NodeStarted', 2],
    ['NodeFailed', 2],
    ['NodeFailed', null],
  ];
  expect(summaryOf(before).slice(-5)).toEqual(failure);
  expect(lastOf(before).error).toMatchObject({
    type: 'ValueError',
    nodeKey: 'each',
    message: expect.stringMatching(/^Item 2: .*no/),
  });
  const outputOf = (events: WatchedEvent[], index: number) =>
    events.find(({ item, output }) => item === index && output)!.output;

  const retried = await weft.retry(first);
  await weft.allEvents(retried);
  const retriedAgain = await weft.retry(retried);
  for (const id of [retried, retriedAgain]) {
    const after = await weft.allEvents(id);
    expect(typesOf(after, 'list')).toEqual(['NodeReused']);
    expect(summaryOf(after)).toEqual([
      ['NodeReused', 0],
      ['NodeReused', 1],
      ['NodeStarted', null],
      ...failure,
    ]);
    for (const item of [0, 1]) expect(outputOf(after, item)).toBe(outputOf(before, item));
    const { execution } = await weft.query<{ execution: object }>(
      'query ($id: ID!) { execution(id: $id) { nodeExecutions { nodeKey item status attempt } } }',
      { id },
    );
    expect(execution).toEqual({
      nodeExecutions: [
        { nodeKey: 'list', item: null, status: 'REUSED', attempt: 0 },
        { nodeKey: 'each', item: null, status: 'FAILED', attempt: 1 },
        { nodeKey: 'each', item: 0, status: 'REUSED', attempt: 0 },
        { nodeKey: 'each', item: 1, status: 'REUSED', attempt: 0 },
        { nodeKey: 'each', item: 2, status: 'FAILED', attempt: 2 },
      ],
    });
  }
});

test('output over its limit is marked where it is cut, and the run succeeds', async () => {
  const events = await weft.allEvents(
    await weft.runPython("print('x' * 300_000)\nprint('next')\nresult = 1"),
  );
  const printed = events.filter(({ __typename }) => __typename === 'NodeOutput');
  const [cut, ...more] = printed.filter(({ truncated }) => truncated);
  expect(more).toEqual([]);
  expect(cut).toMatchObject({
    code: 'PYTHON_OUTPUT_LIMIT',
    message: 'A line is limited to 256 KiB; the rest of this line is left out',
  });
  const rest = printed.slice(printed.indexOf(cut!) + 1);
  expect(rest[0]).toMatchObject({ truncated: false, code: null, byteOffset: 300_000 });
  expect(rest.map(({ text }) => text).join('')).toBe('\nnext\n');
  expect(lastOf(events).output).toBe(1);
});

test('the same idempotency key gives the same execution', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [python('a', 'print("once\\n", end="")')] });
  const start = () => weft.start(workflowId, null, { idempotencyKey: 'once' });
  const runs = await Promise.all([start(), start(), start()]);
  const [id] = new Set([...runs, await start()]);
  expect(runs).toEqual([id, id, id]);
  // Each of the starts may have begun the code; the journal shows one of them.
  expect(typesOf(await weft.allEvents(id!), 'a')).toEqual(['NodeStarted', 'NodeOutput', 'NodeSucceeded']);
});

test('a hundred executions at once all end, each with a dense journal of its own', async () => {
  const ids = await Promise.all(
    Array.from({ length: 100 }, (_, n) => weft.runPython(`print(${n})\nresult = ${n}`)),
  );
  const all = await Promise.all(ids.map((id) => weft.allEvents(id)));
  all.forEach((events, n) => {
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(lastOf(events).output).toBe(n);
    // A line may come in pieces.
    const printed = events.filter(({ __typename }) => __typename === 'NodeOutput').map(({ text }) => text);
    expect(printed.join('')).toBe(`${n}\n`);
  });
});
