import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let sql: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  sql = stack.use(await connect(databaseUrl));
  for (const runAhead of ['true', 'false']) {
    const server = stack.use(await startWeft({ databaseUrl, env: { WEFT_RUN_AHEAD: runAhead } }));
    clients.push(stack.use(new WeftClient(server.url)));
  }
});
afterAll(() => stack.disposeAsync());

/** One of a server that runs nodes ahead of their commits, and one of a server that does not. */
const clients: WeftClient[] = [];

const START =
  'mutation ($input: PythonRunInput!) { pythonRun(input: $input) { execution { id } userErrors { code } } }';

test('a retry whose former execution is deleted meanwhile is NOT_FOUND, and the server goes on', async () => {
  for (const weft of clients) {
    const id = await weft.runPython('1 / 0');
    await weft.allEvents(id);
    await onInsert(
      'DELETE FROM execution_events WHERE execution_id = NEW.retry_of; DELETE FROM executions WHERE id = NEW.retry_of;',
    );
    await expect(weft.retry(id)).rejects.toThrow(
      /"code":"NOT_FOUND","field":"id".*There is no execution exec_/,
    );
    await asUsual();
    expect((await weft.allEvents(await weft.runPython('2'))).at(-1)!.output).toBe(2);
  }
});

test.each([
  ['a constraint', "RAISE EXCEPTION 'no' USING ERRCODE = '23514';"],
  ['a full disk', "RAISE EXCEPTION 'no' USING ERRCODE = '53100';"],
  ['a fault of Weft’s own', 'PERFORM 1 / 0;'],
])('a start that fails by %s is its caller’s error, and the server goes on', async (_what, statement) => {
  for (const weft of clients) {
    await onInsert(statement);
    const input = { code: '1', idempotencyKey: 'once' };
    const starts = await Promise.allSettled(Array.from({ length: 20 }, () => weft.query(START, { input })));
    expect(starts.map(({ status }) => status)).toEqual(Array(20).fill('rejected'));
    await asUsual();
    expect((await weft.allEvents(await weft.runPython('3'))).at(-1)!.output).toBe(3);
  }
});

/** From now on the database does this before it inserts an execution. */
async function onInsert(statement: string): Promise<void> {
  await asUsual();
  await sql.query(
    `CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statement} RETURN NEW; END $$`,
  );
  await sql.query(
    'CREATE TRIGGER meanwhile BEFORE INSERT ON executions FOR EACH ROW EXECUTE FUNCTION meanwhile()',
  );
}

async function asUsual(): Promise<void> {
  await sql.query('DROP FUNCTION IF EXISTS meanwhile() CASCADE');
}
