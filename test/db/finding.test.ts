import { reachOf } from '../../server/auth/principal.ts';
import { type Database, openDatabase } from '../../server/db/database.ts';
import { ExecutionEntity } from '../../server/db/entities/execution.entity.ts';
import { newId } from '../../server/shared/ids.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { type ExecutionFilter, whereOf } from '../../server/use-cases/execution-filter.ts';
import { fillExecutions } from '../support/many-executions.ts';
import { createDatabase } from '../support/test-postgres.ts';

const stack = new AsyncDisposableStack();
let database: Database;
const ROWS = 30_000;
const hour = 3_600_000;
const now = Date.now();

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  database = stack.use(await openDatabase({ url, logger: makeLogger('warn') }));
  await fillExecutions(database.pool, { count: ROWS, now: new Date(now), everyMs: hour });
});
afterAll(() => stack.disposeAsync());

async function planOf(filter: ExecutionFilter): Promise<string> {
  const [sql, parameters] = database.manager
    .createQueryBuilder(ExecutionEntity, 'e')
    .where(whereOf(filter))
    .orderBy('e.id', 'DESC')
    .limit(51)
    .getQueryAndParameters();
  const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, parameters);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

test('the planner knows how many errors have a word, though only a part of the table has errors', async () => {
  expect(await planOf({ errorText: '"reason"' })).toMatch(/rows=(2[5-9]|3[0-5])\d\d /); // of 3,000
  expect(await planOf({ errorText: '"reason70"' })).toMatch(/rows=\d{1,2} /); // of 30
});

test('a page of a word reads no more errors than it shows, however many have the word', async () => {
  for (const errorText of ['reason', 'the reason', 'reason70'])
    expect(await planOf({ errorText })).not.toMatch(/Sort|Bitmap/);
});

test.each<[found: string[], message: string]>([
  [['disk', 'DISK', 'full disk', 'the disk is full'], 'The disk is full'],
  [['sales', 'csv'], 'No file sales/2026.csv, but a sales.csv; sales and csv are words of it too'],
  [['Größe', 'größe', 'ñandú', '数据', 'x2'], 'Die Größe of ñandú is 数据 x2'],
  [['or', 'and', 'not or'], 'this or that and not'],
  [[], ''],
])('words find %j in "%s" as phrases of one word do', async (words, message) => {
  const others = ['disc', 'sale', 'groesse', 'e5', 'full x2', 'a b c d e'];
  await using execution = await failedWith(message);
  const idsOf = async (errorText: string) => {
    const where = { ...whereOf({ errorText }), workflowId: 'wf_words' };
    return (await database.manager.find(ExecutionEntity, { where })).map(({ id }) => id);
  };
  for (const text of words) expect([text, await idsOf(text)]).toEqual([text, [execution.id]]);
  for (const text of [...words, ...others]) {
    const asPhrases = text.split(' ').map((word) => `"${word}"`);
    expect([text, await idsOf(text)]).toEqual([text, await idsOf(asPhrases.join(' '))]);
  }
});

/** An execution whose error has this message, and whose words go with it. */
async function failedWith(message: string) {
  const id = newId('exec');
  await database.pool.query(
    `INSERT INTO executions (id, workflow_id, status, principal, created_at, is_awaited, depth, priority)
     VALUES ($1, 'wf_words', 'RUNNING', 'test', now(), false, 0, 3)`,
    [id],
  );
  await database.pool.query(`UPDATE executions SET status = 'FAILED', error = $2 WHERE id = $1`, [
    id,
    { code: 'WORDS', message },
  ]);
  return {
    id,
    async [Symbol.asyncDispose]() {
      await database.pool.query('DELETE FROM executions WHERE id = $1', [id]);
      const left = 'SELECT count(*)::int AS count FROM execution_error_words WHERE execution_id = $1';
      expect((await database.pool.query(left, [id])).rows).toEqual([{ count: 0 }]);
    },
  };
}

test.each<[string, ExecutionFilter]>([
  ['nothing', {}],
  ['its project, where all are', { reach: reachOf('default') }],
  ['its project, where none is', { reach: reachOf('acme') }],
  ['its project and a status', { reach: reachOf('default'), statuses: ['FAILED'] }],
  ['its workflow', { workflowId: 'wf_7' }],
  ['its status', { statuses: ['FAILED'] }],
  ['a label that few have', { labels: { customer: '42' } }],
  ['a label that many have', { labels: { plan: 'gold' } }],
  ['two labels', { labels: { customer: '42', plan: 'gold' } }],
  [
    'a time long ago',
    { createdAfter: new Date(now - 5_000 * hour), createdBefore: new Date(now - 4_999 * hour) },
  ],
  ['a time and a status', { createdAfter: new Date(now - hour), statuses: ['FAILED'] }],
  ['the code of its error', { errorCode: 'CODE_3' }],
  ['the node of its error', { errorNodeKey: 'node3' }],
  ['a word of its error', { errorText: 'reason77' }],
  ['a duration that few have', { minDurationMs: 9_990 }],
  ['what started it', { triggerId: 'sch_3' }],
  [
    'all at once',
    { workflowId: 'wf_7', statuses: ['FAILED'], labels: { plan: 'gold' }, errorText: 'reason77' },
  ],
])('executions are found by %s with an index, whatever is in the table', async (_, filter) => {
  expect(await planOf(filter)).not.toMatch(/Seq Scan on (executions|execution_labels|execution_error_words)/);
});
