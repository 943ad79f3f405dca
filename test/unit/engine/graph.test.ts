import { type Edge, findCycles, makeGraph, unreachable } from '../../../server/engine/graph.ts';

const edge = (source: string, target: string): Edge => ({
  source,
  sourceHandle: 'output',
  target,
  targetHandle: null,
});
const withJoin = (keys: string[]) => keys.map((key) => ({ key, join: 'ALL' as const }));
const chain = (length: number) => Array.from({ length }, (_, n) => `c${n}`);
const along = (keys: string[]) => keys.slice(1).map((key, n) => edge(keys[n]!, key));

test('a graph knows the edges at each node, and an order in which none comes before what it needs', () => {
  const graph = makeGraph(withJoin(['d', 'c', 'b', 'a']), [
    edge('a', 'b'),
    edge('b', 'd'),
    edge('a', 'c'),
    edge('c', 'd'),
  ]);
  expect(graph.order).toEqual(['a', 'b', 'c', 'd']);
  expect(graph.nodes.get('d')!.incoming).toEqual([edge('b', 'd'), edge('c', 'd')]);
  expect(graph.nodes.get('a')!.outgoing).toEqual([edge('a', 'b'), edge('a', 'c')]);
});

test('a cycle of any length is found, wherever one begins to look', () => {
  const keys = chain(20_000);
  const [cycle] = findCycles(
    ['start', ...keys],
    [edge('start', 'c7'), ...along(keys), edge(keys.at(-1)!, 'c0')],
    1,
  );
  expect(cycle).toHaveLength(20_001);
  expect(new Set(cycle).size).toBe(20_000);
  expect(cycle!.at(-1)).toBe(cycle![0]);
});

test('cycles that are told have no node in common, and are no more than were asked for', () => {
  const edges = [
    edge('a', 'b'),
    edge('b', 'a'),
    edge('b', 'c'),
    edge('c', 'b'),
    edge('c', 'd'),
    edge('d', 'd'),
  ];
  expect(findCycles(['a', 'b', 'c', 'd'], edges, 20)).toEqual([
    ['a', 'b', 'a'],
    ['d', 'd'],
  ]);
  expect(findCycles(['a', 'b', 'c', 'd'], edges, 1)).toHaveLength(1);
});

test('each edge is looked at a few times, however many nodes and cycles there are', () => {
  const keys = chain(200);
  const pairs = Array.from({ length: 100 }, (_, n) => [`a${n}`, `b${n}`] as const);
  const edges = [...along(keys), ...pairs.flatMap(([a, b]) => [edge(a, b), edge(b, a), edge(a, keys[0]!)])];
  let looks = 0;
  const counted = edges.map((each) => ({
    ...each,
    get source() {
      looks += 1;
      return each.source;
    },
    get target() {
      looks += 1;
      return each.target;
    },
  }));
  const all = [...keys, ...pairs.flat()];
  expect(findCycles(all, counted, 1_000)).toHaveLength(100);
  expect(unreachable(all, ['a0'], counted)).toHaveLength(198);
  makeGraph(withJoin(keys), counted.slice(0, 199));
  expect(looks).toBeLessThan(10 * edges.length);
});
