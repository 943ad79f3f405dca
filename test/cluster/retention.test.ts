import { newId } from '../../server/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

test('executions that ended long ago are deleted with their journals, but those that something still needs, and no audit trail', async () => {
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
  for (let n = 0; n < 250; n++) await insert(`exec_many_${n}`, 'CANCELED', 40 + n);

  const ids = async (query: string) => (await sql.query(query)).rows.map(({ id }) => id).toSorted();
  const kept = ['exec_new', 'exec_old_retried', 'exec_old_running', 'exec_retry'];
  await using weft = await startWeft({ databaseUrl: database.url, env: { WEFT_RETENTION_DAYS: '30' } });
  await eventually(
    'four executions are left',
    async () => (await ids('SELECT id FROM executions')).length <= 4,
  );
  expect(await ids('SELECT id FROM executions')).toEqual(kept);
  expect(await ids('SELECT DISTINCT execution_id AS id FROM execution_events')).toEqual(kept);

  await using client = new WeftClient(weft.url);
  const gone = await client.query(
    `{ execution(id: "${old}") { id } securityViolations { nodes { nodeKey principal execution { id } } } }`,
  );
  expect(gone).toEqual({
    execution: null,
    securityViolations: { nodes: [{ nodeKey: 'py', principal: 'somebody', execution: null }] },
  });
});
