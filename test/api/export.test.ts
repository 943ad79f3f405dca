import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let sql: Awaited<ReturnType<typeof connect>>;
let weft: WeftClient;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  sql = stack.use(await connect(url));
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl: url })).url));
});
afterAll(() => stack.disposeAsync());

interface Export {
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects to be there, it looks at
  [field: string]: any;
  events: { sequence: number; type: string }[];
}

async function exportOf(id: string): Promise<Export | null> {
  const { executionExport } = await weft.query<{ executionExport: Export | null }>(
    'query ($id: ID!) { executionExport(id: $id) }',
    { id },
  );
  return executionExport;
}

test('an export has the execution, the version that ran, and every event as it was streamed', async () => {
  const nodes = [
    { key: 'in', type: 'input' },
    { key: 'loop', type: 'python', config: { code: 'print("hi")\nprogress(1, 2)\nresult = input_data' } },
    { key: 'oops', type: 'python', config: { code: '1 / 0' } },
  ];
  const edges = [
    { source: 'in', target: 'loop' },
    { source: 'loop', target: 'oops' },
  ];
  const outputSchema = { type: 'number' };
  const workflowId = await weft.createWorkflow({ name: 'exported', nodes, edges, outputSchema });
  const id = await weft.start(workflowId, { n: 1 });
  const streamed = await weft.allEvents(id);

  const whole = (await exportOf(id))!;
  expect(whole).toMatchObject({
    format: 'weft-execution',
    formatVersion: 1,
    execution: {
      id,
      status: 'FAILED',
      input: { n: 1 },
      output: null,
      error: { code: 'PYTHON_EXECUTION_ERROR', nodeKey: 'oops' },
      durationMs: expect.any(Number),
      retryOfId: null,
    },
    workflow: { id: workflowId, versionNumber: 1, name: 'exported', nodes, edges, outputSchema },
  });
  expect(whole.execution).not.toHaveProperty('principal');
  expect(whole.events.map(({ type, ...event }) => ({ __typename: type, ...event }))).toMatchObject(streamed);
});

test('a pythonRun is exported with its code, and an execution under way as it stands', async () => {
  const id = await weft.runPython('print("begun\\n", end="", flush=True)\nimport time\ntime.sleep(60)');
  await weft.event(id, ({ __typename }) => __typename === 'NodeOutput');
  const whole = (await exportOf(id))!;
  expect(whole).toMatchObject({
    execution: { status: 'RUNNING', finishedAt: null, durationMs: null },
    workflow: {
      id: null,
      versionNumber: null,
      nodes: [{ config: { code: expect.stringMatching(/sleep/) } }],
    },
  });
  expect(whole.events.at(-1)).toMatchObject({ type: 'NodeOutput', text: 'begun\n' });
  await weft.cancel(id, 'FORCE');
});

test('what is not there is null, and what is too large is refused with another way to it', async () => {
  expect(await exportOf('exec_nothing')).toBeNull();
  expect(await exportOf('wf_0')).toBeNull();
  const id = await weft.runPython('1');
  await weft.allEvents(id);
  await sql.query(
    `INSERT INTO execution_events (execution_id, seq, type, node_key, attempt, payload, occurred_at, writer)
     SELECT $1, seq, 'NodeOutput', 'python', 1, json_build_object('text', repeat('x', 1024 * 1024)), now(), 'test'
     FROM generate_series(100, 132) AS seq`,
    [id],
  );
  await expect(exportOf(id)).rejects.toThrow(/at most 32 MiB, got 34 MiB.*EXPORT_TOO_LARGE/);
});

test('an output that does not fit the outputSchema fails the run', async () => {
  const nodes = [{ key: 'a', type: 'transform', config: { expression: '"seven"' } }];
  const id = await weft.start(await weft.createWorkflow({ nodes, outputSchema: { type: 'integer' } }));
  expect((await weft.allEvents(id)).at(-1)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'OUTPUT_INVALID', message: expect.stringMatching(/it must be an integer/) },
  });
});
