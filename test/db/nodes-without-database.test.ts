import { openBoss } from '../../server/db/boss.ts';
import { type Database, openDatabase } from '../../server/db/database.ts';
import { makeLimits } from '../../server/engine/limits.ts';
import { openQueue } from '../../server/engine/queue.ts';
import type { Evaluator } from '../../server/expressions/evaluator.ts';
import type { Hub } from '../../server/journal/hub.ts';
import { makeRecentEvents } from '../../server/journal/recent-events.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { makeApprovalStore } from '../../server/use-cases/approvals.ts';
import { makeChildren } from '../../server/use-cases/children.ts';
import { connect } from '../support/sql.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { draftOf } from '../unit/engine/drive-by-hand.ts';

const stack = new AsyncDisposableStack();
const { signal } = new AbortController();
const hub = { wake() {}, listen: () => () => {} } as unknown as Hub;
const evaluator = { findSchemaErrors: async () => [] } as unknown as Evaluator;
let proxy: TcpProxy;
let database: Database;
let sql: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  sql = stack.use(await connect(url));
  proxy = stack.use(await startTcpProxy(url));
  database = stack.use(await openDatabase({ url: proxy.url, logger: makeLogger('silent') }));
  const { pool } = database;
  const { boss } = stack.use(await openBoss({ pool, supervise: false, logger: makeLogger('silent') }));
  await openQueue(boss, pool);
  await sql.query(
    `INSERT INTO workflows (id, key, name, latest_version) VALUES ('wf_1', 'child', 'Child', 1)`,
  );
  await sql.query(`INSERT INTO workflow_versions (workflow_id, number, definition) VALUES ('wf_1', 1, $1)`, [
    draftOf('a'),
  ]);
  await sql.query(
    `INSERT INTO executions (id, status, definition, input, created_at, principal) VALUES ('exec_1', 'RUNNING', '{}', 'null', now(), 'x')`,
  );
});
afterAll(() => stack.disposeAsync());

/** The database is away from the first request on, until it has been asked for three times. */
function goAway(): void {
  let asked = 0;
  proxy.manners = () => {
    asked += 1;
    if (asked > 3) proxy.manners = () => 'pass';
    return 'refuse';
  };
}

test('a node that starts an execution while the database is away starts it once it is back, and once', async () => {
  const limits = makeLimits({ database, hub });
  const deps = { database, hub, recentEvents: makeRecentEvents(hub), limits, evaluator };
  const children = makeChildren(deps);
  const parent = { executionId: 'exec_1', nodeKey: 'sub', item: null };
  const request = {
    workflow: 'child',
    version: null,
    input: 1,
    parent,
    isAwaited: true,
    key: 'try.1',
    trace: null,
  };
  goAway();
  const started = await children.start(request, signal);
  expect(started).toMatchObject({ ok: true });
  goAway();
  expect(await children.start(request, signal)).toEqual(started);
  goAway();
  const { executionId } = started as { executionId: string };
  expect(await children.outcome(executionId, signal)).toMatchObject({ status: 'QUEUED' });
  const { rows } = await sql.query(`SELECT count(*)::int AS n FROM executions WHERE parent_id = 'exec_1'`);
  expect(rows).toEqual([{ n: 1 }]);
});

test('a question to people while the database is away is asked once it is back', async () => {
  const approvals = makeApprovalStore({ database, hub, evaluator });
  goAway();
  const request = {
    ...{ tryId: 'try.2', executionId: 'exec_1', workflowId: null, nodeKey: 'ask', item: null },
    ...{ title: 'Go on?', text: null, form: null, required: 1, timeoutMs: null },
  };
  const { id } = await approvals.open(request, signal);
  goAway();
  expect(await approvals.stateOf(id, false, signal)).toMatchObject({ status: 'OPEN' });
});

test('a node that is stopped while the database is away ends with the error', async () => {
  const approvals = makeApprovalStore({ database, hub, evaluator });
  proxy.manners = () => 'refuse';
  await expect(approvals.stateOf('appr_1', false, AbortSignal.abort())).rejects.toThrow(/terminated|ECONN/);
  proxy.manners = () => 'pass';
});
