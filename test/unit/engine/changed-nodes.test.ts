import fc from 'fast-check';
import { changedNodes, type Run } from '../../../server/engine/changed-nodes.ts';
import { makePlan } from '../../../server/engine/plan.ts';
import { planRetry } from '../../../server/engine/retry-plan.ts';
import type { NodeDraft } from '../../../server/nodes/draft.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';
import { draftOf, foldAll, HandDriven, nodeOf } from './drive-by-hand.ts';

type Change = (node: NodeDraft) => NodeDraft;
const graph = ['a>b', 'b>c', 'a>d', 'd>c', 'x'];

function runOf(texts: string[], change: Record<string, Change> = {}, input: unknown = { n: 1 }): Run {
  const draft = draftOf(...texts);
  const nodes = draft.nodes.map((node) => change[node.key]?.(node) ?? node);
  return { plan: makePlan({ ...draft, nodes }, nodeRegistry), input };
}
const changesOf = (former: Run | null, current: Run) =>
  Object.fromEntries([...changedNodes(former, current)].filter(([, change]) => change !== 'SAME'));
const expression =
  (text: string): Change =>
  (node) => ({ ...node, config: { expression: text } });

test('what a node computes and all before it make it the same', () => {
  const former = runOf(graph);
  expect(changesOf(former, runOf(graph))).toEqual({});
  expect(changesOf(former, runOf(graph, { b: expression('1') }))).toEqual({ b: 'CHANGED', c: 'FOLLOWS' });
  expect(changesOf(former, runOf([...graph, 'x>y']))).toEqual({ y: 'NEW' });
  expect(changesOf(former, runOf(graph.slice(1)))).toEqual({ b: 'CHANGED', c: 'FOLLOWS' });
  expect(changesOf(former, runOf(['a>b', 'b>c', 'a>d', 'd>c.in', 'x']))).toEqual({ c: 'CHANGED' });
  expect(changesOf(former, runOf([...graph, 'c=ANY']))).toEqual({ c: 'CHANGED' });
  expect(changesOf(former, runOf(graph, {}, { n: 2 }))).toEqual({
    a: 'INPUT_CHANGED',
    x: 'INPUT_CHANGED',
    b: 'FOLLOWS',
    c: 'FOLLOWS',
    d: 'FOLLOWS',
  });
  expect(changesOf(null, former)).toEqual({ a: 'NEW', b: 'NEW', c: 'NEW', d: 'NEW', x: 'NEW' });
});

test('what changes no output is no change', () => {
  const python =
    (config: object): Change =>
    () => ({ ...nodeOf('x', 'python', config) });
  const former = runOf([...graph, 'b=ALL'], { x: python({ code: '1' }) });
  const current = runOf([...graph, 'b=ANY'], {
    a: (node) => ({ ...node, name: 'A', position: { x: 1, y: 1 } }),
    x: (node) => ({
      ...python({ timeoutMs: 30_000, code: '1' })(node),
      retry: { maxAttempts: 2, initialDelayMs: 0, backoffFactor: 1, maxDelayMs: 0, retryOn: [] },
    }),
  });
  expect(changesOf(former, current)).toEqual({});
  expect(changesOf(former, runOf(graph, { x: python({ code: '2' }) }))).toEqual({ x: 'CHANGED' });
});

test('of a list its items and what its failures mean matter, and not how many run at once', () => {
  const list =
    (more: object): Change =>
    (node) => ({
      ...node,
      forEach: { items: 'input', concurrency: 1, batch: 1, onItemError: 'FAIL', ...more },
    });
  const former = runOf(graph, { x: list({}) });
  expect(changesOf(former, runOf(graph, { x: list({ concurrency: 9 }) }))).toEqual({});
  for (const more of [{ items: '[1]' }, { onItemError: 'SKIP' }])
    expect(changesOf(former, runOf(graph, { x: list(more) }))).toEqual({ x: 'CHANGED' });
});

const anyGraph = fc
  .array(fc.record({ from: fc.nat(6), step: fc.integer({ min: 1, max: 3 }), byError: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((edges) => [
    ...new Set(edges.map(({ from, step, byError }) => `n${from}${byError ? '.error' : ''}>n${from + step}`)),
  ]);

test('a retry with other nodes reuses what follows from the same alone, and every node is in its plan once', () => {
  fc.assert(
    fc.property(
      anyGraph,
      fc.uniqueArray(fc.nat(9), { maxLength: 3 }),
      fc.infiniteStream(fc.boolean()),
      (texts, changed, plays) => {
        const former = new HandDriven(runOf(texts).plan).begin();
        while (!former.isOver) {
          const key = [...former.running][0]!;
          if (plays.next().value) former.succeed(key);
          else former.fail(key);
        }
        const change = Object.fromEntries(changed.map((n) => [`n${n}`, expression('2')]));
        const current = runOf(texts, change);
        const steps = planRetry(
          current.plan.graph,
          foldAll(former.journal),
          changedNodes(runOf(texts), current),
        );
        expect(steps.map(({ nodeKey }) => nodeKey)).toEqual(current.plan.graph.order);
        const actionOf = (key: string) => steps.find(({ nodeKey }) => nodeKey === key)!.action;
        for (const { nodeKey, action, reason } of steps) {
          expect(reason === null).toBe(action !== 'RUN');
          if (action === 'RUN') continue;
          expect(change[nodeKey]).toBeUndefined();
          expect(former.statusOf(nodeKey)).toBe(action === 'REUSE' ? 'SUCCEEDED' : 'SKIPPED');
          for (const { source } of current.plan.graph.nodes.get(nodeKey)!.incoming)
            expect(actionOf(source)).not.toBe('RUN');
        }
      },
    ),
  );
});
