import { connect } from '../support/sql.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { untilNotified } from '../support/until-notified.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const sent: string[] = [];
let databaseUrl: string;
let weft: WeftClient;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const proxy = stack.use(await startTcpProxy(databaseUrl));
  proxy.manners = (bytes) => {
    sent.push(bytes);
    return 'pass';
  };
  // A flood has fewer runs than the worker and more than the pool of connections.
  const env = { WEFT_WORKER_CONCURRENCY: '64' };
  const server = stack.use(await startWeft({ databaseUrl: proxy.url, env }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(async () => {
  await stack.disposeAsync();
});

const FLOOD = `
mode = 'w'
for _ in range(300):
    try: open('/etc/passwd', mode)
    except BaseException: pass`;

test('an honest run ends while the violations of twenty others wait to be judged', async () => {
  await using sql = await connect(databaseUrl);
  await sql.query('BEGIN');
  await sql.query('LOCK TABLE security_alerts IN ACCESS EXCLUSIVE MODE'); // so that nothing can be judged
  const workflowId = await weft.createWorkflow({
    nodes: [{ key: 'py', type: 'python', config: { code: FLOOD } }],
  });
  const floods = await Promise.all(Array.from({ length: 20 }, () => weft.start(workflowId)));
  const all = floods.map((id) => weft.allEvents(id));
  await Promise.all(
    floods.map((id) => weft.event(id, ({ __typename }) => __typename === 'SecurityViolation')),
  );

  const honest = await weft.runPython('result = 42');
  expect((await weft.allEvents(honest)).at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: 42,
  });
  const { rows } = await sql.query(
    'SELECT count(*)::int AS ended FROM executions WHERE workflow_id = $1 AND finished_at IS NOT NULL',
    [workflowId],
  );
  expect(rows).toEqual([{ ended: 0 }]);

  await sql.query('ROLLBACK');
  const events = await Promise.all(all);
  for (const run of events) {
    const violations = run.filter(({ __typename }) => __typename === 'SecurityViolation');
    expect(violations.map(({ count }) => count)).toEqual([1, 9, 90, 200]);
    expect(run.at(-1)!.error.code).toBe('PYTHON_SECURITY_ERROR');
  }
  expect(events.flat().filter(({ __typename }) => __typename === 'SecurityAlert')).toHaveLength(1);
});

test('a subscriber gets a flood in pages, each violation once', async () => {
  await using sql = await connect(databaseUrl);
  const live = weft.subscribe<{ securityViolationAdded: { sequence: number } }>(
    'subscription { securityViolationAdded { sequence } }',
  );
  const violate = async () => weft.allEvents(await weft.runPython('import os'));
  await untilNotified(live.next(), violate);
  // All at one moment, and more than are remembered.
  const FIRST = 1_000;
  const ROWS = 3_000;
  await sql.query(
    `INSERT INTO security_violations
       (execution_id, seq, node_key, attempt, principal, code_hash, rule, layer, violation, occurred_at)
     SELECT id, $1 + n, 'python', 1, 'anonymous', 'hash', 'rule', 'STATIC', '{}', now()
     FROM (SELECT id FROM executions LIMIT 1) AS any_execution, generate_series(0, $2 - 1) AS n`,
    [FIRST, ROWS],
  );
  await violate();
  const sequences: number[] = [];
  for await (const { data } of live) {
    const { sequence } = data!.securityViolationAdded;
    if (sequence >= FIRST) sequences.push(sequence);
    if (sequences.length === ROWS) break;
  }
  expect(new Set(sequences).size).toBe(ROWS);
  const reads = sent.filter((bytes) => /SELECT .* FROM "security_violations" .*"occurred_at" > /.test(bytes));
  expect(reads.length).toBeGreaterThanOrEqual(ROWS / 200);
  for (const read of reads) expect(read).toContain('LIMIT 200');
});
