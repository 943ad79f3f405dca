import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const TOKEN = 'the administrator of these tests';
let databaseUrl: string;
let server: WeftServer;
/** Another replica, without a worker. */
let front: WeftServer;
let weft: WeftClient;
let sql: Awaited<ReturnType<typeof connect>>;
let quick: string;

const env = { WEFT_API_TOKEN: TOKEN };
const output = { key: 'out', type: 'output' };

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  [server, front] = await Promise.all([
    startWeft({ databaseUrl, env }),
    startWeft({ databaseUrl, env: { ...env, WEFT_ROLES: 'api' } }),
  ]);
  stack.use(server);
  stack.use(front);
  weft = stack.use(new WeftClient(server.url, TOKEN));
  sql = stack.use(await connect(databaseUrl));
  quick = await upsert('quick');
});
afterAll(() => stack.disposeAsync());

async function upsert(key: string): Promise<string> {
  const { workflowUpsert } = await weft.query<{ workflowUpsert: { workflow: { id: string } } }>(
    'mutation ($key: String!, $input: WorkflowInput!) { workflowUpsert(key: $key, input: $input) { workflow { id } } }',
    { key, input: { name: key, nodes: [output], edges: [] } },
  );
  return workflowUpsert.workflow.id;
}

interface Change {
  cursor: string;
  type: string;
  executionId: string;
  sequence: number;
  status: string | null;
  workflowKey: string | null;
  nodeKey: string | null;
  waitReason: string | null;
  code: string | null;
  message: string | null;
  severity: string | null;
  decision: string | null;
}
interface Batch {
  changes: Change[];
  endCursor: string;
  caughtUp: boolean;
}

const FIELDS = `changes {
    cursor type executionId sequence status workflowKey nodeKey waitReason code message severity decision
  } endCursor caughtUp`;

async function list(
  after: string,
  more: { first?: number; filter?: object } = {},
  of = weft,
): Promise<Batch> {
  const { changeList } = await of.query<{ changeList: Batch }>(
    `query ($after: String, $first: Int, $filter: ChangeFilter) {
      changeList(after: $after, first: $first, filter: $filter) { ${FIELDS} } }`,
    { after, ...more },
  );
  return changeList;
}

/** Page by page, to the end. */
async function all(after: string, more: { first?: number; filter?: object } = {}, of = weft) {
  await settled();
  const changes: Change[] = [];
  for (let cursor = after; ; ) {
    const batch = await list(cursor, more, of);
    changes.push(...batch.changes);
    cursor = batch.endCursor;
    if (batch.caughtUp) return { changes, endCursor: cursor };
  }
}

async function now(): Promise<string> {
  await settled();
  return (await list('newest')).endCursor;
}

/** Until what is committed by now is in the feed: transactions of other tests, on the same Postgres, may hold it back. */
async function settled(): Promise<void> {
  const { rows } = await sql.query('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS "end"');
  const passed = `SELECT pg_snapshot_xmin(pg_current_snapshot()) >= '${rows[0].end}'::xid8 AS passed`;
  await eventually('earlier transactions end', async () => (await sql.query(passed)).rows[0].passed);
}

async function* follow(after: string, filter: object = {}, of = weft): AsyncGenerator<Batch> {
  const batches = of.subscribe<{ changes: Batch }>(
    `subscription ($after: String, $filter: ChangeFilter) { changes(after: $after, filter: $filter) { ${FIELDS} } }`,
    { after, filter },
  );
  for await (const { data } of batches) yield data!.changes;
}

async function runQuick(more: object = {}): Promise<string> {
  const id = await weft.start(quick, null, more);
  await weft.allEvents(id);
  return id;
}

const inShort = ({ executionId, sequence }: Change) => `${executionId}/${sequence}`;
const typesOf = (changes: Change[], id: string) =>
  changes.filter(({ executionId }) => executionId === id).map(({ type }) => type);

test('what happens to executions is in the feed: starts, ends, waits, failures that are parked, approvals, violations, alerts', async () => {
  const after = await now();
  const ended = await runQuick();
  const failing = await weft.run([
    { key: 'bad', type: 'fail', config: { code: 'ON_PURPOSE', message: 'on purpose' } },
  ]);
  await weft.allEvents(failing);
  const parkedFlow = await weft.createWorkflow({
    nodes: [{ key: 'bad', type: 'fail', config: { code: 'ON_PURPOSE', message: 'on purpose' } }],
    onFailure: 'PARK',
  });
  const parked = await weft.start(parkedFlow);
  await weft.event(parked, ({ __typename }) => __typename === 'ExecutionWaiting');
  const asking = await weft.run([{ key: 'ask', type: 'approval', config: { title: 'Go?', required: 2 } }]);
  await weft.event(asking, ({ __typename }) => __typename === 'ExecutionWaiting');
  const { approvals } = await weft.query<{ approvals: { nodes: { id: string }[] } }>(
    `{ approvals(filter: { executionId: "${asking}" }) { nodes { id } } }`,
  );
  for (const by of ['ann', 'bob'])
    await weft.query(
      `mutation { approvalResolve(input: { id: "${approvals.nodes[0]!.id}", decision: APPROVE, by: "${by}" }) { userErrors { code } } }`,
    );
  await weft.allEvents(asking);
  const forbidden = Array.from(
    { length: 6 },
    (_, n) => `try:\n    open('/etc/x${n}', 'w')\nexcept BaseException: pass`,
  );
  const violating = await weft.runPython(forbidden.join('\n'));
  await weft.allEvents(violating);

  const { changes } = await all(after);
  expect(typesOf(changes, ended)).toEqual(['EXECUTION_QUEUED', 'EXECUTION_STARTED', 'EXECUTION_SUCCEEDED']);
  expect(changes.filter(({ executionId }) => executionId === ended)).toMatchObject([
    { status: 'QUEUED', workflowKey: 'quick', sequence: 1 },
    { status: 'RUNNING' },
    { status: 'SUCCEEDED', code: null },
  ]);
  expect(changes.find(({ type }) => type === 'EXECUTION_FAILED')).toMatchObject({
    executionId: failing,
    code: 'ON_PURPOSE',
    message: 'on purpose',
  });
  expect(typesOf(changes, parked)).toEqual([
    'EXECUTION_QUEUED',
    'EXECUTION_STARTED',
    'NODE_PARKED',
    'EXECUTION_WAITING',
  ]);
  expect(changes.find(({ type }) => type === 'NODE_PARKED')).toMatchObject({
    nodeKey: 'bad',
    code: 'ON_PURPOSE',
  });
  expect(typesOf(changes, asking).filter((type) => type.startsWith('APPROVAL'))).toEqual([
    'APPROVAL_REQUESTED',
    ...typesOf(changes, asking).filter((type) => type === 'APPROVAL_DECIDED'),
  ]);
  expect(changes.filter(({ type }) => type === 'APPROVAL_DECIDED').map(({ decision }) => decision)).toContain(
    'APPROVE',
  );
  expect(typesOf(changes, violating)).toContain('SECURITY_VIOLATION');
  expect(changes.find(({ type }) => type === 'SECURITY_VIOLATION')).toMatchObject({
    nodeKey: expect.any(String),
    severity: expect.stringMatching(/LOW|MEDIUM|HIGH/),
    code: expect.any(String),
  });
  // By pages of three, by the other replica, and as a stream: the same, in the same order.
  await using other = new WeftClient(front.url, TOKEN);
  expect((await all(after, { first: 3 }, other)).changes).toEqual(changes);
  const streamed: Change[] = [];
  for await (const batch of follow(after, {}, other)) {
    streamed.push(...batch.changes);
    if (batch.caughtUp) break;
  }
  expect(streamed).toEqual(changes);
});

test('what commits late is not lost: nobody reads past a transaction that is open, and its changes come in their place', async () => {
  const waiting = await weft.run([{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }]);
  await weft.event(waiting, ({ __typename }) => __typename === 'ExecutionWaiting');
  const after = await now();
  await using other = new WeftClient(front.url, TOKEN);
  const streams = [follow(after), follow(after, {}, other)];
  for (const stream of streams) expect((await stream.next()).value!.caughtUp).toBe(true);

  // Three writers, each of which has begun before the executions below; they end in the other order.
  const insert = (seq: number) =>
    `INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
     VALUES ('${waiting}', ${seq}, 'ExecutionResumed', '{}', now(), 'test')`;
  const writers = await Promise.all([1, 2, 3].map(() => connect(databaseUrl)));
  for (const writer of writers) stack.use(writer);
  for (const [n, writer] of writers.entries()) {
    await writer.query('BEGIN');
    await writer.query(insert(100 + n));
  }
  const later = [await runQuick(), await runQuick()];
  expect((await list(after)).changes).toEqual([]);
  await writers[2]!.query('COMMIT');
  later.push(await runQuick());
  expect((await list(after)).changes).toEqual([]);
  await writers[1]!.query('ROLLBACK');
  expect((await list(after)).changes).toEqual([]);
  await writers[0]!.query('COMMIT');

  const expected = [`${waiting}/100`, `${waiting}/102`];
  for (const stream of streams) {
    const seen: Change[] = [];
    while (seen.filter(({ type }) => type === 'EXECUTION_SUCCEEDED').length < 3)
      seen.push(...(await stream.next()).value!.changes);
    expect(seen.map(inShort).slice(0, 2)).toEqual(expected);
    expect([...new Set(seen.slice(2).map(({ executionId }) => executionId))]).toEqual(later);
    expect(seen).toEqual((await all(after)).changes);
    await stream.return(undefined);
  }
  await sql.query(`DELETE FROM execution_events WHERE execution_id = '${waiting}' AND seq >= 100`);
});

test('many writers at random: readers that follow meanwhile, on two replicas, see what a reader sees afterwards', async () => {
  const waiting = await weft.run([{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }]);
  await weft.event(waiting, ({ __typename }) => __typename === 'ExecutionWaiting');
  const after = await now();
  await using other = new WeftClient(front.url, TOKEN);
  const PER_WRITER = 60;
  const WRITERS = 6;
  const read = async (client: WeftClient) => {
    const seen: Change[] = [];
    for await (const { changes } of follow(after, { executionId: waiting }, client)) {
      seen.push(...changes);
      if (seen.length >= WRITERS * PER_WRITER) break;
    }
    return seen.map(inShort);
  };
  const poll = async () => {
    const seen: Change[] = [];
    for (let cursor = after; seen.length < WRITERS * PER_WRITER; ) {
      const batch = await list(cursor, { first: 7, filter: { executionId: waiting } });
      seen.push(...batch.changes);
      cursor = batch.endCursor;
    }
    return seen.map(inShort);
  };
  const write = async (writer: number) => {
    await using connection = await connect(databaseUrl);
    for (let n = 0; n < PER_WRITER; n += 1) {
      const seq = 1_000 + writer * PER_WRITER + n;
      // The transaction has its number some milliseconds before it commits.
      await connection.query('BEGIN');
      await connection.query('SELECT pg_current_xact_id()');
      await connection.query(
        `INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
         VALUES ($1, $2, 'ExecutionResumed', '{}', now(), 'test')`,
        [waiting, seq],
      );
      await connection.query('SELECT pg_sleep(random() * 0.01)');
      await connection.query('COMMIT');
    }
  };
  const readers = [read(weft), read(other), poll()];
  await Promise.all(Array.from({ length: WRITERS }, (_, n) => write(n)));
  const truth = (await all(after, { filter: { executionId: waiting } })).changes.map(inShort);
  expect(new Set(truth).size).toBe(WRITERS * PER_WRITER);
  for (const seen of await Promise.all(readers)) expect(seen).toEqual(truth);
  await sql.query(`DELETE FROM execution_events WHERE execution_id = '${waiting}' AND seq >= 1000`);
});

test('a filter narrows by type, workflow, execution and labels; its cursor moves on past what it does not want', async () => {
  const after = await now();
  const labelled = await runQuick({ labels: { customer: '42' } });
  const plain = await runQuick();
  const ends = await all(after, { filter: { types: ['EXECUTION_SUCCEEDED'], workflowKeys: ['quick'] } });
  expect(ends.changes.map(({ executionId }) => executionId)).toEqual([labelled, plain]);
  const ofCustomer = await all(after, { filter: { labels: { customer: '42' } } });
  expect(new Set(ofCustomer.changes.map(({ executionId }) => executionId))).toEqual(new Set([labelled]));
  const none = await all(after, { filter: { workflowKeys: ['no-such'] } });
  expect(none.changes).toEqual([]);
  expect((await all(none.endCursor)).changes).toEqual([]);
  const { changeList } = await weft.query<{
    changeList: { changes: { execution: { id: string; status: string } }[] };
  }>(
    'query ($after: String, $id: ID) { changeList(after: $after, filter: { executionId: $id }) { changes { execution { id status } } } }',
    { after, id: plain },
  );
  expect(changeList.changes).toHaveLength(3);
  expect(changeList.changes[0]!.execution).toEqual({ id: plain, status: 'SUCCEEDED' });
});

test('a limited token has the changes of what it reaches, and no others', async () => {
  const mint = async (limit: object) => {
    const { tokenCreate } = await weft.query<{ tokenCreate: { secret: string; userErrors: unknown[] } }>(
      'mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { secret userErrors { code message } } }',
      { input: { name: 'limited', scopes: ['READ'], ...limit } },
    );
    expect(tokenCreate.userErrors).toEqual([]);
    return stack.use(new WeftClient(front.url, tokenCreate.secret));
  };
  await upsert('mine');
  const [byKey, byLabel] = [
    await mint({ workflowKeys: ['mine'] }),
    await mint({ labels: { customer: '7' } }),
  ];
  const after = await now();
  const stream = follow(after, {}, byKey);
  await stream.next();
  await runQuick();
  const labelled = await runQuick({ labels: { customer: '7', other: 'x' } });
  const { executionStart } = await weft.query<{ executionStart: { execution: { id: string } } }>(
    'mutation { executionStart(input: { workflowKey: "mine" }) { execution { id } } }',
  );
  const mine = executionStart.execution.id;
  await weft.allEvents(mine);
  expect(new Set((await all(after, {}, byKey)).changes.map(({ executionId }) => executionId))).toEqual(
    new Set([mine]),
  );
  expect(new Set((await all(after, {}, byLabel)).changes.map(({ executionId }) => executionId))).toEqual(
    new Set([labelled]),
  );
  expect((await stream.next()).value!.changes[0]!.executionId).toBe(mine);
  await stream.return(undefined);
});

async function codeOf(query: Promise<unknown>): Promise<string> {
  const error = await query.then(
    () => null,
    (thrown: Error) => thrown,
  );
  return JSON.parse(error!.message)[0].extensions.code;
}

test('a cursor that is too old, of another feed, or no cursor at all is refused, in words', async () => {
  const cursor = await now();
  const [feed, txid, at, ...rest] = cursor.split('.');
  const old = [feed, txid, Number(at) - 8 * 24 * 3_600_000, ...rest].join('.');
  expect(await codeOf(list(old))).toBe('CURSOR_EXPIRED');
  expect(await codeOf(list(['0123456789ab', txid, at, ...rest].join('.')))).toBe('CURSOR_EXPIRED');
  expect(await codeOf(list([feed, BigInt(txid!) + 1_000_000n, at, ...rest].join('.')))).toBe(
    'CURSOR_EXPIRED',
  );
  for (const bad of ['', 'newer', `${cursor}x`, `${feed}.${'9'.repeat(20)}.${at}..0`])
    expect(await codeOf(list(bad))).toBe('INVALID_CURSOR');
  expect(await codeOf(list('newest', { first: 101 }))).toBe('BAD_USER_INPUT');
  const refused = weft.subscribe('subscription ($after: String) { changes(after: $after) { endCursor } }', {
    after: old,
  });
  const { errors } = (await refused.next().catch((thrown) => ({ value: { errors: thrown } }))).value;
  expect(errors[0].extensions.code).toBe('CURSOR_EXPIRED');
});

test('`oldest` begins with what is kept, and leaves out what is older', async () => {
  await runQuick();
  const { changes } = await all('oldest');
  await sql.query(`UPDATE execution_events SET occurred_at = occurred_at - interval '7 days'`);
  const later = await runQuick();
  expect(changes.length).toBeGreaterThan(30);
  expect((await all('oldest')).changes.map(({ executionId }) => executionId)).toEqual([later, later, later]);
});

test('the feed is read by its index', async () => {
  const { rows } = await sql.query(`EXPLAIN SELECT * FROM execution_events WHERE
    txid IS NOT NULL AND type IN (
    'ExecutionQueued', 'ExecutionStarted', 'ExecutionWaiting', 'ExecutionResumed', 'ExecutionSucceeded',
    'ExecutionFailed', 'ExecutionCanceled', 'NodeWaiting', 'NodeResumed', 'SecurityViolation', 'SecurityAlert')
    AND txid >= '5'::xid8 AND txid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY txid, execution_id, seq LIMIT 10`);
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('execution_events_by_txid');
});

test('a database that was restored from a dump, and so counts transactions anew, begins another feed', async () => {
  await using restored = await createDatabase();
  await using db = await connect(restored.url);
  let cursor: string;
  {
    await using first = await startWeft({ databaseUrl: restored.url, env });
    await using client = new WeftClient(first.url, TOKEN);
    const id = await client.run([output]);
    await client.allEvents(id);
    cursor = (await list('oldest', {}, client)).endCursor;
    // As if they had been written by the cluster that was dumped, which was far ahead.
    await db.query(`UPDATE execution_events SET txid = (txid::text::bigint + 1000000000)::text::xid8`);
  }
  await using second = await startWeft({ databaseUrl: restored.url, env });
  await using client = new WeftClient(second.url, TOKEN);
  expect(await codeOf(list(cursor, {}, client))).toBe('CURSOR_EXPIRED');
  expect((await all('oldest', {}, client)).changes).toEqual([]);
  const id = await client.run([output]);
  await client.allEvents(id);
  expect((await all('oldest', {}, client)).changes.map(({ executionId }) => executionId)).toEqual([
    id,
    id,
    id,
  ]);
});
