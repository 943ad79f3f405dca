import { idBefore, newId } from '../../server/shared/ids.ts';
import { DELETE_AGED, DELETE_BEYOND, DELETE_OTHERS } from '../../server/use-cases/retention.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

test('executions that ended long ago are deleted with their journals, but those that something still needs, and no violation', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  const insert = (id: string, status: string, daysAgo: number, retryOf: string | null = null) =>
    sql.query(
      `WITH execution AS (
         INSERT INTO executions (id, definition, status, retry_of, created_at, started_at, finished_at)
         SELECT $1, '{}', $2, $4, moment, moment, CASE WHEN $2 <> 'RUNNING' THEN moment END
         FROM (SELECT now() - $3 * interval '1 day' AS moment) AS ago
       )
       INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
       SELECT $1, seq, 'ExecutionQueued', '{}', now(), 'test' FROM generate_series(1, 3) AS seq`,
      [id, status, daysAgo, retryOf],
    );
  const old = newId('exec');
  await insert(old, 'SUCCEEDED', 31);
  await sql.query(
    `INSERT INTO security_violations (execution_id, seq, node_key, attempt, principal, code_hash, rule, layer, violation, occurred_at)
     VALUES ($1, 2, 'py', 1, 'somebody', 'hash', 'blocked-import', 'STATIC',
             '{"code":"PYTHON_SECURITY_ERROR","rule":"blocked-import","layer":"STATIC","message":"no"}', now())`,
    [old],
  );
  await insert('exec_old_running', 'RUNNING', 31);
  await insert('exec_old_retried', 'FAILED', 31);
  await insert('exec_retry', 'SUCCEEDED', 1, 'exec_old_retried');
  await insert('exec_new', 'SUCCEEDED', 29);
  await insertLine(sql, 'long-ago', 3_000);
  for (let n = 0; n < 250; n++) await insert(`exec_many_${n}`, 'CANCELED', 40 + n);

  await sql.query('UPDATE executions SET stored_bytes = 10');
  await sql.query(`INSERT INTO project_storage VALUES ('default', 3, 2550)`);
  const ids = async (query: string) => (await sql.query(query)).rows.map(({ id }) => id).toSorted();
  const kept = ['exec_new', 'exec_old_retried', 'exec_old_running', 'exec_retry'];
  await using weft = await startWeft({ databaseUrl: database.url, env: { WEFT_RETENTION_DAYS: '30' } });
  await eventually(
    'four executions are left',
    async () => (await ids('SELECT id FROM executions')).length <= 4,
  );
  expect(await ids('SELECT id FROM executions')).toEqual(kept);
  expect(await ids('SELECT DISTINCT execution_id AS id FROM execution_events')).toEqual(kept);
  expect(await ids('SELECT principal AS id FROM audit_log')).toEqual(['long-ago']);

  await using client = new WeftClient(weft.url);
  // Of 255 executions, four are left.
  expect(await client.query('{ project(key: "default") { storedBytes } }')).toEqual({
    project: { storedBytes: 40 },
  });
  const gone = await client.query(
    `{ execution(id: "${old}") { id } securityViolations { nodes { nodeKey principal execution { id } } } }`,
  );
  expect(gone).toEqual({
    execution: null,
    securityViolations: { nodes: [{ nodeKey: 'py', principal: 'somebody', execution: null }] },
  });
});

test('old lines of the audit trail are deleted where a setting says so, and by nothing else', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  const insert = (principal: string, daysAgo: number) => insertLine(sql, principal, daysAgo);
  for (let n = 0; n < 250; n += 1) await insert('old', 91 + n);
  await insert('of-the-quarter', 89);
  await insert('of-today', 0.5);
  const left = async () =>
    (await sql.query('SELECT DISTINCT principal FROM audit_log ORDER BY 1')).rows.map(
      ({ principal }) => principal,
    );

  const deleting = async (keepFrom: string, principal: string) => {
    await sql.query('BEGIN');
    try {
      await sql.query(`SELECT set_config('weft.audit_keep_from', $1, true)`, [keepFrom]);
      await sql.query('DELETE FROM audit_log WHERE principal = $1', [principal]);
    } finally {
      await sql.query('ROLLBACK');
    }
  };
  const today = new Date().toISOString();
  await deleting(today, 'of-the-quarter');
  await expect(deleting(today, 'of-today')).rejects.toThrow('append-only');
  await expect(deleting('2001-01-01', 'old')).rejects.toThrow('append-only');
  await expect(deleting('', 'old')).rejects.toThrow('append-only');
  await expect(sql.query('DELETE FROM audit_log')).rejects.toThrow('append-only');

  await using _weft = await startWeft({ databaseUrl: database.url, env: { WEFT_AUDIT_DAYS: '90' } });
  await eventually('what is old is gone', async () => !(await left()).includes('old'));
  expect(await left()).toEqual(['of-the-quarter', 'of-today']);
});

test('a workflow says how old its executions become and how many are kept, by status; what something needs stays', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  const ofWorkflow: Record<string, string> = {};
  {
    await using api = await startWeft({ databaseUrl: database.url, env: { WEFT_ROLES: 'api' } });
    await using client = new WeftClient(api.url);
    const nodes = [{ key: 'in', type: 'input' }];
    const retention = { succeeded: { days: 7, count: 120 }, failed: { days: 365 } };
    ofWorkflow.own = await client.createWorkflow({ name: 'Own', nodes, retention });
    ofWorkflow.other = await client.createWorkflow({ name: 'Other', nodes });
    const { workflow } = await client.query<{ workflow: { version: { retention: unknown } } }>(
      `{ workflow(id: "${ofWorkflow.own}") { version(number: 1) { retention { succeeded { days count } failed { days count } canceled { days } } } } }`,
    );
    expect(workflow.version.retention).toEqual({
      succeeded: { days: 7, count: 120 },
      failed: { days: 365, count: null },
      canceled: null,
    });
    await expect(
      client.createWorkflow({
        name: 'Wrong',
        nodes,
        retention: { failed: {}, canceled: { days: 0, count: 0 } },
      }),
    ).rejects.toThrow(/retention.failed.*neither.*retention.canceled.days.*retention.canceled.count/s);
  }

  let made = 0;
  /** Which began and ended so many days ago. */
  const insert = async (of: string, status: string, daysAgo: number, parent: string | null = null) => {
    made += 1;
    const id = `${idBefore('exec', Date.now() - daysAgo * 86_400_000)}-7000-8000-${String(made).padStart(12, '0')}`;
    await sql.query(
      `INSERT INTO executions (id, workflow_id, version_number, status, created_at, started_at, finished_at, parent_id)
       SELECT $1, $2, 1, $3, moment, moment, CASE WHEN $3 NOT IN ('RUNNING', 'WAITING') THEN moment END, $5
       FROM (SELECT now() - $4 * interval '1 day' AS moment) AS ago`,
      [id, ofWorkflow[of], status, daysAgo, parent],
    );
    return id;
  };
  const kept: string[] = [];
  const gone: string[] = [];
  for (let n = 0; n < 130; n += 1) gone.push(await insert('own', 'SUCCEEDED', 8 + n / 100)); // too old
  for (let n = 0; n < 15; n += 1) gone.push(await insert('own', 'SUCCEEDED', 6)); // too many
  for (let n = 0; n < 120; n += 1) kept.push(await insert('own', 'SUCCEEDED', 1));
  kept.push(await insert('own', 'FAILED', 300));
  gone.push(await insert('own', 'FAILED', 366));
  gone.push(await insert('own', 'CANCELED', 31)); // as the setting says
  kept.push(await insert('own', 'CANCELED', 29));
  kept.push(await insert('own', 'WAITING', 400));
  const parent = await insert('other', 'RUNNING', 100);
  kept.push(parent, await insert('own', 'SUCCEEDED', 99, parent));
  gone.push(await insert('other', 'SUCCEEDED', 31), await insert('other', 'FAILED', 31));
  kept.push(await insert('other', 'SUCCEEDED', 29));

  await using _weft = await startWeft({ databaseUrl: database.url, env: { WEFT_RETENTION_DAYS: '30' } });
  const left = async () => (await sql.query('SELECT id FROM executions')).rows.map(({ id }) => id).toSorted();
  await eventually('what is too old or too many is gone', async () => {
    const ids = new Set(await left());
    return !gone.some((id) => ids.has(id));
  });
  expect(await left()).toEqual(kept.toSorted());
});

test('what is deleted is found by an index, in the order of which batches go on', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  await sql.query(
    `INSERT INTO executions (id, definition, status, created_at, finished_at)
     SELECT 'exec_' || n, '{}', 'SUCCEEDED', now(), now() FROM generate_series(1, 20000) n`,
  );
  await sql.query('ANALYZE executions');
  const planOf = async (statement: string, values: unknown[]) =>
    JSON.stringify(chosen((await sql.query(`EXPLAIN (FORMAT JSON) ${statement}`, values)).rows));
  /** The part that chooses what is deleted; where 20,000 rows are all, the rest reads them as they come. */
  const chosen = (plan: unknown): unknown => {
    if (typeof plan !== 'object' || plan === null) return null;
    if ((plan as Record<string, unknown>)['Subplan Name'] === 'CTE ended') return plan;
    return (
      Object.values(plan)
        .map(chosen)
        .find((found) => found !== null) ?? null
    );
  };
  const now = new Date();
  const plans = {
    aged: await planOf(DELETE_AGED, ['wf_1', 'SUCCEEDED', now, 'exec_1', '', 100]),
    beyond: await planOf(DELETE_BEYOND, ['wf_1', 'SUCCEEDED', null, 'exec_1', '', 100]),
    others: await planOf(DELETE_OTHERS, [[], [], now, null, new Date(0), 100]),
  };
  for (const plan of Object.values(plans)) expect(plan).not.toContain('Seq Scan');
  for (const plan of [plans.aged, plans.beyond]) expect(plan).toMatch(/executions_by_(workflow|status)/);
  expect(plans.others).toContain('executions_by_change');
});

let lines = 0;

/** A line of the audit trail. */
async function insertLine(sql: Awaited<ReturnType<typeof connect>>, principal: string, daysAgo: number) {
  lines += 1;
  const at = new Date(Date.now() - daysAgo * 86_400_000);
  const id = `${idBefore('aud', at.getTime())}-7000-8000-${String(lines).padStart(12, '0')}`;
  await sql.query(
    `INSERT INTO audit_log (id, occurred_at, principal, principal_name, operation, outcome)
     VALUES ($1, $2, $3, $3, 'workflowUpsert', 'DONE')`,
    [id, at, principal],
  );
}
