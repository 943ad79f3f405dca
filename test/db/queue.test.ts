import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { PgBoss } from 'pg-boss';
import { openBoss } from '../../server/db/boss.ts';
import { openDatabase } from '../../server/db/database.ts';
import type { ClaimedJob } from '../../server/engine/claims.ts';
import {
  type ExecutionQueue,
  insertJobSql,
  openQueue,
  SEND_SIGNAL,
  WAKE,
} from '../../server/engine/queue.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { createDatabase } from '../support/test-postgres.ts';

let stack: AsyncDisposableStack;
let pool: Pool;
let boss: PgBoss;
let queue: ExecutionQueue;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const { url } = stack.use(await createDatabase());
  const logger = makeLogger('silent');
  pool = stack.use(await openDatabase({ url, logger })).pool;
  boss = stack.use(await openBoss({ pool, supervise: false, logger })).boss;
  queue = await openQueue(boss, pool);
});
afterEach(() => stack.disposeAsync());

const QUEUE = 'executions';

async function insertJob(executionId: string, isClaimed: boolean, priority = 3): Promise<string> {
  const jobId = randomUUID();
  const text = `WITH started AS (SELECT $3::text AS id, $4::smallint AS priority) ${insertJobSql()}`;
  await pool.query(text, [jobId, isClaimed, executionId, priority]);
  return jobId;
}

/** Of every column but when pg-boss gives up on the job, which is never, as text; of the times only how far they are from the job's own creation, in seconds. */
async function rowOf(jobId: string): Promise<Record<string, unknown>> {
  const { rows } = await pool.query('SELECT to_jsonb(job) AS row FROM pgboss.job WHERE id = $1', [jobId]);
  const { row } = rows[0];
  const created = Date.parse(row.created_on);
  const isTime = (value: unknown) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
  const seconds = (value: string) => Math.round((Date.parse(value) - created) / 10_000) * 10;
  return Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => column !== 'id' && column !== 'expire_seconds')
      .map(([column, value]) => [column, isTime(value) ? `+${seconds(value as string)} s` : value]),
  );
}

test('a job that the start inserts is the row that pg-boss sends, and fetches where it is claimed', async () => {
  const data = { executionId: 'exec_1' };
  const sent = (await boss.send(QUEUE, data))!;
  const inserted = await insertJob('exec_1', false);
  expect(await rowOf(inserted)).toEqual(await rowOf(sent));

  await boss.deleteJob(QUEUE, inserted);
  expect(await boss.fetch(QUEUE)).toMatchObject([{ id: sent }]);
  const claimed = await insertJob('exec_1', true);
  expect(await rowOf(claimed)).toEqual(await rowOf(sent));
});

test('the most urgent is claimed first, then the oldest', async () => {
  await insertJob('exec_1', false);
  await insertJob('exec_2', false, 1);
  await insertJob('exec_3', false, 5);
  await insertJob('exec_4', false);
  const claimed = [];
  for (let n = 0; n < 4; n += 1) claimed.push(...(await queue.claim(1)));
  expect(claimed.map(({ executionId }) => executionId)).toEqual(['exec_3', 'exec_1', 'exec_4', 'exec_2']);
});

test('a job that is released is no loss, and one whose worker went silent is', async () => {
  await insertJob('exec_1', false);
  const [first] = await queue.claim(1);
  expect(first).toMatchObject({ executionId: 'exec_1', retryCount: 0, wasLost: false });
  await queue.release(first!, false);
  const [second] = await queue.claim(1);
  expect(second).toMatchObject({ retryCount: 1, wasLost: false });
  await boss.fail(QUEUE, second!.jobId); // as pg-boss does when a heartbeat is overdue
  const [third] = await queue.claim(1);
  expect(third).toMatchObject({ retryCount: 2, wasLost: true });
  await queue.release(third!, true);
  expect(await queue.claim(1)).toMatchObject([{ retryCount: 3, wasLost: true }]);
});

test('losses are counted at one end of the journal, and forgotten where the job is released', async () => {
  await insertJob('exec_1', false);
  const [job] = await queue.claim(1);
  expect(await queue.countLoss(job!, 7)).toBe(1);
  expect(await queue.countLoss(job!, 7)).toBe(2);
  expect(await queue.countLoss(job!, 8)).toBe(1);
  await queue.release(job!, false);
  const [next] = await queue.claim(1);
  expect(await queue.countLoss(next!, 8)).toBe(1);
});

test('a worker whose claim has lapsed cannot release, complete or keep the job', async () => {
  await insertJob('exec_1', false);
  const [lapsed] = await queue.claim(1);
  await boss.fail(QUEUE, lapsed!.jobId);
  const [current] = await queue.claim(1);
  const before = await rowOf(current!.jobId);
  await queue.release(lapsed!, false);
  await queue.release(lapsed!, true);
  await queue.complete(lapsed!);
  await queue.heartbeat([lapsed!]);
  expect(await rowOf(current!.jobId)).toEqual(before);
  await queue.complete(current!);
  expect(await jobs()).toEqual([]);
});

test('a claim makes of a job what a fetch of pg-boss makes of it, the first time and again', async () => {
  const [ours, theirs] = [await insertJob('exec_1', false), await insertJob('exec_2', false)];
  for (let time = 1; time <= 2; time += 1) {
    const [claimed] = await queue.claim(1);
    const [fetched] = await boss.fetch<{ executionId: string }>(QUEUE);
    expect([claimed!.jobId, fetched!.id]).toEqual([ours, theirs]);
    const { data: _, ...row } = await rowOf(ours);
    expect(await rowOf(theirs)).toMatchObject(row);
    await boss.fail(QUEUE, ours);
    await boss.fail(QUEUE, theirs);
  }
});

test('jobs that are completed and parked at once go each its own way', async () => {
  const held: ClaimedJob[] = [];
  // One after the other: a claim takes whichever job is there.
  for (const id of ['exec_1', 'exec_2', 'exec_3', 'exec_4']) held.push(await claimNew(id));
  await boss.fail(QUEUE, held[1]!.jobId);
  await send('exec_2');
  const [first, second, third] = held;
  const answers = await Promise.all([
    queue.park(first!, Number.POSITIVE_INFINITY, 0),
    queue.park(second!, Number.POSITIVE_INFINITY, 1),
    queue.park(third!, Number.POSITIVE_INFINITY, 0),
    queue.complete(held[3]!),
  ]);
  expect(answers.slice(0, 3)).toEqual([true, false, true]);
  expect(await jobs()).toEqual(['retry']);
});

/** An execution whose job a worker has. */
async function claimNew(id: string): Promise<ClaimedJob> {
  await pool.query(
    "INSERT INTO executions (id, status, definition, input, principal, created_at) VALUES ($1, 'RUNNING', '{}', '1', 'test', now())",
    [id],
  );
  await insertJob(id, false);
  const [job] = await queue.claim(1);
  return job!;
}

const send = async (id: string) =>
  (await pool.query(SEND_SIGNAL, [id, 'a', null, JSON.stringify({ yes: true })])).rows;
const jobs = async () =>
  (await pool.query("SELECT state FROM pgboss.job WHERE name = 'executions'")).rows.map(({ state }) => state);

test('what is parked has no job until it is due, and then one for one worker, with the time of the database', async () => {
  const job = await claimNew('exec_1');
  expect(await queue.park(job, Date.now() + 3_600_000, 0)).toBe(true);
  expect(await jobs()).toEqual([]);
  expect(await queue.wakeDue()).toBe(0);
  await pool.query("UPDATE executions SET wake_at = now() - interval '1 s'");
  const woken = await Promise.all([queue.wakeDue(), queue.wakeDue(), queue.wakeDue()]);
  expect(woken.reduce((sum, count) => sum + count)).toBe(1);
  const [next] = await queue.claim(10);
  expect(next).toMatchObject({ executionId: 'exec_1', retryCount: 0, wasLost: false });
  expect(Math.abs(next!.notBefore - Date.now())).toBeLessThan(60_000);
});

test('a signal makes a job of what is parked, and what it came for is numbered', async () => {
  const job = await claimNew('exec_1');
  expect(await queue.park(job, Number.POSITIVE_INFINITY, 0)).toBe(true);
  expect(await send('exec_1')).toEqual([{ number: 1 }]);
  expect(await send('exec_1')).toEqual([{ number: 2 }]);
  expect(await jobs()).toEqual(['created']);
});

test('a signal, and a request to cancel, keep what a worker has from being parked', async () => {
  const signaled = await claimNew('exec_1');
  await send('exec_1');
  expect(await queue.park(signaled, Number.POSITIVE_INFINITY, 0)).toBe(false);
  expect(await queue.park(signaled, Number.POSITIVE_INFINITY, 1)).toBe(true);
  const canceled = await claimNew('exec_2');
  await pool.query("UPDATE executions SET cancel_requested = 'FORCE' WHERE id = 'exec_2'");
  expect(await queue.park(canceled, Number.POSITIVE_INFINITY, 0)).toBe(false);
});

test('signals and parking at the same time: whichever comes first, the execution has a job or was not parked', async () => {
  for (let round = 0; round < 30; round += 1) {
    const id = `exec_${round}`;
    const job = await claimNew(id);
    const [isParked] = await Promise.all([queue.park(job, Number.POSITIVE_INFINITY, 0), send(id)]);
    const { rows } = await pool.query("SELECT state FROM pgboss.job WHERE data->>'executionId' = $1", [id]);
    expect([round, isParked, rows]).toEqual([round, isParked, [{ state: isParked ? 'created' : 'active' }]]);
    await pool.query('DELETE FROM pgboss.job');
  }
});

test('a worker whose claim has lapsed parks nothing, and an execution that has ended takes no signal', async () => {
  const lapsed = await claimNew('exec_1');
  await boss.fail(QUEUE, lapsed.jobId);
  await queue.claim(1);
  expect(await queue.park(lapsed, Number.POSITIVE_INFINITY, 0)).toBe(false);
  expect(await jobs()).toEqual(['active']);
  await pool.query('UPDATE executions SET finished_at = now()');
  expect(await send('exec_1')).toEqual([]);
  expect((await pool.query(WAKE, ['exec_1'])).rowCount).toBe(0);
});
