import fc from 'fast-check';
import { reuseEvents } from '../../../server/engine/recovery.ts';
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
  fc.record({
    pick: fc.nat(100),
    move: fc.constantFrom('succeed', 'succeed', 'succeed', 'item', 'item', 'fail', 'crash'),
  }),
  { maxLength: 60 },
);

function play(edges: string[], moves: { pick: number; move: string }[]): HandDriven {
  return playOn(new HandDriven(planOf(...edges)).begin(), moves);
}

function playOn(run: HandDriven, moves: { pick: number; move: string }[]): HandDriven {
  for (const { pick, move } of moves) {
    if (run.isOver) break;
    if (move === 'crash') run.crash();
    const running = [...run.running];
    const nodeKey = running[pick % Math.max(1, running.length)];
    if (nodeKey === undefined) continue;
    if (move === 'succeed') run.succeed(nodeKey);
    if (move === 'fail') run.fail(nodeKey);
    if (move === 'item' && !hasItem(run, nodeKey, pick % 3)) run.succeedItem(nodeKey, pick % 3);
  }
  while (!run.isOver) run.succeed([...run.running][0]!);
  return run;
}

const hasItem = ({ journal }: HandDriven, nodeKey: string, item: number) =>
  foldAll(journal).nodes.get(nodeKey)!.items.has(item);

const isOfNode = (event: EventBody) => 'nodeKey' in event && (event.item ?? null) === null;

const nodeEvents = (journal: EventBody[], type: string) =>
  journal.flatMap((event) =>
    event.type === type && 'nodeKey' in event && isOfNode(event) ? [event.nodeKey] : [],
  );

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
        if (!('nodeKey' in event) || !isOfNode(event)) continue;
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

test('a retry takes over what ended well after what ended well, and of other nodes there the items that did', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, anyMoves, anyMoves, (edges, moves, again, onceMore) => {
      let former = play(edges, moves);
      for (const retryMoves of [again, onceMore]) {
        if (former.journal.at(-1)!.type === 'ExecutionSucceeded') return;
        const retried = HandDriven.retryOf(former);
        playOn(retried, retryMoves);
        expectSoundReuse(former, retried);
        former = retried;
      }
    }),
  );
});

function expectSoundReuse(former: HandDriven, { plan, journal, starts }: HandDriven): void {
  const before = foldAll(former.journal);
  const after = foldAll(journal);
  const reused = new Set(nodeEvents(journal, 'NodeReused'));
  const isWell = (status = 'QUEUED') => ['SUCCEEDED', 'REUSED', 'SKIPPED'].includes(status);
  const well = new Set<string>();
  for (const nodeKey of plan.graph.order) {
    const run = before.nodes.get(nodeKey);
    const sources = plan.graph.nodes.get(nodeKey)!.incoming.map(({ source }) => source);
    const mayReuse = sources.every((source) => well.has(source));
    if (mayReuse && isWell(run?.status)) well.add(nodeKey);
    expect(reused.has(nodeKey)).toBe(well.has(nodeKey) && run!.status !== 'SKIPPED');
    if (well.has(nodeKey)) expect(starts.has(nodeKey)).toBe(false);

    const items = [...(after.nodes.get(nodeKey)?.items ?? [])].filter(
      ([, { status }]) => status === 'REUSED',
    );
    const expected = [...(run?.items ?? [])].filter(
      ([, { status }]) => mayReuse && !well.has(nodeKey) && isWell(status),
    );
    expect(items.map(([item, { output }]) => [item, output])).toEqual(
      expected.map(([item, { output }]) => [item, output]),
    );
  }
}

test('a worker that is lost while it takes over leaves the rest to the next one', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, fc.nat(20), (edges, moves, cut) => {
      const { plan, journal } = play(edges, moves);
      const former = foldAll(journal);
      const events = reuseEvents(plan.graph, former, foldAll([]));
      const state = foldAll([{ type: 'ExecutionStarted' }, ...events.slice(0, cut)]);
      expect(reuseEvents(plan.graph, former, state)).toEqual(events.slice(cut));
    }),
  );
});
