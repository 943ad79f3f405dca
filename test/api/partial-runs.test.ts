import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let server: WeftServer;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  server = stack.use(await startWeft({ databaseUrl: url }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

const edge = (text: string) => {
  const [from, to] = text.split('>') as [string, string];
  const [source, sourceHandle] = from.split('.');
  const [target, targetHandle] = to.split('.');
  return { source, sourceHandle, target, targetHandle };
};
const transform = (key: string, expression: string, more: object = {}) => ({
  key,
  type: 'transform',
  config: { expression },
  ...more,
});
const nodes = {
  in: { key: 'in', type: 'input' },
  out: { key: 'out', type: 'output' },
};
/** in → load → sum → last, and in → side → last. */
const chain = {
  nodes: [
    nodes.in,
    transform('load', 'input.n * 10'),
    transform('sum', 'input + 1'),
    transform('side', '"side"'),
    transform('last', '{ "sum": input.sum, "side": input.side, "load": nodes.load.output }'),
    nodes.out,
  ],
  edges: ['in>load', 'load>sum', 'in>side', 'sum>last', 'side>last', 'last>out'].map(edge),
};

interface Started {
  execution: { id: string; input: unknown; partial: { from: string[]; to: string[] } | null } | null;
  userErrors: { code: string; field: string; message: string }[];
}
async function start(workflowId: string, input: object): Promise<Started> {
  const { executionStart } = await weft.query<{ executionStart: Started }>(
    `mutation ($input: ExecutionStartInput!) {
      executionStart(input: $input) {
        execution { id input partial { from to } } userErrors { code field message }
      }
    }`,
    { input: { workflowId, ...input } },
  );
  return executionStart;
}
async function run(workflowId: string, input: object): Promise<WatchedEvent[]> {
  const { execution, userErrors } = await start(workflowId, input);
  expect(userErrors).toEqual([]);
  return weft.allEvents(execution!.id);
}
async function refused(workflowId: string, input: object): Promise<string[]> {
  const { execution, userErrors } = await start(workflowId, input);
  expect(execution).toBeNull();
  for (const { message } of userErrors) expect(message).toMatch(/^.{20,}\.$/s);
  return userErrors.map(({ code, field }) => `${code} ${field}`);
}
const keysOf = (events: WatchedEvent[], type: string) =>
  events.filter(({ __typename, item }) => __typename === type && item === null).map(({ nodeKey }) => nodeKey);

test('a run from a node on has the rest, and the input, of an execution that ran it', async () => {
  const id = await weft.createWorkflow(chain);
  const first = await weft.start(id, { n: 4 });
  await weft.allEvents(first);
  const { execution } = await start(id, { from: ['sum'], pinnedFrom: first });
  expect(execution).toMatchObject({ input: { n: 4 }, partial: { from: ['sum'], to: [] } });
  const events = await weft.allEvents(execution!.id);
  expect(keysOf(events, 'NodeStarted')).toEqual(['sum', 'last', 'out']);
  expect(keysOf(events, 'NodeReused').toSorted()).toEqual(['load', 'side']);
  for (const event of events.filter(({ __typename }) => __typename === 'NodeReused'))
    expect(event.pinned).toEqual({ executionId: first });
  expect(events.find(({ nodeKey }) => nodeKey === 'in')).toMatchObject({
    __typename: 'NodeSkipped',
    isLeftOut: true,
    because: [],
  });
  expect(events.at(-1)!.output).toEqual({ sum: 41, side: 'side', load: 40 });

  const { execution: row } = await weft.query<{ execution: { nodeExecutions: object[] } }>(
    'query ($id: ID!) { execution(id: $id) { nodeExecutions { nodeKey status isLeftOut pinned { executionId } } } }',
    { id: execution!.id },
  );
  expect(row.nodeExecutions).toContainEqual({
    nodeKey: 'load',
    status: 'REUSED',
    isLeftOut: false,
    pinned: { executionId: first },
  });
  expect(row.nodeExecutions).toContainEqual({
    nodeKey: 'in',
    status: 'SKIPPED',
    isLeftOut: true,
    pinned: null,
  });
});

test('an execution that ran a part stands for what it left out too, by the one that its outputs are from', async () => {
  const id = await weft.createWorkflow(chain);
  const ran = async (input: object) => {
    const execution = (await start(id, input)).execution!.id;
    return { id: execution, events: await weft.allEvents(execution) };
  };
  const whole = await ran({ input: { n: 4 } });
  const middle = await ran({ from: ['sum'], to: ['sum'], pinnedFrom: whole.id });
  const { events } = await ran({ from: ['last'], pinnedFrom: middle.id });
  const origins = events
    .filter(({ __typename }) => __typename === 'NodeReused')
    .map(({ nodeKey, pinned }) => [nodeKey, pinned.executionId]);
  expect(Object.fromEntries(origins)).toEqual({ load: whole.id, side: whole.id, sum: middle.id });
  expect(events.at(-1)!.output).toEqual({ sum: 41, side: 'side', load: 40 });
});

test('outputs that are given come before those of the execution, and alone they stand in for nodes of a whole run', async () => {
  const id = await weft.createWorkflow(chain);
  const first = await weft.start(id, { n: 4 });
  await weft.allEvents(first);
  const pinned = [{ nodeKey: 'load', output: 1 }];
  const mixed = await run(id, { from: ['sum'], pinnedFrom: first, pinned });
  expect(mixed.at(-1)!.output).toEqual({ sum: 2, side: 'side', load: 1 });
  expect(mixed.find(({ nodeKey }) => nodeKey === 'load')!.pinned).toEqual({ executionId: null });

  const whole = await run(id, { input: { n: 7 }, pinned });
  expect(keysOf(whole, 'NodeStarted').toSorted()).toEqual(['in', 'last', 'out', 'side', 'sum']);
  expect(whole.at(-1)!.output).toEqual({ sum: 2, side: 'side', load: 1 });
});

test('one node runs alone, and a run to a node has what leads to it; its output is the execution’s', async () => {
  const id = await weft.createWorkflow({ ...chain, outputSchema: { type: 'object', required: ['sum'] } });
  const alone = await run(id, { from: ['sum'], to: ['sum'], pinned: [{ nodeKey: 'load', output: 1 }] });
  expect(keysOf(alone, 'NodeStarted')).toEqual(['sum']);
  expect(keysOf(alone, 'NodeSkipped').toSorted()).toEqual(['in', 'last', 'out', 'side']);
  expect(alone.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 2 });
  const upTo = await run(id, { input: { n: 2 }, to: ['sum'] });
  expect(keysOf(upTo, 'NodeStarted')).toEqual(['in', 'load', 'sum']);
  expect(upTo.at(-1)!.output).toBe(21);
  const behindPin = await run(id, { to: ['sum'], pinned: [{ nodeKey: 'load', output: 5 }] });
  expect(keysOf(behindPin, 'NodeStarted')).toEqual(['sum']);
});

test('a branch is pinned by its handle, a failure by the error handle, and joins choose as in the execution', async () => {
  const id = await weft.createWorkflow({
    nodes: [
      nodes.in,
      { key: 'check', type: 'branch', config: { condition: 'input.ok' } },
      transform('yes', '"yes"'),
      transform('no', '"no"'),
      { key: 'either', type: 'merge' },
      { key: 'break', type: 'fail', config: { code: 'BROKEN', message: 'broken' } },
      transform('mend', 'input.error.message'),
      transform('end', 'input'),
    ],
    edges: [
      ...['in>check', 'check.true>yes', 'check.false>no', 'yes>either', 'no>either', 'in>break'],
      ...['break.error>mend', 'either>end', 'mend>end'],
    ].map(edge),
  });
  const yes = await run(id, {
    from: ['yes', 'mend'],
    to: ['end'],
    pinned: [
      { nodeKey: 'check', handle: 'true', output: {} },
      { nodeKey: 'break', handle: 'error', output: { error: { message: 'given' } } },
    ],
  });
  expect(yes.at(-1)!.output).toEqual({ either: 'yes', mend: 'given' });
  const first = await weft.start(id, { ok: false });
  await weft.allEvents(first);
  const again = await run(id, { from: ['either', 'mend'], pinnedFrom: first });
  expect(again.at(-1)!.output).toEqual({ either: 'no', mend: 'broken' });
  expect(await refused(id, { from: ['yes'], pinnedFrom: first })).toEqual(['WOULD_BE_SKIPPED from.0']);
});

test('a list is pinned as a whole, a sub-workflow starts no execution, and files go along', async () => {
  const upload = await fetch(new URL('/files?name=a.txt', server.url), {
    method: 'POST',
    body: 'in the file',
  });
  const file = (await upload.json()) as { id: string };
  const id = await weft.createWorkflow({
    nodes: [
      nodes.in,
      transform('each', 'input', { forEach: { items: 'input' } }),
      { key: 'sub', type: 'subworkflow', config: { workflow: 'no-such-workflow-any-more' } },
      { key: 'read', type: 'python', config: { code: 'open_artifact(input_data["sub"]).read().decode()' } },
    ],
    edges: ['in>each', 'in>sub', 'each>read', 'sub>read'].map(edge),
  });
  const sub = { nodeKey: 'sub', output: { $file: file.id } };
  const ended = await run(id, { from: ['read'], pinned: [{ nodeKey: 'each', output: [1, 2] }, sub] });
  expect(ended.at(-1)!.output).toBe('in the file');
  const gone = { nodeKey: 'sub', output: [{ $file: 'art_0198c0de-0000-7000-8000-000000000000' }] };
  expect(await refused(id, { from: ['read'], pinned: [{ nodeKey: 'each', output: [] }, gone] })).toEqual([
    'FILE_NOT_FOUND pinned.1.output.0',
  ]);
  expect(await refused(id, { from: ['read'], pinned: [{ nodeKey: 'each', output: 3 }, sub] })).toEqual([
    'INVALID pinned.0.output',
  ]);
});

test('single items of a list are pinned, and the others run, also in a retry', async () => {
  const id = await weft.createWorkflow({
    nodes: [
      transform('rows', 'item = 2 ? $error("no") : item * 10', {
        forEach: { items: '[1, 2, 3]', onItemError: 'COLLECT' },
      }),
      transform('total', '$sum(input.output)'),
    ],
    edges: ['rows>total'].map(edge),
  });
  const pinned = [
    { nodeKey: 'rows', item: 1, output: 200 },
    { nodeKey: 'rows', item: 9, output: 1 },
  ];
  const { execution } = await start(id, { from: ['rows'], pinned });
  const events = await weft.allEvents(execution!.id);
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 240 });
  const itemsOf = (all: WatchedEvent[], type: string) =>
    all.filter(({ __typename, item }) => __typename === type && item !== null).map(({ item }) => item);
  expect(itemsOf(events, 'NodeReused')).toEqual([1, 9]);
  expect(itemsOf(events, 'NodeStarted').toSorted()).toEqual([0, 2]);
  expect(events.find(({ __typename }) => __typename === 'NodeReused')!.pinned).toEqual({ executionId: null });
  const { executionRetry } = await weft.query<{ executionRetry: { execution: { id: string } } }>(
    'mutation ($id: ID!) { executionRetry(id: $id, strategy: ALL_NODES) { execution { id } } }',
    { id: execution!.id },
  );
  const again = await weft.allEvents(executionRetry.execution.id);
  expect(itemsOf(again, 'NodeStarted').toSorted()).toEqual([0, 2]);
  expect(again.at(-1)!.output).toBe(240);
});

test('a retry of a part is of the same part, with the same outputs, also where the part is in another version', async () => {
  const draft = (last: string) => ({
    name: 'part',
    nodes: [nodes.in, transform('load', '1'), transform('sum', 'input + 1'), transform('last', last)],
    edges: ['in>load', 'load>sum', 'sum>last'].map(edge),
  });
  const id = await weft.createWorkflow(draft('$error("no")'));
  const part = { from: ['sum'], pinned: [{ nodeKey: 'load', output: 40 }] };
  const failed = (await start(id, part)).execution!.id;
  expect((await weft.allEvents(failed)).at(-1)!.__typename).toBe('ExecutionFailed');
  await weft.query(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { workflow { id } } }',
    { id, input: draft('input') },
  );
  const ask = async <T>(operation: string, args: object) => {
    const [kind, selection] =
      operation === 'executionRetry'
        ? ['mutation', 'execution { id }']
        : ['query', 'nodes { nodeKey action }'];
    const answer = await weft.query<Record<string, T>>(
      `${kind} ($id: ID!, $version: ExecutionRetryVersion!, $strategy: ExecutionRetryStrategy!) {
        ${operation}(id: $id, version: $version, strategy: $strategy) { ${selection} userErrors { message } }
      }`,
      { id: failed, ...args },
    );
    return answer[operation]!;
  };
  const retry = async (version: string, strategy: string) => {
    const args = { version, strategy };
    const plan = await ask<{ nodes: { nodeKey: string; action: string }[] }>('executionRetryPlan', args);
    const { execution } = await ask<{ execution: { id: string } }>('executionRetry', args);
    return {
      plan: plan.nodes.map(({ nodeKey, action }) => `${nodeKey} ${action}`),
      events: await weft.allEvents(execution.id),
    };
  };
  const mended = await retry('LATEST', 'FROM_FAILURE');
  expect(mended.plan).toEqual(['in SKIP', 'load REUSE', 'sum REUSE', 'last RUN']);
  expect(mended.events.at(-1)!.output).toBe(41);
  expect(keysOf(mended.events, 'NodeStarted')).toEqual(['last']);
  const all = await retry('SAME', 'ALL_NODES');
  expect(all.plan).toEqual(['in SKIP', 'load REUSE', 'sum RUN', 'last RUN']);
  expect(keysOf(all.events, 'NodeStarted')).toEqual(['sum', 'last']);
});

test('what cannot be run in part is refused, with the place in the input', async () => {
  const id = await weft.createWorkflow(chain);
  const first = await weft.start(id, { n: 4 });
  await weft.allEvents(first);
  const other = await weft.createWorkflow({ nodes: [transform('load', '1')] });
  const ofOther = await weft.start(other);
  const failing = await weft.start(id, { n: 'text' });
  expect((await weft.allEvents(failing)).at(-1)!.__typename).toBe('ExecutionFailed');
  const load = { nodeKey: 'load', output: 1 };

  expect(await refused(id, { pinned: [{ nodeKey: 'gone', output: 1 }] })).toEqual([
    'UNKNOWN_NODE pinned.0.nodeKey',
  ]);
  // A program that finds no node to run does not mean all.
  expect(await refused(id, { from: [], to: [] })).toEqual(['INVALID from', 'INVALID to']);
  expect(await refused(id, { from: ['gone'], to: ['nor this'] })).toEqual([
    'UNKNOWN_NODE from.0',
    'UNKNOWN_NODE to.0',
  ]);
  expect(await refused(id, { pinned: [{ ...load, handle: 'left' }] })).toEqual([
    'UNKNOWN_HANDLE pinned.0.handle',
  ]);
  expect(await refused(id, { pinned: [load, load] })).toEqual(['DUPLICATE pinned.1.nodeKey']);
  expect(await refused(id, { from: ['load'], pinned: [load] })).toEqual(['PINNED from.0']);
  expect(await refused(id, { from: ['sum'] })).toEqual([
    'OUTPUT_NOT_PINNED from.0',
    'OUTPUT_NOT_PINNED pinned',
  ]);
  expect(await refused(id, { from: ['sum'], to: ['load'], pinned: [{ nodeKey: 'in' }] })).toEqual([
    'NOT_REACHED to.0',
  ]);
  expect(await refused(id, { pinnedFrom: first })).toEqual(['INVALID pinnedFrom']);
  expect(await refused(id, { from: ['sum'], pinnedFrom: ofOther })).toEqual(['OTHER_WORKFLOW pinnedFrom']);
  expect(await refused(id, { from: ['sum'], pinnedFrom: 'exec_unknown' })).toEqual(['NOT_FOUND pinnedFrom']);
  expect(await refused(id, { from: ['sum'], to: ['sum'], pinnedFrom: failing })).toEqual([
    'OUTPUT_NOT_PINNED from.0',
  ]);
  // A request is no larger than a value may be.
  const large = { nodeKey: 'load', output: Array.from({ length: 500_001 }, () => []) };
  await expect(start(id, { from: ['sum'], pinned: [large] })).rejects.toThrow('PAYLOAD_TOO_LARGE');
});

test('a key starts a part once, and another part with it is a conflict', async () => {
  const id = await weft.createWorkflow(chain);
  const part = (output: number) => ({
    ...{ from: ['sum'], to: ['sum'], idempotencyKey: 'part' },
    pinned: [{ nodeKey: 'load', output }],
  });
  const first = await start(id, part(1));
  expect((await start(id, part(1))).execution!.id).toBe(first.execution!.id);
  expect(await refused(id, part(2))).toEqual(['IDEMPOTENCY_CONFLICT idempotencyKey']);
  expect(await refused(id, { input: null, idempotencyKey: 'part' })).toEqual([
    'IDEMPOTENCY_CONFLICT idempotencyKey',
  ]);
});

test('an input is asked for where a node that runs begins with it', async () => {
  const id = await weft.createWorkflow({ ...chain, inputSchema: { type: 'object', required: ['n'] } });
  const pinned = [
    { nodeKey: 'load', output: 1 },
    { nodeKey: 'side', output: 'given' },
  ];
  const events = await run(id, { from: ['sum'], pinned });
  expect(events.at(-1)!.output).toEqual({ sum: 2, side: 'given', load: 1 });
  expect(await refused(id, { to: ['load'] })).toEqual(['INVALID_INPUT input']);
});
