import {
  chosenNodes,
  narrowPlan,
  type PartialRun,
  partialEvents,
} from '../../../server/engine/partial-run.ts';
import { foldAll, planOf } from './drive-by-hand.ts';

const part = (from: string, to: string, ...pinned: string[]): PartialRun => ({
  from: from === '' ? [] : from.split(' '),
  to: to === '' ? [] : to.split(' '),
  pinned: pinned.map((nodeKey) => ({
    nodeKey,
    handle: 'output',
    output: `pinned ${nodeKey}`,
    executionId: null,
  })),
});
const plan = planOf('a>b', 'b>c', 'a>d', 'd>e', 'c>e', 'x>y');
const chosen = (...args: Parameters<typeof part>) =>
  [...chosenNodes(plan.graph, part(...args))].toSorted().join(' ');

test('a part is what follows its first nodes and leads to its last ones, without what is pinned', () => {
  expect(chosen('', '', 'b')).toBe('a c d e x y');
  expect(chosen('b', '')).toBe('b c e');
  expect(chosen('b d', '')).toBe('b c d e');
  expect(chosen('', 'c')).toBe('a b c');
  expect(chosen('', 'c', 'b')).toBe('c');
  expect(chosen('b', 'c')).toBe('b c');
  expect(chosen('b', 'b')).toBe('b');
  expect(chosen('b', 'y')).toBe('');
  // A node that a later version does not have any more.
  expect(chosen('gone b', '')).toBe('b c e');
});

test('its output is that of the nodes it runs to, of output nodes that run, or of its last nodes', () => {
  const outputsOf = (...args: Parameters<typeof part>) => narrowPlan(plan, part(...args)).outputs.join(' ');
  expect(outputsOf('', '', 'b')).toBe('y e');
  expect(outputsOf('b', '')).toBe('e');
  expect(outputsOf('', 'b d')).toBe('b d');
  expect(outputsOf('b', 'c')).toBe('c');
  expect(outputsOf('x', '', 'y')).toBe('y');
  const schema = { type: 'object' };
  const withSchema = { ...plan, outputSchema: schema };
  expect(narrowPlan(withSchema, part('', '', 'b')).outputSchema).toBe(schema);
  expect(narrowPlan(withSchema, part('b', '')).outputSchema).toBeNull();
});

test('its journal begins with what is pinned, in the order given, and what is left out; another worker adds the rest', () => {
  const events = partialEvents(plan, part('e', '', 'd', 'c'), foldAll([]));
  expect(events.map((event) => `${event.type} ${'nodeKey' in event && event.nodeKey}`)).toEqual([
    ...['NodeReused d', 'NodeReused c', 'NodeSkipped a', 'NodeSkipped x', 'NodeSkipped b', 'NodeSkipped y'],
  ]);
  for (let cut = 0; cut <= events.length; cut += 1) {
    const state = foldAll([{ type: 'ExecutionStarted' }, ...events.slice(0, cut)]);
    expect(partialEvents(plan, part('e', '', 'd', 'c'), state)).toEqual(events.slice(cut));
  }
});
