import type { StopRequest } from '../../../server/engine/stop.ts';
import type { RetryPolicy, WorkflowDraft } from '../../../server/nodes/draft.ts';
import { quiesce } from './support/hand-clock.ts';
import { type HandEngine, makeHandEngine } from './support/hand-engine.ts';
import { handDraft, stored } from './support/hand-nodes.ts';
import { resumeThroughWaits } from './support/resume-through-waits.ts';

const ID = 'exec_1';

/** Runs an execution from where its journal stands. */
function run(engine: HandEngine, { runAhead = true } = {}) {
  const stop = new AbortController();
  const drain = new AbortController();
  const done = resumeThroughWaits(
    { ...engine.deps, draining: drain.signal },
    { executionId: ID, preloaded: null, inserted: null, countLoss: null, runAhead, signal: stop.signal },
  );
  done.catch(() => {});
  return {
    done,
    stop: (request: StopRequest) => stop.abort(request),
    drain: () => drain.abort(),
  };
}

async function start(definition: WorkflowDraft, options: { holds?: boolean; runAhead?: boolean } = {}) {
  const engine = makeHandEngine();
  engine.journal.insert(ID, stored(definition));
  engine.journal.holds = options.holds ?? false;
  const running = run(engine, options);
  await quiesce();
  return { ...engine, ...running };
}

const once: RetryPolicy = {
  maxAttempts: 2,
  initialDelayMs: 60_000,
  backoffFactor: 2,
  maxDelayMs: 600_000,
  retryOn: [],
};

test('a node without outside effects starts while its NodeStarted is being committed', async () => {
  const { nodes, journal } = await start(handDraft(['a']), { holds: true });
  expect(nodes.keys).toEqual(['a']);
  expect(journal.types(ID)).toEqual(['ExecutionQueued']);
});

test('a node with outside effects starts when its NodeStarted is committed', async () => {
  const { nodes, journal } = await start(handDraft(['a'], ['a']), { holds: true });
  expect(nodes.keys).toEqual([]);
  journal.commitAll();
  await quiesce();
  expect(nodes.keys).toEqual(['a']);
});

test('without running ahead, every node starts when its NodeStarted is committed', async () => {
  const { nodes, journal } = await start(handDraft(['a>b']), { holds: true, runAhead: false });
  for (const key of ['a', 'b']) {
    expect(nodes.keys).toEqual([]);
    journal.commitAll();
    await quiesce();
    expect(nodes.keys).toEqual([key]);
    nodes.get(key).succeed();
    await quiesce();
  }
});

test('code is never more than one step ahead of its journal', async () => {
  const { nodes, journal } = await start(handDraft(['a>b', 'b>c']), { holds: true });
  nodes.get('a').succeed();
  await quiesce();
  expect(nodes.keys).toEqual([]);
  journal.commitNext(); // the step that started a
  await quiesce();
  expect(nodes.keys).toEqual(['b']);
  expect(journal.types(ID).at(-1)).toBe('NodeStarted a');
});

test('a wake-up with nothing to do lets no code run further ahead', async () => {
  const definition = handDraft(['a>b', 'b>c', 'd']);
  definition.nodes.find(({ key }) => key === 'd')!.retry = once;
  const { nodes, journal } = await start(definition, { holds: true });
  nodes.get('a').succeed();
  await quiesce();
  journal.commitNext();
  await quiesce();
  expect(nodes.keys).toEqual(['d', 'b']);
  nodes.get('d').fail({ retryable: true }); // a step that starts nothing
  await quiesce();
  nodes.get('b').succeed();
  await quiesce();
  expect(nodes.keys).toEqual([]);
});

test('a terminal event is the end only when it is committed', async () => {
  const { nodes, journal, done } = await start(handDraft(['a']), { holds: true });
  nodes.get('a').succeed();
  await quiesce();
  let end: string | null = null;
  void done.then((how) => {
    end = how;
  });
  await quiesce();
  expect(end).toBeNull();
  journal.commitAll();
  expect(await done).toBe('ended');
  expect(journal.types(ID).at(-1)).toBe('ExecutionSucceeded');
});

test('a worker that is fenced stops its nodes and writes nothing more', async () => {
  const { nodes, journal, done } = await start(handDraft(['a', 'b']), { holds: true });
  const other = journal.open(ID, 1).append([{ type: 'ExecutionCanceled' }]);
  journal.pending.reverse();
  journal.commitAll();
  await other;
  await expect(done).rejects.toMatchObject({ code: 'JOURNAL_FENCED' });
  expect(nodes.running).toEqual([]);
  expect(journal.types(ID)).toEqual(['ExecutionQueued', 'ExecutionCanceled']);
});

test('a journal that fails stops the nodes, and the execution rejects with the reason', async () => {
  const { nodes, journal, done } = await start(handDraft(['a']), { holds: true });
  journal.failNext(new Error('disk full'));
  await expect(done).rejects.toThrow('disk full');
  expect(nodes.running).toEqual([]);
});

test('a retry waits by the clock, and another worker waits for what is left', async () => {
  const definition = handDraft(['a']);
  definition.nodes[0]!.retry = once;
  const engine = await start(definition);
  engine.nodes.get('a').fail({ retryable: true });
  await quiesce();
  await engine.clock.advance(40_000);
  expect(engine.nodes.starts).toEqual(['a']);
  engine.stop({ kind: 'release' });
  expect(await engine.done).toBe('released');

  const successor = run(engine);
  await quiesce();
  await engine.clock.advance(19_000);
  expect(engine.nodes.starts).toEqual(['a']);
  await engine.clock.advance(1_000);
  expect(engine.nodes.starts).toEqual(['a', 'a']);
  engine.nodes.get('a').succeed();
  expect(await successor.done).toBe('ended');
});

test('whether a failure is retried is decided by `retryable`, and by codes only where the policy names them', async () => {
  for (const [error, retryOn, starts] of [
    [{ retryable: false, code: 'PYTHON_EXECUTION_ERROR' }, [], 1],
    [{ retryable: true, code: 'ANY' }, [], 2],
    [{ retryable: false, code: 'ANY' }, ['ANY'], 2],
    [{ retryable: true, code: 'OTHER' }, ['ANY'], 1],
  ] as const) {
    const definition = handDraft(['a']);
    definition.nodes[0]!.retry = { ...once, retryOn: [...retryOn] };
    const { nodes, clock } = await start(definition);
    nodes.get('a').fail(error);
    await quiesce();
    await clock.advance(60_000);
    expect(nodes.starts).toHaveLength(starts);
  }
});

test.each([false, true])(
  'a cancellation stops the nodes and ends the execution (force: %s)',
  async (force) => {
    const { nodes, journal, stop, done } = await start(handDraft(['a', 'b']));
    const { signal } = nodes.get('a');
    stop({ kind: 'cancel', force, replacedBy: null });
    expect(await done).toBe('ended');
    expect(signal.reason).toEqual({ kind: 'cancel', force, replacedBy: null });
    expect(journal.types(ID).at(-1)).toBe('ExecutionCanceled');
  },
);

test('a release marks what ran, so that it counts as no failure and no loss', async () => {
  const { nodes, journal, stop, done } = await start(handDraft(['a']));
  stop({ kind: 'release' });
  expect(await done).toBe('released');
  expect(nodes.running).toEqual([]);
  const { state } = await journal.foldJournal(ID);
  expect(state.nodes.get('a')).toMatchObject({ status: 'WAITING', failures: 0, interruptions: 0 });
});

test('while the worker drains, what runs may end and nothing else starts', async () => {
  const { nodes, journal, drain, done } = await start(handDraft(['a>c', 'b>d']));
  drain();
  nodes.get('a').succeed();
  await quiesce();
  expect(nodes.keys).toEqual(['b']);
  nodes.get('b').succeed();
  expect(await done).toBe('released');
  expect(nodes.starts).toEqual(['a', 'b']);
  expect(journal.types(ID)).toContain('NodeSucceeded b');
});

test('an execution whose cancellation was requested before it started starts no node', async () => {
  const engine = makeHandEngine();
  engine.journal.insert(ID, { ...stored(handDraft(['a'])), cancelRequested: 'GRACEFUL' });
  expect(await run(engine).done).toBe('ended');
  expect(engine.nodes.starts).toEqual([]);
  expect(engine.journal.types(ID)).toEqual(['ExecutionQueued', 'ExecutionCanceled']);
});

test('a version with a node type that this release does not have fails, and says which', async () => {
  const engine = makeHandEngine();
  const definition = handDraft(['a']);
  definition.nodes[0]!.type = 'telegram';
  engine.journal.insert(ID, stored(definition));
  expect(await run(engine).done).toBe('ended');
  expect(engine.journal.events(ID).at(-1)).toMatchObject({
    type: 'ExecutionFailed',
    error: { code: 'INVALID_WORKFLOW', message: expect.stringContaining('telegram') },
  });
});

test('an execution that has ended, or is not there, is left alone', async () => {
  const engine = makeHandEngine();
  expect(await run(engine).done).toBe('ended');
  engine.journal.insert(ID, { ...stored(handDraft(['a'])), status: 'SUCCEEDED' });
  expect(await run(engine).done).toBe('ended');
  expect(engine.nodes.starts).toEqual([]);
});
