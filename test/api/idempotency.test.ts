import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const NODES = [{ key: 'a', type: 'python', config: { code: 'result = input_data + 1' } }];
const BUSY = 'print("busy", flush=True)\nwhile True: pass';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
/** Of a server without a worker, and of one with a free worker, on one database. */
let api: WeftClient;
let weft: WeftClient;
beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const open = async (env: Record<string, string>) =>
    stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl, env })).url));
  [api, weft] = await Promise.all([open({ WEFT_ROLES: 'api' }), open({})]);
});
afterAll(() => stack.disposeAsync());

test('a repeated idempotency key gives the same execution, at a server that has no worker', async () => {
  await expectOneExecutionPerKey(api);
});

test('a repeated idempotency key gives the same execution, at a server with a free worker', async () => {
  await expectOneExecutionPerKey(weft);
});

test('a repeated idempotency key gives the same execution, at a server whose worker has no free place', async () => {
  await using database = await createDatabase();
  const env = { WEFT_WORKER_CONCURRENCY: '1' };
  await using server = await startWeft({ databaseUrl: database.url, env });
  await using weft = new WeftClient(server.url);
  const busy = await weft.runPython(BUSY, { timeoutMs: 300_000 });
  await weft.event(busy, ({ __typename }) => __typename === 'NodeOutput');
  await expectOneExecutionPerKey(weft);
  await weft.cancel(busy, 'FORCE');
});

test('a repeated idempotency key gives the same execution, whichever replica gets it', async () => {
  const workflowId = await api.createWorkflow({ nodes: NODES });
  for (let n = 0; n < 10; n += 1) {
    const clients = n % 2 === 0 ? [api, weft, api, weft] : [weft, api, weft, api];
    const ids = await Promise.all(
      clients.map((client) => client.start(workflowId, n, { idempotencyKey: `${n}` })),
    );
    expect(new Set(ids).size).toBe(1);
    expect((await api.allEvents(ids[0]!)).at(-1)).toMatchObject({ output: n + 1 });
  }
});

test('a key with another input is a conflict, which names the execution and starts nothing', async () => {
  const before = await countExecutions();
  const workflowId = await weft.createWorkflow({ nodes: NODES });
  const input = { b: [1, { c: -0 }], a: 'æ' };
  const first = await weft.start(workflowId, input, { idempotencyKey: 'k' });
  expect(await weft.start(workflowId, { a: 'æ', b: [1, { c: 0 }] }, { idempotencyKey: 'k' })).toBe(first);
  for (const other of [{ ...input, a: 'e' }, { b: input.b }, null, [input]]) {
    await expect(weft.start(workflowId, other, { idempotencyKey: 'k' })).rejects.toThrow(
      new RegExp(`IDEMPOTENCY_CONFLICT.*idempotencyKey.*${first}`),
    );
  }
  const atOnce = await Promise.allSettled(
    [1, 2, 1, 2].map((n) => weft.start(workflowId, n, { idempotencyKey: 'l' })),
  );
  expect(atOnce.map(({ status }) => status).sort()).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
  ]);

  const alone = await weft.runPython('1', { input: 1, idempotencyKey: 'k' });
  expect(await weft.runPython('1', { input: 1, idempotencyKey: 'k' })).toBe(alone);
  await expect(weft.runPython('2', { input: 1, idempotencyKey: 'k' })).rejects.toThrow(
    /IDEMPOTENCY_CONFLICT/,
  );
  await expect(weft.runPython('1', { input: 2, idempotencyKey: 'k' })).rejects.toThrow(
    /IDEMPOTENCY_CONFLICT/,
  );
  expect((await countExecutions()) - before).toBe(3);
});

test('a key counts for its time, and then starts another execution, once however many ask at the same moment', async () => {
  const workflowId = await weft.createWorkflow({ nodes: NODES });
  const start = (input: number) =>
    weft.start(workflowId, input, { idempotencyKey: 'k', idempotencyTtlSeconds: 3_600 });
  const first = await start(1);
  expect(await start(1)).toBe(first);
  await using sql = await connect(databaseUrl);
  await sql.query(
    `UPDATE executions SET idempotency_expires_at = now() - interval '1 second' WHERE id = $1`,
    [first],
  );
  const [second, ...others] = await Promise.all(Array.from({ length: 10 }, () => start(2)));
  expect(second).not.toBe(first);
  expect(new Set(others)).toEqual(new Set([second]));
  expect((await weft.allEvents(second!)).at(-1)).toMatchObject({ output: 3 });
  expect((await weft.allEvents(first)).at(-1)).toMatchObject({ output: 2 });
});

test.each([
  [{ idempotencyKey: 'k', idempotencyTtlSeconds: 0 }, 'integer from 1 to 31536000, got 0'],
  [{ idempotencyKey: 'k', idempotencyTtlSeconds: 99_999_999 }, 'got 99999999'],
  [{ idempotencyTtlSeconds: 5 }, 'Expected an `idempotencyKey` whose time this is'],
])('%j is refused', async (more, message) => {
  const workflowId = await api.createWorkflow({ nodes: NODES });
  await expect(api.start(workflowId, 1, more)).rejects.toThrow(message);
});

async function countExecutions(): Promise<number> {
  await using sql = await connect(databaseUrl);
  const { rows } = await sql.query<{ count: number }>('SELECT count(*)::int AS count FROM executions');
  return rows[0]!.count;
}

/** With the key used again one after the other, many times at once, and by another workflow, which is free to. */
async function expectOneExecutionPerKey(weft: WeftClient): Promise<void> {
  const workflowId = await weft.createWorkflow({ nodes: NODES });
  const start = (key: string) => weft.start(workflowId, 1, { idempotencyKey: key });
  const first = await start('one');
  expect(await start('one')).toBe(first);
  expect(await start('one')).toBe(first);

  const atOnce = await Promise.all(Array.from({ length: 20 }, () => start('two')));
  expect(new Set(atOnce).size).toBe(1);
  expect(atOnce[0]).not.toBe(first);

  const other = await weft.createWorkflow({ nodes: NODES });
  const elsewhere = await weft.start(other, 1, { idempotencyKey: 'one' });
  expect([first, atOnce[0]]).not.toContain(elsewhere);
  expect(await weft.query('{ serverInfo { roles } }')).toBeTruthy();
}
