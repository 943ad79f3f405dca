import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const NODES = [{ key: 'a', type: 'python', config: { code: 'result = input_data + 1' } }];
const BUSY = 'print("busy", flush=True)\nwhile True: pass';

test.each([
  ['that has no worker', { WEFT_ROLES: 'api' }],
  ['with a free worker', {}],
])('a repeated idempotency key gives the same execution, at a server %s', async (_which, env) => {
  await using database = await createDatabase();
  await using server = await startWeft({ databaseUrl: database.url, env });
  await using weft = new WeftClient(server.url);
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
  await using database = await createDatabase();
  const start = (roles: string) => startWeft({ databaseUrl: database.url, env: { WEFT_ROLES: roles } });
  await using api = await start('api');
  await using both = await start('api,worker');
  await using one = new WeftClient(api.url);
  await using other = new WeftClient(both.url);
  const workflowId = await one.createWorkflow({ nodes: NODES });
  for (let n = 0; n < 10; n += 1) {
    const clients = n % 2 === 0 ? [one, other, one, other] : [other, one, other, one];
    const ids = await Promise.all(
      clients.map((weft) => weft.start(workflowId, n, { idempotencyKey: `${n}` })),
    );
    expect(new Set(ids).size).toBe(1);
    expect((await one.allEvents(ids[0]!)).at(-1)).toMatchObject({ output: n + 1 });
  }
});

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
