import { emptyState } from '../../../server/engine/fold.ts';
import { makeValueLimits } from '../../../server/engine/value-limits.ts';
import { executionOutput, inputOf } from '../../../server/engine/values.ts';
import { sizeOf } from '../../../server/shared/value-size.ts';
import { foldAll, HandDriven, planOf } from './drive-by-hand.ts';

const execution = { id: 'exec_1', workflowId: null, input: { n: 1 }, timeoutMs: null };

function inputAfter(run: HandDriven, nodeKey: string): unknown {
  return inputOf(run.plan.graph, foldAll(run.journal), execution, nodeKey);
}

test('a node without incoming edges gets the execution’s input', () => {
  expect(inputAfter(new HandDriven(planOf('a>b')).begin(), 'a')).toEqual({ n: 1 });
});

test('one edge gives its value, several an object by source key', () => {
  const run = new HandDriven(planOf('a>c', 'b>c', 'a>d')).begin().succeed('a', 1).succeed('b', [2]);
  expect(inputAfter(run, 'd')).toBe(1);
  expect(inputAfter(run, 'c')).toEqual({ a: 1, b: [2] });
});

test('edges that name different target handles give an object by handle', () => {
  const run = new HandDriven(planOf('a>c.left', 'b>c.right')).begin().succeed('a', 1).succeed('b', 2);
  expect(inputAfter(run, 'c')).toEqual({ left: 1, right: 2 });
});

test('edges of which one is alive give it by the handle that all name', () => {
  const graph = ['a.true>b', 'a.false>c', 'b>d.order', 'c>d.order'];
  for (const join of ['ALL', 'ANY']) {
    const run = new HandDriven(planOf(`d=${join}`, ...graph)).begin();
    expect(inputAfter(run.succeed('a', 1, 'false').succeed('c', 2), 'd')).toEqual({ order: 2 });
  }
});

test('with ANY, alternatives that have all come have the names of their sources', () => {
  const run = new HandDriven(planOf('d=ANY', 'a>d.order', 'b>d.order', 'c>d')).begin();
  expect(inputAfter(run.succeed('a', 1).succeed('b', 2).succeed('c', 3), 'd')).toEqual({ a: 1, b: 2, c: 3 });
});

test('with ALL, of alternatives the first to come is the value, also for a worker that goes on later', () => {
  const run = new HandDriven(planOf('a>d.order', 'b>d.order', 'c>d')).begin().succeed('c', 3).succeed('b', 2);
  expect(inputAfter(run, 'd')).toEqual({ order: 2, c: 3 });
  run.succeed('a', 1).crash();
  expect(inputAfter(run, 'd')).toEqual({ order: 2, c: 3 });
  const retried = HandDriven.retryOf(run.fail('d'));
  expect(inputAfter(retried, 'd')).toEqual({ order: 2, c: 3 });
});

test('with ANY, an edge that is dead gives nothing to the object', () => {
  const run = new HandDriven(planOf('c=ANY', 'a.true>c', 'b>c')).begin();
  expect(inputAfter(run.succeed('a', 1, 'false').succeed('b', 2), 'c')).toEqual({ b: 2 });
});

test('the error handle gives the error and what the node was given', () => {
  const run = new HandDriven(planOf('a.error>b')).begin().fail('a');
  expect(inputAfter(run, 'b')).toMatchObject({ error: { code: 'TEST', nodeKey: 'a' }, input: { n: 1 } });
});

test('a chain of failures that is joined doubly at each node costs no more than its length', () => {
  const keys = Array.from({ length: 60 }, (_, n) => `n${n}`);
  const edges = keys.slice(1).flatMap((key, n) => [`n${n}.error>${key}.left`, `n${n}.error>${key}.right`]);
  const plan = planOf(...edges);
  const run = keys.slice(0, -1).reduce((driven, key) => driven.fail(key), new HandDriven(plan).begin());
  const input = inputAfter(run, 'n59');
  expect(input).toMatchObject({ left: { error: { nodeKey: 'n58' } }, right: { error: { nodeKey: 'n58' } } });
  const { bytes } = sizeOf(input);
  expect(bytes).toBeGreaterThan(2 ** 60);
  expect(makeValueLimits(emptyState()).refuseInput('n59', input)).toMatchObject({
    kind: 'failed',
    error: {
      code: 'VALUE_TOO_LARGE',
      nodeKey: 'n59',
      message: expect.stringMatching(/an input of at most 16 MiB/),
    },
  });
});

test('the outputs of an execution are bounded together', () => {
  const limits = makeValueLimits(emptyState());
  const end = (output: unknown) =>
    ({ kind: 'succeeded', emission: { handle: 'output', output }, durationMs: 1 }) as const;
  const large = end('x'.repeat(15 * 1024 * 1024));
  const ends = Array.from({ length: 18 }, () => limits.judge('a', large));
  expect(ends.map(({ kind }) => kind)).toEqual([...Array(17).fill('succeeded'), 'failed']);
  expect(ends.at(-1)).toMatchObject({
    error: { code: 'VALUE_TOO_LARGE', message: expect.stringMatching(/256 MiB/) },
  });
  const many = end(Array.from({ length: 500_001 }, () => []));
  expect(makeValueLimits(emptyState()).judge('a', many)).toMatchObject({
    error: { code: 'VALUE_TOO_LARGE' },
  });
});

test('output nodes that were skipped are left out of the output', () => {
  const run = new HandDriven(planOf('a.true>b', 'a.false>c')).begin().succeed('a', 1, 'true').succeed('b', 5);
  expect(executionOutput(foldAll(run.journal), ['b', 'c'])).toEqual({ b: 5 });
});
