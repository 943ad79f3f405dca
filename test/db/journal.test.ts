import pg from 'pg';
import { type Database, openDatabase } from '../../server/db/database.ts';
import { makeJournalFolder } from '../../server/engine/fold-journal.ts';
import { makeAppender } from '../../server/journal/append.ts';
import { artifactsOf } from '../../server/journal/artifacts.ts';
import type { EventBody, EventType, JournalEvent } from '../../server/journal/event.ts';
import { type FollowedBatch, followJournal } from '../../server/journal/follow.ts';
import type { FollowOptions } from '../../server/journal/follow-pages.ts';
import { openHub } from '../../server/journal/hub.ts';
import { readEvents } from '../../server/journal/read.ts';
import { makeRecentEvents } from '../../server/journal/recent-events.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { acquireAtOnce, Semaphore } from '../../server/shared/semaphore.ts';
import { createDatabase } from '../support/test-postgres.ts';

/** One replica's side of the journal, on a database of the test's own. */
class Replica {
  constructor(
    readonly database: Database,
    readonly hub: ReturnType<typeof openHub>,
    readonly recentEvents: ReturnType<typeof makeRecentEvents>,
    readonly appender: ReturnType<typeof makeAppender>,
  ) {}

  static async open(url: string, stack: AsyncDisposableStack, replicaId: string): Promise<Replica> {
    const logger = makeLogger('silent');
    const database = stack.use(await openDatabase({ url, logger }));
    const hub = stack.use(openHub({ pool: database.pool, url, replicaId, logger }));
    const recentEvents = stack.use(makeRecentEvents(hub));
    return new Replica(
      database,
      hub,
      recentEvents,
      stack.use(makeAppender({ pool: database.pool, hub, recentEvents })),
    );
  }

  read = (id: string) => readEvents(this.database.pool, id, { after: 0, limit: 10_000 });

  followTo(signal: AbortSignal, options: Partial<FollowOptions>): AsyncGenerator<FollowedBatch, void> {
    const deps = { pool: this.database.pool, hub: this.hub, recentEvents: this.recentEvents };
    const all = { after: 0, types: null, nodeKeys: null, acquire: acquireAtOnce };
    return followJournal(deps, 'exec_a', { ...all, ...options, signal });
  }

  async follow(
    id: string,
    {
      after = 0,
      types = null,
      nodeKeys = null,
    }: { after?: number; types?: EventType[] | null; nodeKeys?: string[] | null } = {},
  ): Promise<{ events: JournalEvent[]; batches: number }> {
    const events: JournalEvent[] = [];
    let batches = 0;
    const signal = new AbortController().signal;
    const deps = { pool: this.database.pool, hub: this.hub, recentEvents: this.recentEvents };
    for await (const batch of followJournal(deps, id, {
      after,
      types,
      nodeKeys,
      acquire: acquireAtOnce,
      signal,
    })) {
      batches += 1;
      events.push(...batch.events);
    }
    return { events, batches };
  }
}

const output = (nodeKey: string, text: string): EventBody => ({
  type: 'NodeOutput',
  nodeKey,
  attempt: 1,
  stream: 'STDOUT',
  text,
  byteOffset: 0,
  truncated: false,
});
const end: EventBody = { type: 'ExecutionSucceeded', output: null };
const sequences = (events: readonly JournalEvent[]) => events.map(({ sequence }) => sequence);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

let stack: AsyncDisposableStack;
let url: string;
let one: Replica;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  url = stack.use(await createDatabase()).url;
  one = await Replica.open(url, stack, 'one');
});
afterEach(() => stack.disposeAsync());

test('events get a dense sequence in the order of their appends, and are read back as they were', async () => {
  const journal = one.appender.open('exec_a', 0);
  await Promise.all([
    journal.append([{ type: 'ExecutionQueued' }, { type: 'ExecutionStarted' }]),
    journal.append([output('n', 'ünï\u0000\ud83d\ude00"\\')]),
    journal.append([end]),
  ]);
  const { events } = await one.read('exec_a');
  expect(sequences(events)).toEqual([1, 2, 3, 4]);
  expect(events[2]).toMatchObject({
    type: 'NodeOutput',
    nodeKey: 'n',
    attempt: 1,
    item: null,
    text: 'ünï\u0000\ud83d\ude00"\\',
  });
  expect(events[2]!.occurredAt).toBeInstanceOf(Date);
});

test('an artifact is listed whatever its name is made of', async () => {
  const artifact = { id: 'art_1', name: 'a\ud800\0.txt', mimeType: 'text/plain', sizeBytes: 1, url: '/' };
  const event: EventBody = { type: 'ArtifactCreated', nodeKey: 'n', attempt: 1, artifact };
  await one.appender.open('exec_a', 0).append([event]);
  expect(await artifactsOf(one.database.pool, 'exec_a', 10)).toEqual([artifact]);
});

test('appends made at the same time share commits, across executions', async () => {
  const journals = upTo(20).map((n) => one.appender.open(`exec_${n}`, 0));
  await Promise.all(
    upTo(50).flatMap((n) => journals.map((journal) => journal.append([output('n', `${n}`)]))),
  );
  const { rows } = await one.database.pool.query(
    'SELECT count(*)::int AS events, count(DISTINCT xmin::text)::int AS commits FROM execution_events',
  );
  expect(rows[0].events).toBe(1_000);
  expect(rows[0].commits).toBeLessThanOrEqual(10);
});

test('a writer that lost its execution is fenced off, and its neighbours in the same commit are not', async () => {
  const two = await Replica.open(url, stack, 'two');
  const stale = one.appender.open('exec_a', 0);
  await stale.append([{ type: 'ExecutionQueued' }]);
  await two.appender.open('exec_a', 1).append([{ type: 'ExecutionStarted' }]);

  const neighbour = one.appender.open('exec_b', 0);
  const [lost, lostToo, kept] = await Promise.allSettled([
    stale.append([output('n', 'one')]),
    stale.append([end]),
    neighbour.append([{ type: 'ExecutionQueued' }]),
  ]);
  expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'JOURNAL_FENCED' } });
  expect(lostToo).toEqual(lost);
  expect(kept.status).toBe('fulfilled');
  expect(stale.lost.aborted).toBe(true);
  await expect(stale.append([end])).rejects.toMatchObject({ code: 'JOURNAL_FENCED' });
  expect((await one.read('exec_a')).events.map(({ type }) => type)).toEqual([
    'ExecutionQueued',
    'ExecutionStarted',
  ]);
});

test('connections that are cut again and again lose no event, double none and disorder none', async () => {
  const journal = one.appender.open('exec_a', 0);
  await journal.append([{ type: 'ExecutionQueued' }]);
  const followed = one.follow('exec_a');
  const cutter = new pg.Client({ connectionString: url });
  await cutter.connect();
  for (const round of upTo(15)) {
    const appended = upTo(40).map((n) => journal.append([output('n', `${round}/${n}`)]));
    await cutter.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await Promise.all(appended);
  }
  await journal.append([end]);
  await cutter.end();
  expect(sequences((await one.read('exec_a')).events)).toEqual(upTo(602));
  expect(sequences((await followed).events)).toEqual(upTo(602));
});

test('followers that begin before, during and after the run, here or on another replica, see the same', async () => {
  const two = await Replica.open(url, stack, 'two');
  const journal = one.appender.open('exec_a', 0);
  await journal.append([{ type: 'ExecutionQueued' }]);
  const before = [one.follow('exec_a'), two.follow('exec_a')];
  for (const n of upTo(300)) await journal.append([output('n', `${n}`)]);
  const during = [one.follow('exec_a'), two.follow('exec_a', { after: 100 })];
  for (const n of upTo(300)) await journal.append([output('n', `${n}`)]);
  await journal.append([end]);
  const all = (await one.follow('exec_a')).events;
  expect(sequences(all)).toEqual(upTo(602));
  for (const { events } of await Promise.all([...before, during[0]!])) expect(events).toEqual(all);
  expect((await during[1]!).events).toEqual(all.slice(100));
});

test('a filter passes what it names, and the stream still ends with the execution', async () => {
  const journal = one.appender.open('exec_a', 0);
  await journal.append([{ type: 'ExecutionQueued' }]);
  const live = one.follow('exec_a', { types: ['NodeOutput'], nodeKeys: ['a'] });
  await journal.append([{ type: 'ExecutionStarted' }, output('a', '1'), output('b', '2')]);
  await journal.append([output('a', '3'), end]);
  for (const { events } of [
    await live,
    await one.follow('exec_a', { types: ['NodeOutput'], nodeKeys: ['a'] }),
  ]) {
    expect(events.map((event) => 'text' in event && event.text)).toEqual(['1', '3']);
  }
});

test('a follower where the journal began sees what another replica writes later', async () => {
  const two = await Replica.open(url, stack, 'two');
  const stale = one.appender.open('exec_a', 0);
  await stale.append([{ type: 'ExecutionQueued' }]);
  const followed = one.follow('exec_a');
  for (let n = 1; n <= 20; n++) await stale.append([output('n', `${n}`)]);
  const heir = two.appender.open('exec_a', 21);
  for (let n = 1; n <= 20; n++) await heir.append([output('n', `${n}`)]);
  await heir.append([end]);
  expect(sequences((await followed).events)).toEqual(upTo(42));
});

test('following an execution that does not exist is an error', async () => {
  await expect(one.follow('exec_none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('of two followers that share a turn, the second reads when the first requests its next batch', async () => {
  await one.appender.open('exec_a', 0).append([{ type: 'ExecutionQueued' }]);
  const leave = new AbortController();
  const { acquire } = new Semaphore(1);
  const turns: string[] = [];
  const noting = (name: string) => async (signal: AbortSignal) => {
    const turn = await acquire(signal);
    turns.push(`${name} begins`);
    return {
      [Symbol.dispose]() {
        turns.push(`${name} ends`);
        turn[Symbol.dispose]();
      },
    };
  };
  const first = one.followTo(leave.signal, { acquire: noting('first') });
  const second = one.followTo(leave.signal, { acquire: noting('second') });
  await first.next();
  const reading = second.next();
  await one.read('exec_a'); // a second that did not wait for its turn would have begun by now
  const waiting = first.next();
  expect((await reading).value).toMatchObject({ endSequence: 1, caughtUp: true });
  expect(turns.slice(0, 3)).toEqual(['first begins', 'first ends', 'second begins']);
  leave.abort();
  expect((await waiting).done).toBe(true);
});

test('a follower of a journal without news gets one batch, which says that it has caught up', async () => {
  await one.appender.open('exec_a', 0).append([{ type: 'ExecutionQueued' }]);
  const leave = new AbortController();
  const follower = one.followTo(leave.signal, { after: 1 });
  expect((await follower.next()).value).toEqual({ events: [], endSequence: 1, caughtUp: true });
  const waiting = follower.next();
  leave.abort();
  expect((await waiting).done).toBe(true);
});

test('a long journal comes in order, in batches that say where they end', async () => {
  const journal = one.appender.open('exec_a', 0);
  await Promise.all(upTo(2_500).map((n) => journal.append([output('n', `${n}`)])));
  await journal.append([end]);
  const { events, batches } = await one.follow('exec_a');
  expect(sequences(events)).toEqual(upTo(2_501));
  expect(batches).toBe(3);
});

test('a journal whose beginning is folded already is folded on from there', async () => {
  const id = 'exec_known';
  const { appender, database } = one;
  const journal = appender.open(id, 0);
  const fold = makeJournalFolder(database.pool);
  const item = (n: number): EventBody[] => [
    { type: 'NodeStarted', nodeKey: 'each', attempt: 1, item: n },
    {
      type: 'NodeSucceeded',
      nodeKey: 'each',
      attempt: 1,
      item: n,
      handle: 'output',
      output: n,
      durationMs: 1,
    },
  ];
  await journal.append([
    { type: 'ExecutionStarted' },
    ...Array.from({ length: 600 }, (_, n) => item(n)).flat(),
  ]);
  const known = await fold(id);
  expect(known.sequence).toBe(journal.sequence);
  await journal.append([...Array.from({ length: 600 }, (_, n) => item(600 + n)).flat(), end]);
  const whole = await fold(id);
  expect(await fold(id, { known })).toEqual(whole);
  expect(await fold(id, { known: whole })).toEqual({ state: known.state, sequence: journal.sequence });
});
