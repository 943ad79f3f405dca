import { HEARTBEAT_INTERVAL_MS } from '../../../server/engine/queue.ts';
import { MAX_LOSSES } from '../../../server/engine/recovery.ts';
import { startWorker, type Worker, type WorkerOptions } from '../../../server/engine/worker.ts';
import { quiesce } from './support/hand-clock.ts';
import { type HandEngine, makeHandEngine } from './support/hand-engine.ts';
import { HandNodes, handDraft, stored } from './support/hand-nodes.ts';
import { HandHub, HandQueue } from './support/hand-queue.ts';

const both = [true, false];

interface HandWorker extends HandEngine {
  queue: HandQueue;
  hub: HandHub;
  worker: Worker;
}

function open(
  engine: HandEngine,
  queue = new HandQueue(),
  options: Partial<Pick<WorkerOptions, 'concurrency' | 'shutdownGraceMs' | 'runAhead'>> = {},
): HandWorker {
  const hub = new HandHub();
  const defaults = { concurrency: 2, shutdownGraceMs: 0, runAhead: true };
  const worker = startWorker({ ...engine.deps, queue, hub, ...defaults, ...options });
  return { ...engine, queue, hub, worker };
}

/** An execution of one node, in the queue. */
function enqueue(
  { journal, queue }: Pick<HandWorker, 'journal' | 'queue'>,
  id: string,
  outside: string[] = [],
) {
  journal.insert(id, stored(handDraft([`node_${id}`], outside)));
  return queue.add(id);
}

/** As the use case that starts an execution does. */
async function startNew(hand: HandWorker, id: string) {
  const slot = await hand.worker.reserveSlot();
  if (slot === null) return null;
  const row = stored(handDraft([`node_${id}`]));
  const inserted = Promise.withResolvers<void>();
  slot.start(hand.queue.add(id, 'active'), inserted.promise, row);
  const dispose = () => slot[Symbol.dispose]();
  inserted.promise.then(dispose, dispose);
  return {
    succeed() {
      hand.journal.insert(id, row);
      inserted.resolve();
    },
    fail: () => inserted.reject(new Error('duplicate key')),
  };
}

test('executions are claimed as far as there are slots, and the next one when a slot comes free', async () => {
  await using hand = opened(open(makeHandEngine()));
  for (const id of ['1', '2', '3']) enqueue(hand, id);
  hand.hub.wake('queue', '');
  await quiesce();
  expect(hand.nodes.keys).toEqual(['node_1', 'node_2']);
  hand.nodes.get('node_1').succeed();
  await quiesce();
  expect(hand.nodes.keys).toEqual(['node_2', 'node_3']);
  expect(hand.queue.calls).toEqual(['complete 1']);
});

test('where executions wait, a claim waits for half of the slots, or a moment', async () => {
  await using hand = opened(open(makeHandEngine(), undefined, { concurrency: 4 }));
  for (const id of ['1', '2', '3', '4', '5', '6', '7']) enqueue(hand, id);
  hand.hub.wake('queue', '');
  await quiesce();
  hand.nodes.get('node_1').succeed();
  await quiesce();
  expect(hand.nodes.keys).toEqual(['node_2', 'node_3', 'node_4']);
  await hand.clock.advance(5);
  expect(hand.nodes.keys).toEqual(['node_2', 'node_3', 'node_4', 'node_5']);
  hand.nodes.get('node_2').succeed();
  hand.nodes.get('node_3').succeed();
  await quiesce();
  expect(hand.nodes.keys).toEqual(['node_4', 'node_5', 'node_6', 'node_7']);
});

test('a start waits for the claim that is under way, which may leave it no slot', async () => {
  const engine = makeHandEngine();
  const queue = new HandQueue();
  enqueue({ journal: engine.journal, queue }, '1');
  const hand = opened(open(engine, queue, { concurrency: 1 }));
  expect(await hand.worker.reserveSlot()).toBeNull();
  await quiesce();
  expect(hand.nodes.keys).toEqual(['node_1']);
  await hand[Symbol.asyncDispose]();
});

test('an execution whose wake-up was lost is claimed within a second', async () => {
  await using hand = opened(open(makeHandEngine()));
  await quiesce();
  enqueue(hand, '1');
  await hand.clock.advance(1_000);
  expect(hand.nodes.keys).toEqual(['node_1']);
});

test.each(both)(
  'a start whose insert fails leaves nothing and frees its slot (run ahead: %s)',
  async (runAhead) => {
    await using hand = opened(open(makeHandEngine(), undefined, { concurrency: 1, runAhead }));
    await quiesce();
    const start = (await startNew(hand, '1'))!;
    await quiesce();
    expect(hand.nodes.keys).toEqual(runAhead ? ['node_1'] : []);
    start.fail();
    await quiesce();
    expect(hand.nodes.running).toEqual([]);
    expect(hand.journal.events('1')).toEqual([]);
    expect(hand.queue.calls).toEqual([]);
    expect(await hand.worker.reserveSlot()).not.toBeNull();
  },
);

test.each(both)(
  'a node that ended before its execution was inserted is journalled after it (run ahead: %s)',
  async (runAhead) => {
    await using hand = opened(open(makeHandEngine(), undefined, { runAhead }));
    await quiesce();
    const start = (await startNew(hand, '1'))!;
    await quiesce();
    if (runAhead) hand.nodes.get('node_1').succeed(1);
    await quiesce();
    expect(hand.journal.events('1')).toEqual([]);
    start.succeed();
    await quiesce();
    if (!runAhead) hand.nodes.get('node_1').succeed(1);
    await quiesce();
    expect(hand.journal.types('1')).toEqual([
      'ExecutionQueued',
      'ExecutionStarted',
      'NodeStarted node_1',
      'NodeSucceeded node_1',
      'ExecutionSucceeded',
    ]);
    expect(hand.queue.stateOf('1')).toBe('completed');
  },
);

test('a start takes one slot, also while its execution is being inserted', async () => {
  await using hand = opened(open(makeHandEngine(), undefined, { concurrency: 2 }));
  await quiesce();
  const starts = [await startNew(hand, '1'), await startNew(hand, '2')];
  expect(starts).not.toContain(null);
  expect(await hand.worker.reserveSlot()).toBeNull();
  for (const start of starts) start!.succeed();
});

test('no slot is reserved while all are taken, while older executions may wait, or once the worker stops', async () => {
  const hand = open(makeHandEngine(), undefined, { concurrency: 1 });
  const start = (await startNew(hand, '1'))!;
  start.succeed();
  await quiesce();
  expect(await hand.worker.reserveSlot()).toBeNull();
  enqueue(hand, '2');
  hand.hub.wake('queue', '');
  await quiesce();
  hand.nodes.get('node_1').succeed();
  await quiesce();
  expect(hand.nodes.keys).toEqual(['node_2']);
  await hand.worker[Symbol.asyncDispose]();
  expect(await hand.worker.reserveSlot()).toBeNull();
});

test('heartbeats are sent for all executions that run', async () => {
  await using hand = opened(open(makeHandEngine()));
  for (const id of ['1', '2']) enqueue(hand, id);
  hand.hub.wake('queue', '');
  await quiesce();
  await hand.clock.advance(HEARTBEAT_INTERVAL_MS * 2);
  expect(hand.queue.heartbeats).toBe(4);
});

test('a cancellation stops the execution', async () => {
  await using hand = opened(open(makeHandEngine()));
  enqueue(hand, '1');
  hand.hub.wake('queue', '');
  await quiesce();
  hand.journal.cancelRequested.set('1', 'FORCE');
  hand.hub.wake('request', '1');
  await quiesce();
  expect(hand.journal.types('1').at(-1)).toBe('ExecutionCanceled');
  expect(hand.queue.stateOf('1')).toBe('completed');
});

test('a job that comes back to the worker that has it is run once: the former run stops first', async () => {
  await using hand = opened(open(makeHandEngine()));
  enqueue(hand, '1');
  hand.hub.wake('queue', '');
  await quiesce();
  hand.queue.loseWorkerOf('1');
  await hand.clock.advance(1_000);
  expect(hand.nodes.starts).toEqual(['node_1', 'node_1']);
  expect(hand.nodes.running).toHaveLength(1);
  // The former run's release is fenced: the job is another claim's.
  expect(hand.queue.stateOf('1')).toBe('active');
  hand.nodes.get('node_1').succeed();
  await quiesce();
  expect(hand.journal.types('1').at(-1)).toBe('ExecutionSucceeded');
});

test('an execution that the server cannot run is tried again after a second, and fails when that goes on', async () => {
  await using hand = opened(open(makeHandEngine()));
  enqueue(hand, '1');
  await hand.journal.open('1', 1).append([{ type: 'ExecutionStarted' }]);
  hand.journal.foldJournal = () => Promise.reject(new Error('cannot fold'));
  hand.hub.wake('queue', '');
  await quiesce();
  expect(hand.queue.calls).toEqual([]);
  for (let n = 0; n < 2 * MAX_LOSSES; n += 1) await hand.clock.advance(1_000);
  expect(hand.queue.calls).toEqual([...Array(MAX_LOSSES + 1).fill('release 1 as lost'), 'complete 1']);
  expect(hand.journal.events('1').at(-1)).toMatchObject({ error: { code: 'EXECUTION_INTERRUPTED' } });
});

test('a database that is unreachable counts as no loss', async () => {
  await using hand = opened(open(makeHandEngine()));
  enqueue(hand, '1');
  const { load } = hand.journal;
  hand.journal.load = () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }));
  hand.hub.wake('queue', '');
  await quiesce();
  for (let n = 0; n < 2 * MAX_LOSSES; n += 1) await hand.clock.advance(1_000);
  expect(new Set(hand.queue.calls)).toEqual(new Set(['release 1']));
  hand.journal.load = load;
  await hand.clock.advance(2_000);
  expect(hand.nodes.keys).toEqual(['node_1']);
});

test('a worker that stops lets nodes go on for the time of grace, then releases what has not ended', async () => {
  const hand = open(makeHandEngine(), undefined, { shutdownGraceMs: 5_000 });
  for (const id of ['1', '2']) enqueue(hand, id);
  hand.hub.wake('queue', '');
  await quiesce();
  const stopped = hand.worker[Symbol.asyncDispose]();
  await quiesce();
  await hand.clock.advance(4_000);
  hand.nodes.get('node_1').succeed();
  await quiesce();
  expect(hand.queue.calls).toEqual(['complete 1']);
  await hand.clock.advance(1_000);
  await stopped;
  expect(hand.queue.calls).toEqual(['complete 1', 'release 2']);
});

test.each(both)(
  'a node that ends its worker as its code begins is failed after a few workers (run ahead: %s)',
  async (runAhead) => {
    const queue = new HandQueue();
    const engine = makeHandEngine();
    enqueue({ ...engine, queue }, '1');
    let workers = 0;
    while (queue.stateOf('1') !== 'completed') {
      workers += 1;
      expect(workers).toBeLessThan(10);
      await runUntilKilled({ ...engine, queue, runAhead, killed: 'as code begins' });
    }
    expect(engine.journal.events('1').at(-1)).toMatchObject({
      type: 'ExecutionFailed',
      error: { code: 'NODE_INTERRUPTED', nodeKey: 'node_1' },
    });
    // Ahead of its journal the first loss leaves no event; from then on each start is committed.
    expect(workers).toBe(runAhead ? 5 : 4);
  },
);

test('workers that are lost before any event are counted by the job, and the execution fails', async () => {
  const queue = new HandQueue();
  const engine = makeHandEngine();
  enqueue({ ...engine, queue }, '1');
  let workers = 0;
  while (queue.stateOf('1') !== 'completed') {
    workers += 1;
    expect(workers).toBeLessThan(20);
    await runUntilKilled({ ...engine, queue, runAhead: true, killed: 'before any commit' });
  }
  expect(engine.journal.types('1')).toEqual(['ExecutionQueued', 'ExecutionFailed']);
  expect(engine.journal.events('1').at(-1)).toMatchObject({ error: { code: 'EXECUTION_INTERRUPTED' } });
  expect(workers).toBe(MAX_LOSSES + 2);
});

/** One worker's life on the journal and the queue, until it is killed or has completed the execution. */
async function runUntilKilled({
  killed,
  journal,
  queue,
  clock,
  runAhead,
}: Pick<HandEngine, 'journal' | 'clock'> & {
  queue: HandQueue;
  runAhead: boolean;
  killed: 'as code begins' | 'before any commit';
}): Promise<void> {
  let isKilled = false;
  const kill = () => {
    isKilled = true;
    journal.loseUncommitted();
  };
  const nodes = new HandNodes(kill);
  journal.holds = true;
  open(makeHandEngine({ journal, clock, nodes }), queue, { runAhead });
  await quiesce();
  const hasGivenUp = () => journal.pending.some(({ events }) => events[0]?.type === 'ExecutionFailed');
  if (killed === 'before any commit' && !hasGivenUp()) kill();
  while (!isKilled && journal.pending.length > 0) {
    journal.commitNext();
    await quiesce();
  }
  if (isKilled) queue.loseWorkerOf('1');
}

function opened(hand: HandWorker): HandWorker & AsyncDisposable {
  return { ...hand, [Symbol.asyncDispose]: async () => hand.worker[Symbol.asyncDispose]() };
}
