import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from '../../client-sdk/src/index.ts';
import { type Caller, makeCaller } from '../support/api-caller.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const MIB = 1_048_576;
const stack = new AsyncDisposableStack();
let url: string;
/** Another replica. */
let otherUrl: string;
let sql: Awaited<ReturnType<typeof connect>>;
let projects: ReturnType<typeof createClient>['projects'];

beforeAll(async () => {
  const databaseUrl = stack.use(await createDatabase()).url;
  url = stack.use(await startWeft({ databaseUrl })).url;
  otherUrl = stack.use(await startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } })).url;
  sql = stack.use(await connect(databaseUrl));
  projects = createClient({ url }).projects;
});
afterAll(() => stack.disposeAsync());

/** A project of each test's own. */
async function makeProject(key: string, maxStoredBytes: number | null = null): Promise<Caller> {
  await projects.create({ key, maxStoredBytes });
  return makeCaller(url, undefined, key);
}

const storedOf = async (key: string) => (await projects.get(key))!.storedBytes;

async function upload(
  to: Caller,
  bytes: number,
): Promise<{ status: number; code?: string; message?: string }> {
  const response = await to.upload('a.bin', 'x'.repeat(bytes));
  const { errors } = (await response.json()) as {
    errors?: { message: string; extensions: { code: string } }[];
  };
  return { status: response.status, code: errors?.[0]?.extensions.code, message: errors?.[0]?.message };
}

const UPSERT = `mutation ($key: String!, $input: WorkflowInput!) {
  workflowUpsert(key: $key, input: $input) { workflow { id } userErrors { message } } }`;
const START = `mutation ($input: ExecutionStartInput!) {
  executionStart(input: $input) { execution { id } userErrors { code message } } }`;
const STATUS = 'query ($id: ID!) { execution(id: $id) { status output } }';

async function save(by: Caller, key: string, nodes: object[], edges: object[] = []): Promise<void> {
  const { data, text } = await by.send(UPSERT, { key, input: { name: key, nodes, edges } });
  if (!data?.workflowUpsert.workflow) throw new Error(text);
}

async function start(by: Caller, input: object): Promise<{ id: string | null; code: string | null }> {
  const { execution, userErrors } = (await by.send(START, { input })).data.executionStart;
  return { id: execution?.id ?? null, code: userErrors[0]?.code ?? null };
}

async function untilStatus(by: Caller, id: string, status: string): Promise<{ output: unknown }> {
  let found = { status: '', output: null as unknown };
  await eventually(`execution ${id} is ${status}`, async () => {
    const { data, text } = await by.send(STATUS, { id });
    if (data === null) throw new Error(text);
    found = data.execution;
    return found.status === status;
  });
  return found;
}

test('what a project stores are its files and its executions with their journals, each counted once', async () => {
  const acme = await makeProject('counted');
  expect(await storedOf('counted')).toBe(0);
  expect((await upload(acme, 1_000)).status).toBe(201);
  expect((await upload(acme, 2 * MIB)).status).toBe(201);
  expect(await storedOf('counted')).toBe(1_000 + 2 * MIB);
  await save(acme, 'plain', [{ key: 'in', type: 'input' }]);
  const { id } = await start(acme, { workflowKey: 'plain', input: 'x'.repeat(50_000) });
  await untilStatus(acme, id!, 'SUCCEEDED');
  const counted = (await storedOf('counted')) - 1_000 - 2 * MIB;
  // Its output is the text, in the journal as that of the node and as that of the execution.
  expect(counted).toBeGreaterThan(100_000);
  expect(counted).toBeLessThan(160_000);
  const { rows } = await sql.query('SELECT stored_bytes::int AS bytes FROM executions WHERE id = $1', [id]);
  expect(rows).toEqual([{ bytes: counted }]);
  expect(await storedOf('default')).toBe(0);
});

test('a file that does not fit is refused and leaves nothing, and of two at once only as many are kept as fit', async () => {
  const acme = await makeProject('small', 5 * MIB);
  expect((await upload(acme, 3 * MIB)).status).toBe(201);
  const refused = await upload(acme, 2 * MIB + 1);
  expect(refused).toMatchObject({ status: 413, code: 'STORAGE_LIMIT' });
  expect(refused.message).toMatch(
    /2\.0 MiB has no room: The project small stores 3\.0 MiB of at most 5\.0 MiB/,
  );
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      upload(n % 2 === 0 ? acme : makeCaller(otherUrl, undefined, 'small'), 600_000),
    ),
  );
  const statuses = all.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([201, 201, 201, 413, 413, 413, 413, 413]);
  expect(await storedOf('small')).toBe(3 * MIB + 3 * 600_000);
  const { rows } = await sql.query(
    `SELECT (SELECT count(*) FROM artifact_leftovers)::int AS leftovers,
            (SELECT count(*) FROM artifact_pieces WHERE artifact_id NOT IN (SELECT id FROM artifacts))::int AS pieces`,
  );
  expect(rows).toEqual([{ leftovers: 0, pieces: 0 }]);
});

test('a full project starts nothing more, on any replica; what runs goes on and loses nothing', async () => {
  const acme = await makeProject('full');
  const nodes = [
    { key: 'ask', type: 'approval', config: { title: 'Go on?' } },
    { key: 'save', type: 'python', config: { code: "save_artifact('a.txt', 'a' * 100)" } },
    { key: 'end', type: 'output', join: 'ANY' },
  ];
  const edges = [
    { source: 'ask', sourceHandle: 'approved', target: 'save' },
    { source: 'save', sourceHandle: 'error', target: 'end' },
  ];
  await save(acme, 'asks', nodes, edges);
  const running = (await start(acme, { workflowKey: 'asks', idempotencyKey: 'first' })).id!;
  await untilStatus(acme, running, 'WAITING');
  expect((await upload(acme, 2 * MIB)).status).toBe(201);
  const webhook = (
    await acme.send(
      'mutation ($input: WebhookCreateInput!) { webhookCreate(input: $input) { path userErrors { message } } }',
      { input: { workflowKey: 'asks', name: 'hook' } },
    )
  ).data.webhookCreate;

  await projects.update('full', { maxStoredBytes: MIB });
  const startMore = { workflowKey: 'asks' };
  expect(await start(acme, startMore)).toEqual({ id: null, code: 'STORAGE_LIMIT' });
  const other = makeCaller(otherUrl, undefined, 'full');
  await eventually(
    'the other replica knows',
    async () => (await start(other, startMore)).code === 'STORAGE_LIMIT',
  );
  expect(await start(acme, { ...startMore, idempotencyKey: 'first' })).toEqual({ id: running, code: null });
  const python = 'mutation { pythonRun(input: { code: "1" }) { execution { id } userErrors { code } } }';
  expect((await acme.send(python)).data.pythonRun.userErrors).toEqual([{ code: 'STORAGE_LIMIT' }]);
  expect(await upload(acme, 1)).toMatchObject({ status: 413, code: 'STORAGE_LIMIT' });
  const delivered = await acme.get(webhook.path, { method: 'POST', body: '{}' });
  expect(delivered.status).toBe(503);
  expect(delivered.headers.get('retry-after')).toBe('10');

  const approvals = '{ approvals { nodes { id } } }';
  const [{ id: approval }] = (await acme.send(approvals)).data.approvals.nodes;
  await acme.send(
    'mutation ($input: ApprovalResolveInput!) { approvalResolve(input: $input) { userErrors { message } } }',
    { input: { id: approval, decision: 'APPROVE' } },
  );
  const { output } = await untilStatus(acme, running, 'SUCCEEDED');
  expect(output).toMatchObject({ error: { code: 'STORAGE_LIMIT', nodeKey: 'save' } });
  const gaps = `SELECT count(*)::int AS events, max(seq) AS last FROM execution_events WHERE execution_id = $1`;
  const [{ events, last }] = (await sql.query(gaps, [running])).rows;
  expect(events).toBe(last);

  await sql.query(`DELETE FROM artifacts WHERE project = 'full'`);
  await sql.query(`DELETE FROM executions WHERE id = $1`, [running]);
  await eventually('there is room again', async () => (await start(acme, startMore)).code === null);
});

test('a limit is a whole number of bytes, and null takes it away', async () => {
  const acme = await makeProject('limited', MIB);
  for (const maxStoredBytes of [MIB - 1, 2 * MIB + 0.5, 2 ** 51])
    await expect(projects.update('limited', { maxStoredBytes })).rejects.toThrow(
      '`maxStoredBytes` to be an integer',
    );
  await projects.update('limited', { name: 'Limited' });
  expect((await projects.get('limited'))!.maxStoredBytes).toBe(MIB);
  expect((await upload(acme, MIB + 1)).status).toBe(413);
  await projects.update('limited', { maxStoredBytes: null });
  expect((await projects.get('limited'))!.maxStoredBytes).toBeNull();
  expect((await upload(acme, MIB + 1)).status).toBe(201);
});
