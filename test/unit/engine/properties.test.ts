import fc from 'fast-check';
import type { EventBody } from '../../../server/journal/event.ts';
import { foldAll, HandDriven, planOf } from './drive-by-hand.ts';

/** Any acyclic graph: edges run from lower to higher numbers, some by the error handle. */
const anyGraph = fc
  .array(fc.record({ from: fc.nat(7), step: fc.integer({ min: 1, max: 4 }), byError: fc.boolean() }), {
    minLength: 1,
    maxLength: 14,
  })
  .map((edges) => [
    ...new Set(edges.map(({ from, step, byError }) => `n${from}${byError ? '.error' : ''}>n${from + step}`)),
  ]);

const anyMoves = fc.array(
  fc.record({ pick: fc.nat(100), move: fc.constantFrom('succeed', 'succeed', 'succeed', 'fail', 'crash') }),
  { maxLength: 60 },
);

function play(edges: string[], moves: { pick: number; move: string }[]): HandDriven {
  const run = new HandDriven(planOf(...edges)).begin();
  for (const { pick, move } of moves) {
    if (run.isOver) break;
    if (move === 'crash') run.crash();
    const running = [...run.running];
    const nodeKey = running[pick % Math.max(1, running.length)];
    if (nodeKey === undefined) continue;
    if (move === 'succeed') run.succeed(nodeKey);
    if (move === 'fail') run.fail(nodeKey);
  }
  while (!run.isOver) run.succeed([...run.running][0]!);
  return run;
}

const nodeEvents = (journal: EventBody[], type: string) =>
  journal.flatMap((event) => (event.type === type && 'nodeKey' in event ? [event.nodeKey] : []));

test('however nodes end and workers die, every execution ends, with its terminal event last and alone', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, (edges, moves) => {
      const { journal } = play(edges, moves);
      const terminal = journal.filter(({ type }) => /^Execution(Succeeded|Failed|Canceled)$/.test(type));
      expect(terminal).toEqual([journal.at(-1)]);
    }),
  );
});

test('no node succeeds twice, starts after it ended, or starts before what it depends on has ended', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, (edges, moves) => {
      const { journal, plan } = play(edges, moves);
      const succeeded = nodeEvents(journal, 'NodeSucceeded');
      expect(new Set(succeeded).size).toBe(succeeded.length);
      const ended = new Set<string>();
      for (const event of journal) {
        if (!('nodeKey' in event)) continue;
        if (event.type === 'NodeStarted') {
          expect(ended.has(event.nodeKey)).toBe(false);
          for (const { source } of plan.graph.nodes.get(event.nodeKey)!.incoming)
            expect(ended.has(source)).toBe(true);
        } else ended.add(event.nodeKey);
      }
    }),
  );
});

test('where an execution succeeds, every node has ended', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, (edges, moves) => {
      const { journal, plan } = play(edges, moves);
      if (journal.at(-1)!.type !== 'ExecutionSucceeded') return;
      const state = foldAll(journal);
      for (const nodeKey of plan.graph.order) {
        expect(['SUCCEEDED', 'FAILED', 'SKIPPED']).toContain(state.nodes.get(nodeKey)?.status);
      }
    }),
  );
});
