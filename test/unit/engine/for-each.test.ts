import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { AttemptEnd } from '../../../server/engine/attempt.ts';
import { type NodeRun, type RunState, runOf } from '../../../server/engine/fold.ts';
import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import type { OnItemError } from '../../../server/nodes/draft.ts';
import { makeExpressions } from '../../../server/nodes/expressions.ts';
import type { PythonSession, SandboxBackend } from '../../../server/sandbox/backend.ts';
import { errorOf, foldAll } from './drive-by-hand.ts';
import { HandList, type Play } from './list-by-hand.ts';

const evaluator = openEvaluator();
afterAll(() => evaluator[Symbol.dispose]());
const expressions = makeExpressions(evaluator);

const retry = { maxAttempts: 2, initialDelayMs: 0, backoffFactor: 1, maxDelayMs: 0, retryOn: ['TEST'] };
const succeeded = (output: unknown): AttemptEnd => ({
  kind: 'succeeded',
  emission: { handle: 'output', output },
  durationMs: 1,
});
const failed: AttemptEnd = { kind: 'failed', error: errorOf('list'), durationMs: 1 };
const untilStopped = (signal: AbortSignal) =>
  new Promise<AttemptEnd>((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'stopped' }));
  });
const itemsOf = (state: RunState) =>
  [...runOf(state, 'list', null).items].sort(([a], [b]) => a - b).map(([, { status }]) => status);
const countOf = (list: HandList, type: string, item: number | null) =>
  list.journal.filter((event) => event.type === type && 'nodeKey' in event && (event.item ?? null) === item)
    .length;
const open = (options: Partial<ConstructorParameters<typeof HandList>[0]> = {}) =>
  new HandList({ items: [0, 1, 2], concurrency: 1, retry, expressions, ...options });

test('an item that has spent its attempts fails the node with its error, and no further item is begun', async () => {
  const list = open();
  await list.run(({ item }) => Promise.resolve(item === 1 ? failed : succeeded(item)));
  expect(list.journal.at(-2)).toMatchObject({
    type: 'NodeFailed',
    item: null,
    error: { code: 'TEST', message: 'Item 1: list failed', nodeKey: 'list' },
  });
  expect([0, 1, 2].map((item) => countOf(list, 'NodeStarted', item))).toEqual([1, 2, 0]);
  expect(countOf(list, 'NodeStarted', null)).toBe(1);
  expect(itemsOf(list.state)).toEqual(['SUCCEEDED', 'FAILED']);
});

test('a failure for good waits neither for a retry nor for what is under way, which count as cancelled', async () => {
  const patient = { ...retry, initialDelayMs: 3_600_000, maxDelayMs: 3_600_000, retryOn: ['WAIT'] };
  const list = open({ concurrency: 3, retry: patient });
  const waiting: AttemptEnd = { ...failed, error: { ...errorOf('list'), code: 'WAIT' } };
  const allBegun = Promise.withResolvers<void>();
  await list.run(async ({ item, signal }) => {
    if (item === 0) return waiting;
    if (item === 1) {
      allBegun.resolve();
      return untilStopped(signal);
    }
    await allBegun.promise;
    return failed;
  });
  expect(list.journal.at(-2)).toMatchObject({
    type: 'NodeFailed',
    error: { message: 'Item 2: list failed' },
  });
  expect(itemsOf(list.state)).toEqual(['CANCELED', 'CANCELED', 'FAILED']);
  expect([0, 1, 2].map((item) => countOf(list, 'NodeCanceled', item))).toEqual([1, 1, 0]);
});

test('with SKIP what failed is left out, with COLLECT it stands where it was, and all items run', async () => {
  const play = ({ item }: { item: number }) => Promise.resolve(item === 1 ? failed : succeeded(item * 10));
  const skipping = open({ items: ['a', 'b', 'c'], onItemError: 'SKIP' });
  await skipping.run(play);
  expect(skipping.journal.at(-1)).toMatchObject({ type: 'ExecutionSucceeded', output: [0, 20] });
  const collecting = open({ items: ['a', 'b', 'c'], onItemError: 'COLLECT' });
  await collecting.run(play);
  expect(collecting.journal.at(-1)).toMatchObject({
    type: 'ExecutionSucceeded',
    output: [
      { ok: true, output: 0 },
      { ok: false, error: { code: 'TEST', message: 'list failed' }, input: 'b' },
      { ok: true, output: 20 },
    ],
  });
  expect([0, 1, 2].map((item) => countOf(collecting, 'NodeStarted', item))).toEqual([1, 2, 1]);
});

test('an item that ends its workers costs only itself where failures are collected', async () => {
  const list = open({ onItemError: 'COLLECT', items: ['a', 'b', 'c'], concurrency: 1 });
  let crashes = 0;
  await list.playOut((item) => (item === 1 && crashes++ < 3 ? 'crash' : 'succeed'));
  expect(list.journal.at(-1)).toMatchObject({
    output: [{ ok: true }, { ok: false, error: { code: 'NODE_INTERRUPTED' }, input: 'b' }, { ok: true }],
  });
});

test('a list that is none fails the node at once, whatever its retry policy', async () => {
  const list = open({ items: 7, retry: { ...retry, retryOn: ['INVALID_FOR_EACH'] } });
  await list.run(() => Promise.resolve(failed));
  expect(list.journal.map(({ type }) => type)).toEqual(['NodeStarted', 'NodeFailed', 'ExecutionFailed']);
});

test('a worker lost between the failure of an item and that of its node runs nothing more', async () => {
  const list = open({ concurrency: 2 });
  await list.run(({ item, signal }) => (item === 0 ? untilStopped(signal) : Promise.resolve(failed)), {
    losing: 'NodeFailed',
  });
  const begun = list.attempts;
  await list.run(() => Promise.resolve(succeeded(null)));
  expect(list.attempts).toBe(begun);
  expect(itemsOf(list.state)).toEqual(['CANCELED', 'FAILED']);
  expect(list.journal.at(-2)).toMatchObject({
    type: 'NodeFailed',
    error: { message: 'Item 1: list failed' },
  });
});

test('a retry from the failure attempts only what had not succeeded, and so does a retry of the retry', async () => {
  const first = open();
  await first.run(({ item }) => Promise.resolve(item === 1 ? failed : succeeded(`first ${item}`)));
  const second = open({ former: first.state });
  await second.run(({ item }) => Promise.resolve(item === 2 ? failed : succeeded(`second ${item}`)));
  const third = open({ former: second.state });
  await third.run(({ item }) => Promise.resolve(succeeded(`third ${item}`)));
  expect([0, 1, 2].map((item) => countOf(third, 'NodeReused', item))).toEqual([1, 1, 0]);
  expect(third.journal.at(-1)).toMatchObject({
    type: 'ExecutionSucceeded',
    output: ['first 0', 'second 1', 'third 2'],
  });
  expect(third.attempts).toBe(1);
});

const anyPlays = fc.array(fc.constantFrom<Play>('succeed', 'succeed', 'fail', 'crash'), { maxLength: 30 });

const anyMode = fc.constantFrom<OnItemError>('FAIL', 'SKIP', 'COLLECT');

test('whatever becomes of its items and workers, each item that began has one end, and the list has one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(6),
      fc.integer({ min: 1, max: 4 }),
      anyMode,
      anyPlays,
      async (length, concurrency, onItemError, plays) => {
        const items = Array.from({ length }, (_, item) => item);
        const left = [...plays];
        const list = open({ items, concurrency, onItemError });
        await list.playOut(() => left.shift() ?? 'succeed');
        const countOfAll = (types: string[], item: number | null) =>
          types.reduce((sum, type) => sum + countOf(list, type, item), 0);
        for (const item of items) {
          const hasBegun = countOf(list, 'NodeStarted', item) > 0;
          const ends = countOfAll(['NodeSucceeded', 'NodeFailed', 'NodeCanceled'], item);
          expect([item, ends]).toEqual([item, hasBegun ? 1 : 0]);
          if (onItemError !== 'FAIL')
            expect(hasBegun || list.journal.at(-1)!.type === 'ExecutionFailed').toBe(true);
        }
        expect(countOfAll(['NodeSucceeded', 'NodeFailed'], null)).toBe(1);
        const end = list.journal.at(-1)!;
        if (end.type !== 'ExecutionSucceeded') return;
        const done = items.filter((item) => countOf(list, 'NodeSucceeded', item) === 1);
        if (onItemError === 'COLLECT')
          expect(end.output).toMatchObject(
            items.map((item) =>
              done.includes(item) ? { ok: true, output: item } : { ok: false, input: item },
            ),
          );
        else expect(end.output).toEqual(done);
      },
    ),
    { numRuns: 150 },
  );
});

test('over retries and lost workers each item succeeds once, and its output is in the list', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(6),
      fc.integer({ min: 1, max: 4 }),
      anyPlays,
      async (length, concurrency, plays) => {
        const items = Array.from({ length }, (_, item) => item);
        const left = [...plays];
        const successes = items.map(() => 0);
        let former: RunState | null = null;
        for (let list: HandList; ; former = list.state) {
          list = open({ items, concurrency, former });
          await list.playOut(() => left.shift() ?? 'succeed');
          for (const item of items) successes[item]! += countOf(list, 'NodeSucceeded', item);
          for (const [item, run] of reusedItems(list.state)) expect(run.output).toBe(item);
          const last = list.journal.at(-1)!;
          if (last.type === 'ExecutionFailed') continue;
          expect(last).toMatchObject({ type: 'ExecutionSucceeded', output: items });
          break;
        }
        expect(successes).toEqual(items.map(() => 1));
      },
    ),
    { numRuns: 60 },
  );
});

function reusedItems(state: RunState): [number, NodeRun][] {
  return [...runOf(state, 'list', null).items].filter(([, { status }]) => status === 'REUSED');
}

test.each([
  ['four ends wait for their commits', {}, 5],
  ['much waits for its commit', { mayRunFurther: () => false }, 1],
  ['nothing may run ahead', { runAhead: false }, 0],
])('a lane begins no further item where %s', async (_, options, attempts) => {
  const commits: (() => void)[] = [];
  const commit = () => new Promise<void>((resolve) => commits.push(resolve));
  const list = open({ items: Array.from({ length: 20 }, (_, n) => n), commit, ...options });
  const done = list.run(({ item }) => Promise.resolve(succeeded(item)));
  await nextTurn();
  await nextTurn();
  expect(list.attempts).toBe(attempts);
  while (!list.isOver) {
    for (const resolve of commits.splice(0)) resolve();
    await nextTurn();
    Object.assign(list, { state: foldAll(list.journal) });
  }
  await done;
  expect(list.attempts).toBe(20);
});

test('the items of a lane share a session of the sandbox, which ends with the lane however the list ends', async () => {
  for (const endOf of [succeeded, () => failed]) {
    const open: Session[] = [];
    const sandbox = { session: (maxRuns: number) => openSession(maxRuns) } as SandboxBackend;
    const openSession = (maxRuns: number): PythonSession => {
      const session = { maxRuns, items: [] as number[], isOver: false };
      open.push(session);
      return {
        run: async ({ input }) => {
          expect(session.isOver).toBe(false);
          session.items.push(input as number);
          return { kind: 'aborted', durationMs: 0 };
        },
        [Symbol.dispose]: () => {
          session.isOver = true;
        },
      };
    };
    const items = [0, 1, 2, 3, 4, 5, 6];
    const list = new HandList({ items, concurrency: 2, batch: 5, retry, expressions, sandbox });
    await list.run(async ({ item, signal, sandbox: own }) => {
      await own.run({ code: '', packages: [], input: item, timeoutMs: 1 }, { signal, onEvent() {} });
      return endOf(item);
    });
    expect(open).toMatchObject([
      { maxRuns: 5, isOver: true },
      { maxRuns: 5, isOver: true },
    ]);
    const ran = open.flatMap((session) => session.items).sort();
    if (endOf === succeeded) expect(ran).toEqual(items);
  }
});

interface Session {
  maxRuns: number;
  items: number[];
  isOver: boolean;
}
