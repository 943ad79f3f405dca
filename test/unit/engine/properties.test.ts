import fc from 'fast-check';
import type { Edge } from '../../../server/engine/graph.ts';
import { reuseEvents } from '../../../server/engine/recovery.ts';
import type { DeadEdge, EventBody } from '../../../server/journal/event.ts';
import { foldAll, HandDriven, planOf, sameAs } from './drive-by-hand.ts';
import { anyGraph } from './support/any-graph.ts';

const anyMoves = fc.array(
  fc.record({
    pick: fc.nat(100),
    move: fc.constantFrom(
      ...['succeed', 'succeed', 'succeed', 'other', 'item', 'item', 'fail', 'crash'],
      ...['delay', 'ask', 'signal', 'time'],
    ),
  }),
  { maxLength: 60 },
);

function play(edges: string[], moves: { pick: number; move: string }[]): HandDriven {
  return playOn(new HandDriven(planOf(...edges)).begin(), moves);
}

/** Each node that waits or was skipped does so by the meaning of joins, at every moment. */
function playOn(run: HandDriven, moves: { pick: number; move: string }[]): HandDriven {
  for (const { pick, move } of moves) {
    expectSoundJoins(run);
    if (run.isOver) break;
    if (move === 'crash') run.crash();
    if (move === 'time') run.advance(pick);
    if (move === 'signal') run.signal(`n${pick % 12}`);
    const running = [...run.running];
    const nodeKey = running[pick % Math.max(1, running.length)];
    if (nodeKey === undefined) continue;
    if (move === 'succeed') run.succeed(nodeKey);
    if (move === 'other') run.succeed(nodeKey, `other ${nodeKey}`, 'other');
    if (move === 'fail') run.fail(nodeKey);
    if (move === 'delay') run.waitFor(nodeKey, pick);
    if (move === 'ask') run.waitFor(nodeKey, Number.POSITIVE_INFINITY);
    if (move === 'item' && !hasItem(run, nodeKey, pick % 3)) run.succeedItem(nodeKey, pick % 3);
  }
  while (!run.isOver) {
    const [nodeKey] = run.running;
    if (nodeKey !== undefined) run.succeed(nodeKey);
    else endWait(run);
    expectSoundJoins(run);
  }
  return run;
}

/** Where nothing runs, something is waited for: its time comes, or each node that waits gets a signal. */
function endWait(run: HandDriven): void {
  expect(run.wait).not.toBeNull();
  if (Number.isFinite(run.wait!.at)) run.advance(run.wait!.at);
  else for (const nodeKey of run.plan.graph.order) run.signal(nodeKey);
}

/** Joins as they are promised, read from the graph's edges and the journal alone. */
function expectSoundJoins({ plan, journal, isOver }: HandDriven): void {
  const began = new Set(
    journal.flatMap((event) => ('nodeKey' in event && isOfNode(event) ? [event.nodeKey] : [])),
  );
  const fates = new Map<string, { handle: string | null; reason: string }>();
  const skips = new Map<string, unknown>();
  for (const event of journal) {
    if (!('nodeKey' in event) || !isOfNode(event)) continue;
    const { nodeKey } = event;
    if (event.type === 'NodeSucceeded' || event.type === 'NodeReused')
      fates.set(nodeKey, { handle: event.handle, reason: 'OTHER_HANDLE' });
    if (event.type === 'NodeFailed') fates.set(nodeKey, { handle: 'error', reason: 'SOURCE_FAILED' });
    if (event.type !== 'NodeSkipped') continue;
    fates.set(nodeKey, { handle: null, reason: 'SOURCE_SKIPPED' });
    skips.set(nodeKey, event.because);
  }
  for (const { key, join, incoming } of plan.graph.nodes.values()) {
    const inputs = [...Map.groupBy(incoming, (edge) => edge.targetHandle ?? edge).values()];
    const isLive = (edge: Edge) => fates.get(edge.source)?.handle === edge.sourceHandle;
    const isDead = (edge: Edge) => fates.has(edge.source) && !isLive(edge);
    const lost = inputs.filter((edges) => edges.every(isDead));
    const hasAll = inputs.every((edges) => edges.some(isLive));
    const isSettled = incoming.every((edge) => isLive(edge) || isDead(edge));
    const mustSkip = join === 'ALL' ? lost.length > 0 : incoming.length > 0 && incoming.every(isDead);
    const mustStart = join === 'ALL' ? hasAll : isSettled && !mustSkip;
    expect([key, skips.has(key)]).toEqual([key, mustSkip && (skips.has(key) || !isOver)]);
    if (began.has(key)) expect([key, mustSkip || mustStart]).toEqual([key, true]);
    else if (!isOver) expect([key, mustSkip || mustStart]).toEqual([key, false]);
    if (!skips.has(key)) continue;
    const reasons = (skips.get(key) as DeadEdge[]).map(({ source, reason }) => [source, reason]);
    for (const [source, reason] of reasons) expect(reason).toBe(fates.get(source!)!.reason);
    if (join === 'ANY') expect(reasons).toHaveLength(incoming.length);
    else expect(reasons.length).toBeGreaterThan(0);
  }
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

test('no node succeeds twice, starts after it ended, or starts before what it waits for has come', () => {
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
          const { join, incoming, inputs } = plan.graph.nodes.get(event.nodeKey)!;
          const hasEnded = ({ source }: Edge) => ended.has(source);
          if (join === 'ANY') expect(incoming.every(hasEnded)).toBe(true);
          else expect(inputs.every((edges) => edges.some(hasEnded))).toBe(true);
        } else if (event.type !== 'NodeWaiting' && event.type !== 'NodeResumed') ended.add(event.nodeKey);
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
      const former = sameAs(plan, foldAll(journal));
      const events = reuseEvents(plan.graph, former, foldAll([]));
      const state = foldAll([{ type: 'ExecutionStarted' }, ...events.slice(0, cut)]);
      expect(reuseEvents(plan.graph, former, state)).toEqual(events.slice(cut));
    }),
  );
});

test('a signal is taken at most once, by the node that it is for, and a wait ends by its time or by one', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, (edges, moves) => {
      const { journal, signals } = play(edges, moves);
      const taken = journal.flatMap((event) =>
        event.type === 'NodeResumed' && event.signal !== null ? [{ ...event, ...event.signal }] : [],
      );
      // Where a worker is lost, the node goes on again with the signal that it had.
      const first = new Map(taken.map(({ number, nodeKey }) => [number, nodeKey]));
      for (const { number, nodeKey } of taken) {
        expect(nodeKey).toBe(signals[number - 1]!.nodeKey);
        expect(first.get(number)).toBe(nodeKey);
      }
      const waiting = new Map<string, EventBody>();
      for (const event of journal) {
        if (event.type === 'NodeWaiting') waiting.set(event.nodeKey, event);
        if (event.type !== 'NodeResumed') continue;
        const wait = waiting.get(event.nodeKey) as { until: string | null } | undefined;
        expect(wait).toBeDefined();
        if (wait!.until === null) expect(event.signal).not.toBeNull();
      }
    }),
  );
});
