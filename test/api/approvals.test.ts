import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let sql: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  sql = stack.use(await connect(url));
  const server = stack.use(await startWeft({ databaseUrl: url }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(() => stack.disposeAsync());

interface Approval {
  id: string;
  status: string;
  title: string;
  decisions: { decision: string; by: string | null; values: unknown; comment: string | null }[];
  nodeKey: string;
  execution: { id: string };
}

const PARTS =
  'id status title text form required decisions { decision by values comment } nodeKey item execution { id }';
const ask = (config: object = {}) => ({
  key: 'ask',
  type: 'approval',
  config: { title: 'Pay {{ input }} €?', ...config },
});
const out = (handle: string) => ({
  key: handle,
  type: 'transform',
  config: { expression: `"${handle}: " & input.decision` },
});
const handles = ['approved', 'rejected', 'timeout'];
const nodes = (config: object = {}) => [ask(config), ...handles.map(out)];
const edges = handles.map((handle) => ({ source: 'ask', sourceHandle: handle, target: handle }));
const endOf = async (id: string) => (await weft.allEvents(id)).at(-1)!;

async function list(filter: object): Promise<Approval[]> {
  const { approvals } = await weft.query<{ approvals: { nodes: Approval[] } }>(
    `query ($filter: ApprovalFilter) { approvals(filter: $filter, first: 50) { nodes { ${PARTS} } } }`,
    { filter },
  );
  return approvals.nodes;
}

/** Starts a run, and waits until it waits for people. */
async function begin(config: object = {}, input: unknown = 7): Promise<{ id: string; approval: Approval }> {
  const id = await weft.run(nodes(config), edges, input);
  await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
  const [approval] = await list({ executionId: id });
  return { id, approval: approval! };
}

async function resolve(
  id: string,
  input: object,
): Promise<{ approval: Approval | null; codes: string[]; fields: string[] }> {
  const { approvalResolve } = await weft.query<{
    approvalResolve: {
      approval: Approval | null;
      userErrors: { code: string; field: string; message: string }[];
    };
  }>(
    `mutation ($input: ApprovalResolveInput!) { approvalResolve(input: $input) { approval { ${PARTS} } userErrors { code field message } } }`,
    { input: { id, ...input } },
  );
  const { approval, userErrors } = approvalResolve;
  return {
    approval,
    codes: userErrors.map(({ code }) => code),
    fields: userErrors.map(({ field }) => field),
  };
}

test('an execution waits for a person, goes on by the decision, and its journal says who decided what', async () => {
  const form = { type: 'object', required: ['reason'], properties: { reason: { type: 'string' } } };
  const { id, approval } = await begin({ form, text: 'It is a lot.' });
  expect(approval).toMatchObject({
    status: 'OPEN',
    title: 'Pay 7 €?',
    text: 'It is a lot.',
    form,
    nodeKey: 'ask',
  });
  expect(await resolve(approval.id, { decision: 'APPROVE', values: {} })).toMatchObject({
    approval: null,
    codes: ['INVALID_VALUES'],
    fields: ['values.reason'],
  });
  const values = { reason: 'rent' };
  const decided = await resolve(approval.id, { decision: 'APPROVE', values, by: 'ann', comment: 'Fine.' });
  expect(decided.approval).toMatchObject({
    status: 'APPROVED',
    decisions: [{ decision: 'APPROVE', by: 'ann', values, comment: 'Fine.' }],
  });
  const events = await weft.allEvents(id);
  expect(events.at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: { approved: 'approved: APPROVED' },
  });
  expect(events.find(({ __typename }) => __typename === 'NodeResumed')!.signal).toMatchObject({
    number: 1,
    payload: { decision: 'APPROVE', by: 'ann', values, comment: 'Fine.', principal: 'anonymous' },
  });
  expect(events.find(({ __typename }) => __typename === 'NodeSucceeded')!.output).toMatchObject({
    decision: 'APPROVED',
    values,
    input: 7,
  });
});

test('one who rejects is enough; where several must approve, each counts once', async () => {
  const rejected = await begin({ required: 2 });
  expect((await resolve(rejected.approval.id, { decision: 'APPROVE' })).fields).toEqual(['by']);
  expect((await resolve(rejected.approval.id, { decision: 'APPROVE', by: 'ann' })).approval!.status).toBe(
    'OPEN',
  );
  expect((await resolve(rejected.approval.id, { decision: 'APPROVE', by: 'ann' })).codes).toEqual([
    'ALREADY_DECIDED',
  ]);
  await resolve(rejected.approval.id, { decision: 'REJECT', by: 'bob' });
  expect((await endOf(rejected.id)).output).toMatchObject({ rejected: 'rejected: REJECTED' });

  const approved = await begin({ required: 2 });
  const both = await Promise.all(
    ['ann', 'bob'].map((by) => resolve(approved.approval.id, { decision: 'APPROVE', by })),
  );
  expect(both.map(({ codes }) => codes)).toEqual([[], []]);
  expect((await endOf(approved.id)).output).toMatchObject({ approved: 'approved: APPROVED' });
});

test('of two who decide at the same time one decides, and nobody decides twice', async () => {
  const { id, approval } = await begin();
  const decisions = await Promise.all(
    ['APPROVE', 'REJECT', 'APPROVE', 'REJECT'].map((decision) => resolve(approval.id, { decision })),
  );
  expect(decisions.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
  expect(decisions.flatMap(({ codes }) => codes)).toEqual(Array(3).fill('ALREADY_RESOLVED'));
  const { status } = (await list({ executionId: id }))[0]!;
  expect(Object.keys((await endOf(id)).output as object)).toEqual([status.toLowerCase()]);
});

test('without a decision in time it goes on by `timeout`, and nobody can decide any more', async () => {
  const { id, approval } = await begin({ timeoutMs: 2_500 });
  expect((await endOf(id)).output).toMatchObject({ timeout: 'timeout: TIMED_OUT' });
  expect((await list({ executionId: id }))[0]!.status).toBe('TIMED_OUT');
  expect((await resolve(approval.id, { decision: 'APPROVE' })).codes[0]).toMatch(/ALREADY_/);
});

test('an answer after its time is refused, also before anybody has seen that the time is over', async () => {
  const { id, approval } = await begin({ timeoutMs: 60_000 });
  await sql.query(`UPDATE approvals SET expires_at = now() - interval '1 ms' WHERE id = $1`, [approval.id]);
  expect((await resolve(approval.id, { decision: 'APPROVE' })).codes).toEqual(['APPROVAL_EXPIRED']);
  // Nothing of it is kept.
  expect((await list({ executionId: id }))[0]!).toMatchObject({ status: 'OPEN', decisions: [] });
  await weft.cancel(id);
});

test('runs of a workflow that is deleted while they wait go on to their end', async () => {
  const { id, approval } = await begin();
  const { execution } = await weft.query<{ execution: { workflow: { id: string } } }>(
    'query ($id: ID!) { execution(id: $id) { workflow { id } } }',
    { id },
  );
  await weft.query('mutation ($id: ID!) { workflowDelete(id: $id) { userErrors { message } } }', {
    id: execution.workflow.id,
  });
  expect((await list({ executionId: id }))[0]!.status).toBe('OPEN');
  expect((await resolve(approval.id, { decision: 'APPROVE' })).codes).toEqual([]);
  expect((await endOf(id)).output).toMatchObject({ approved: 'approved: APPROVED' });
});

test('an approval of an execution that was canceled is canceled', async () => {
  const { id, approval } = await begin();
  await weft.cancel(id);
  expect((await list({ executionId: id, statuses: ['CANCELED'] })).map((each) => each.id)).toEqual([
    approval.id,
  ]);
  expect((await resolve(approval.id, { decision: 'APPROVE' })).codes).toEqual(['ALREADY_ENDED']);
});

test('a subscription has each approval as it is opened and decided on', async () => {
  const workflowId = await weft.createWorkflow({ nodes: [ask()] });
  const updates = weft.subscribe<{ approvals: Approval }>(
    `subscription ($workflowId: ID) { approvals(workflowId: $workflowId) { ${PARTS} } }`,
    { workflowId },
  );
  const next = async () => (await updates.next()).value!.data!.approvals as Approval;
  const first = next();
  await weft.run(nodes(), edges, 1); // of another workflow
  // A subscription sees what changes after it began: starts go on until it does.
  let opened: Approval | null = null;
  void first.then((approval) => {
    opened = approval;
  });
  while (opened === null) {
    const id = await weft.start(workflowId, 2);
    await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
  }
  const { id } = await first;
  expect((await first).status).toBe('OPEN');
  await resolve(id, { decision: 'APPROVE' });
  for (let update = await next(); ; update = await next()) {
    if (update.id !== id) continue;
    expect(update.status).toBe('APPROVED');
    break;
  }
  const executionId = await weft.start(workflowId, 3);
  await weft.event(executionId, ({ __typename }) => __typename === 'ExecutionWaiting');
  await weft.cancel(executionId);
  for (let update = await next(); ; update = await next()) {
    if (update.execution.id !== executionId || update.status === 'OPEN') continue;
    expect(update.status).toBe('CANCELED');
    break;
  }
  await updates.return?.();
});

test('bad configurations are refused where they are saved, and an approval that is not there is said to be', async () => {
  await expect(weft.createWorkflow({ nodes: [ask({ form: { type: 'nonsense' } })] })).rejects.toThrow(
    'config.form',
  );
  await expect(weft.createWorkflow({ nodes: [ask({ required: 0 })] })).rejects.toThrow('config.required');
  expect((await resolve('appr_nowhere', { decision: 'APPROVE' })).codes).toEqual(['NOT_FOUND']);
});
