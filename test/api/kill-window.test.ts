import type pg from 'pg';
import { ageHeartbeats } from '../support/age-heartbeats.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

/** Each NodeStarted waits in its insert, so that a worker can be killed before it is committed. */
const HOLD_STARTS = `
  CREATE FUNCTION hold_starts() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.type = 'NodeStarted' THEN PERFORM pg_sleep(60); END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER hold_starts BEFORE INSERT ON execution_events FOR EACH ROW EXECUTE FUNCTION hold_starts()`;

const HELD = `SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%execution_events%'`;

test('workers killed before a NodeStarted is committed are counted, and the execution fails', async () => {
  await using database = await createDatabase();
  await using api = await startWeft({ databaseUrl: database.url, env: { WEFT_ROLES: 'api' } });
  await using weft = new WeftClient(api.url);
  await using stack = new AsyncDisposableStack();
  const sql = stack.use(await connect(database.url));
  await sql.query(HOLD_STARTS);
  const id = await weft.runPython('result = 1');

  let kills = 0;
  while (!(await hasFailed(sql, id))) {
    expect(kills).toBeLessThan(10);
    await using worker = await startWeft({ databaseUrl: database.url, env: { WEFT_ROLES: 'worker' } });
    const isInWindow = async () => (await sql.query(HELD)).rowCount !== 0;
    await eventually('a start is held, or the execution has failed', async () => {
      return (await isInWindow()) || (await hasFailed(sql, id));
    });
    if (!(await isInWindow())) break;
    await worker.kill();
    kills += 1;
    await sql.query(`SELECT pg_terminate_backend(pid) FROM (${HELD}) AS held`);
    await ageHeartbeats(database.url);
  }

  const events = await weft.allEvents(id);
  expect(events.map(({ __typename }) => __typename)).not.toContain('NodeStarted');
  expect(events.at(-1)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'EXECUTION_INTERRUPTED' },
  });
});

async function hasFailed(sql: pg.Client, id: string): Promise<boolean> {
  const { rows } = await sql.query('SELECT status FROM executions WHERE id = $1', [id]);
  return rows[0].status === 'FAILED';
}
