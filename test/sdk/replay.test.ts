import {
  createClient,
  type ExecutionEvent,
  type ExecutionExport,
  type WeftClient,
} from '../../client-sdk/src/index.ts';
import { replay } from '../../client-sdk/src/testing/index.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const nodes = [
  { key: 'in', type: 'input' },
  {
    key: 'each',
    type: 'python',
    config: { code: 'print("item", input_data)\nprogress(1, 1)\nresult = input_data * 2' },
    forEach: { items: 'input', concurrency: 1 },
  },
  { key: 'big', type: 'branch', config: { condition: '$count(input) > 5' } },
  { key: 'never', type: 'transform', config: { expression: 'input' } },
  { key: 'oops', type: 'python', config: { code: 'print("nearly")\nsave_artifact("a.txt", "text")\n1 / 0' } },
];
const edges = [
  { source: 'in', target: 'each' },
  { source: 'each', target: 'big' },
  { source: 'big', sourceHandle: 'true', target: 'never' },
  { source: 'big', sourceHandle: 'false', target: 'oops' },
];

let recorded: ExecutionExport;
let seen: ExecutionEvent[];
let stateOnServer: unknown;
let retried: { recorded: ExecutionExport; stateOnServer: unknown };

beforeAll(async () => {
  await using stack = new AsyncDisposableStack();
  const { url: databaseUrl } = stack.use(await createDatabase());
  const weft = createClient({ url: stack.use(await startWeft({ databaseUrl })).url });
  const workflow = await weft.workflows.create({ name: 'recorded', nodes, edges });
  const run = await weft.executions.start({ workflowId: workflow.id, input: [1, 2, 3] });
  seen = await Array.fromAsync(run.events());
  recorded = JSON.parse(JSON.stringify(await weft.executions.export(run.id)));
  stateOnServer = await run.get();
  retried = await recordRetry(weft);
  await expect(weft.executions.export('exec_nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
}); // and the server is gone

test('a replay has the events, the state and the outcome of the server', async () => {
  const { run, client } = replay(recorded, { speed: Number.POSITIVE_INFINITY });
  expect(await Array.fromAsync(run.events())).toEqual(seen);
  await expect(run.result()).rejects.toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', node: 'oops' });
  expect(sorted(await run.get())).toEqual(sorted(stateOnServer));
  expect(await client.executions.export(run.id)).toEqual(recorded);
});

test('items that a retry took over are the same in a replay, in a list that failed, as on the server', async () => {
  const { run } = replay(retried.recorded, { speed: Number.POSITIVE_INFINITY });
  await expect(run.result()).rejects.toThrow(/Item 1: /);
  expect(sorted(await run.get())).toEqual(sorted(retried.stateOnServer));
  expect((await run.get()).nodeExecutions.map(({ item, status }) => [item, status])).toEqual([
    [null, 'FAILED'],
    [0, 'REUSED'],
    [1, 'FAILED'],
    [2, 'CANCELED'],
  ]);
});

test('filters and cursors are those of a server', async () => {
  const { run } = replay(recorded, { speed: Number.POSITIVE_INFINITY });
  const printed = await Array.fromAsync(run.events({ types: ['NodeOutput'], nodeKeys: ['oops'] }));
  expect(printed.map(({ text }) => text).join('')).toBe('nearly\n');
  const after = seen[4]!.cursor;
  expect(await Array.fromAsync(run.events({ after }))).toEqual(seen.slice(5));
  let text = '';
  await expect(async () => {
    for await (const piece of run.text({ nodeKeys: ['oops'] })) text += piece;
  }).rejects.toMatchObject({ code: 'PYTHON_EXECUTION_ERROR' });
  expect(text).toBe('nearly\n');
});

test('by steps, only the requested events are emitted, and the state follows', async () => {
  const stepped = replay(recorded, { speed: 'stepped' });
  const events = stepped.run.events();
  const first = events.next();
  expect(stepped.step()).toMatchObject({ type: 'ExecutionQueued' });
  expect((await first).value).toEqual(seen[0]);
  expect(await stepped.run.get()).toMatchObject({ status: 'QUEUED', nodeExecutions: [] });

  const started = stepped.stepTo(({ type, nodeKey }) => type === 'NodeStarted' && nodeKey === 'oops');
  expect(started).toMatchObject({ nodeKey: 'oops' });
  expect(stepped.position).toBe(started!.sequence);
  const { status, nodeExecutions } = await stepped.run.get();
  expect(status).toBe('RUNNING');
  expect(nodeExecutions).toContainEqual(expect.objectContaining({ nodeKey: 'never', status: 'SKIPPED' }));
  expect(nodeExecutions).toContainEqual(
    expect.objectContaining({ nodeKey: 'each', item: 2, status: 'SUCCEEDED', output: 6 }),
  );
  await events.return();

  stepped.finish();
  expect(stepped.step()).toBeUndefined();
  expect(await Array.fromAsync(stepped.run.events())).toEqual(seen);
});

test('at a speed, events come in the recorded rhythm, and leaving the stream stops the clock', async () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const spread = recorded.events.map((event, index) => ({
    ...event,
    occurredAt: new Date(start + index * 1_000).toISOString(),
  }));
  const slow = replay({ ...recorded, events: spread }, { speed: 100 }); // 10 ms between two events
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const timersBefore = timers();
  const arrivals: number[] = [];
  for await (const _ of slow.run.events()) if (arrivals.push(performance.now()) === 5) break;
  expect(arrivals[4]! - arrivals[0]!).toBeGreaterThan(30);
  expect(timers()).toBe(timersBefore);
  expect(slow.position).toBeLessThan(seen.length);
});

test('a replayed run can be canceled; what a recording cannot answer is refused', async () => {
  const { run, client, step } = replay(recorded, { speed: 'stepped' });
  step();
  step();
  expect(await run.cancel()).toMatchObject({ status: 'CANCELED' });
  await expect(run.result()).rejects.toMatchObject({ code: 'EXECUTION_CANCELED' });
  expect((await Array.fromAsync(run.events())).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  await expect(run.retry()).rejects.toMatchObject({ code: 'NOT_IN_REPLAY' });
  await expect(client.serverInfo()).rejects.toThrow(/got ServerInfo\. Use a real server/);
  await expect(client.artifacts.download({ url: '/artifacts/art_1' })).rejects.toMatchObject({
    code: 'NOT_IN_REPLAY',
  });
  await expect(client.executions.run('exec_other').get()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.executions.run('exec_other').events().next()).rejects.toThrow(/this is a replay of/);
});

test('the recording of a run that had not ended stays open, and another document is refused', async () => {
  const open = { ...recorded, events: recorded.events.slice(0, 3) };
  const { run } = replay(open, { speed: Number.POSITIVE_INFINITY });
  await expect(run.result({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(() => replay({ ...recorded, formatVersion: 9 })).toThrow(
    /format weft-execution 1, got weft-execution 9/,
  );
  expect(() => replay(null)).toThrow(/a document without a format/);
});

test('a replay needs nothing of the network, which jsdom has not', async () => {
  const { fetch, WebSocket, Response } = globalThis;
  Object.assign(globalThis, { fetch: undefined, WebSocket: undefined, Response: undefined });
  try {
    const { run } = replay(recorded, { speed: Number.POSITIVE_INFINITY });
    expect(await Array.fromAsync(run.events())).toEqual(seen);
    expect(await run.get()).toMatchObject({ status: 'FAILED' });
  } finally {
    Object.assign(globalThis, { fetch, WebSocket, Response });
  }
});

/** The order of nodes that start at the same time is not defined. */
function sorted(execution: unknown): unknown {
  const { nodeExecutions, ...rest } = execution as { nodeExecutions: { nodeKey: string; item: number }[] };
  const keyOf = ({ nodeKey, item }: { nodeKey: string; item: number | null }) => `${nodeKey} ${item ?? ''}`;
  return { ...rest, nodeExecutions: nodeExecutions.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b))) };
}

/** A retry that reuses item 0, which had time to succeed; then item 1 fails while item 2 is running. */
async function recordRetry(weft: WeftClient): Promise<typeof retried> {
  const code =
    'import time\nif input_data == 1:\n    time.sleep(3)\n    1 / 0\nif input_data == 2:\n    time.sleep(25)\nresult = 0';
  const node = {
    key: 'list',
    type: 'python',
    config: { code },
    forEach: { items: 'input', concurrency: 2 },
  };
  const workflow = await weft.workflows.create({ name: 'retried', nodes: [node], edges: [] });
  const failed = await weft.executions.start({ workflowId: workflow.id, input: [0, 1, 2] });
  await failed.result().catch(() => {});
  const run = await failed.retry();
  await run.result().catch(() => {});
  return { recorded: await weft.executions.export(run.id), stateOnServer: await run.get() };
}
