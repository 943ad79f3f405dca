import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl: url }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

interface Saved {
  workflow: { id: string; key: string; latestVersion: { number: number } } | null;
  change?: string;
  userErrors: { code: string; field: string; message: string }[];
}

const draft = (name: string, expression = 'input') => ({
  name,
  nodes: [{ key: 'a', type: 'transform', config: { expression } }],
});
const parts = 'workflow { id key latestVersion { number } } userErrors { code field message }';

async function create(input: object, key?: string): Promise<Saved> {
  const mutation = `mutation ($input: WorkflowInput!, $key: String) { workflowCreate(input: $input, key: $key) { ${parts} } }`;
  return (await weft.query<{ workflowCreate: Saved }>(mutation, { input, key })).workflowCreate;
}

async function upsert(key: string, input: object, expectedVersion?: number): Promise<Saved> {
  const mutation = `mutation ($key: String!, $input: WorkflowInput!, $expectedVersion: Int) {
    workflowUpsert(key: $key, input: $input, expectedVersion: $expectedVersion) { change ${parts} } }`;
  const variables = { key, input, expectedVersion };
  return (await weft.query<{ workflowUpsert: Saved }>(mutation, variables)).workflowUpsert;
}

async function rename(id: string, key: string): Promise<Saved> {
  const mutation = `mutation ($id: ID!, $key: String!) { workflowRename(id: $id, key: $key) { ${parts} } }`;
  return (await weft.query<{ workflowRename: Saved }>(mutation, { id, key })).workflowRename;
}

async function byKey(key: string): Promise<{ id: string } | null> {
  const query = 'query ($key: String!) { workflow(key: $key) { id } }';
  return (await weft.query<{ workflow: { id: string } | null }>(query, { key })).workflow;
}

const deleteWorkflow = (id: string) =>
  weft.query('mutation ($id: ID!) { workflowDelete(id: $id) { deletedWorkflowId } }', { id });

async function start(input: object): Promise<{ execution: { id: string } | null; userErrors: unknown[] }> {
  const mutation =
    'mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id } userErrors { code field } } }';
  return (await weft.query<{ executionStart: never }>(mutation, { input })).executionStart;
}

test.each([
  ['Månedlig rapport, 2026!', 'manedlig-rapport-2026'],
  ['!!!', 'workflow'],
  ['報告', 'workflow-2'],
  ['a'.repeat(200), 'a'.repeat(50)],
])('a workflow with the name %s has the key %s', async (name, key) => {
  expect((await create(draft(name))).workflow).toMatchObject({ key });
});

test('workflows of one name that are saved at once have different keys', async () => {
  const saved = await Promise.all(Array.from({ length: 8 }, () => create(draft('At once'))));
  const keys = saved.map(({ workflow }) => workflow!.key);
  expect(new Set(keys).size).toBe(8);
  expect(keys).toContain('at-once');
});

test('a workflow is found, run and kept by its key, whatever its name becomes', async () => {
  const { workflow } = await create(draft('Report'), 'my-report');
  await upsert('my-report', draft('Another name', '"new"'));
  expect(await byKey('my-report')).toEqual({ id: workflow!.id });
  const { execution } = await start({ workflowKey: 'my-report' });
  expect((await weft.allEvents(execution!.id)).at(-1)).toMatchObject({ output: 'new' });
  const { execution: first } = await start({ workflowKey: 'my-report', versionNumber: 1, input: 7 });
  expect((await weft.allEvents(first!.id)).at(-1)).toMatchObject({ output: 7 });
});

test('an upsert creates, adds a version where something differs, or changes nothing', async () => {
  expect(await upsert('kept', draft('Kept'))).toMatchObject({
    change: 'CREATED',
    workflow: { key: 'kept', latestVersion: { number: 1 } },
  });
  expect(await upsert('kept', draft('Kept'))).toMatchObject({
    change: 'UNCHANGED',
    workflow: { latestVersion: { number: 1 } },
  });
  const moved = { ...draft('Kept'), nodes: [{ ...draft('Kept').nodes[0], position: { x: 1, y: 2 } }] };
  expect(await upsert('kept', moved)).toMatchObject({
    change: 'UPDATED',
    workflow: { latestVersion: { number: 2 } },
  });
});

test('upserts of one key at once make one workflow, and lose none of them', async () => {
  const saved = await Promise.all(
    Array.from({ length: 8 }, (_, n) => upsert('raced', draft('Raced', String(n)))),
  );
  expect(new Set(saved.map(({ workflow }) => workflow!.id)).size).toBe(1);
  expect(saved.map(({ workflow }) => workflow!.latestVersion.number).sort()).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8,
  ]);
});

test('an upsert that expects another version than there is saves nothing', async () => {
  expect((await upsert('guarded', draft('G'), 3)).userErrors).toMatchObject([
    { code: 'NOT_FOUND', field: 'key' },
  ]);
  expect(await upsert('guarded', draft('G'), 0)).toMatchObject({ change: 'CREATED' });
  for (const expected of [0, 2])
    expect((await upsert('guarded', draft('H'), expected)).userErrors).toMatchObject([
      { code: 'CONFLICT', field: 'expectedVersion' },
    ]);
  expect(await upsert('guarded', draft('H'), 1)).toMatchObject({ change: 'UPDATED' });
});

test('a key changes on purpose, and not to one that is taken', async () => {
  const { workflow } = await create(draft('Old'), 'old-key');
  await create(draft('Other'), 'taken');
  expect((await rename(workflow!.id, 'taken')).userErrors).toMatchObject([
    { code: 'KEY_TAKEN', field: 'key' },
  ]);
  expect((await rename(workflow!.id, 'new-key')).workflow).toMatchObject({ key: 'new-key' });
  expect(await byKey('old-key')).toBeNull();
  expect((await rename('wf_none', 'x')).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  expect((await create(draft('Third'), 'taken')).userErrors).toMatchObject([{ code: 'KEY_TAKEN' }]);
});

test('the key of a deleted workflow is free again, and starts nothing', async () => {
  const { workflow } = await create(draft('Gone'), 'gone');
  await deleteWorkflow(workflow!.id);
  expect(await byKey('gone')).toBeNull();
  expect((await start({ workflowKey: 'gone' })).userErrors).toEqual([
    { code: 'NOT_FOUND', field: 'workflowKey' },
  ]);
  const { workflow: next } = await create(draft('Next'), 'gone');
  expect(next!.id).not.toBe(workflow!.id);
});

test.each(['', 'Upper', 'with space', '-a', 'a-', 'a_b', 'wf_1', 'ä', 'a'.repeat(65), '../x'])(
  'the key %p is refused wherever one is given',
  async (key) => {
    const invalid = [{ code: 'INVALID', field: 'key' }];
    expect((await create(draft('X'), key)).userErrors).toMatchObject(invalid);
    expect((await upsert(key, draft('X'))).userErrors).toMatchObject(invalid);
    expect((await rename('wf_none', key)).userErrors).toMatchObject(invalid);
    expect(await byKey(key)).toBeNull();
  },
);

test('a workflow is named by its id or by its key, not by both or none', async () => {
  await expect(weft.query('{ workflow { id } }')).rejects.toThrow(/BAD_USER_INPUT/);
  await expect(weft.query('{ workflow(id: "a", key: "b") { id } }')).rejects.toThrow(/got both/);
  const invalid = [{ code: 'INVALID', field: 'workflowId' }];
  expect((await start({ input: 1 })).userErrors).toEqual(invalid);
  expect((await start({ workflowId: 'wf_1', workflowKey: 'a' })).userErrors).toEqual(invalid);
});
