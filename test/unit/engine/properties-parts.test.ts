import fc from 'fast-check';
import { chosenNodes, type PartialRun } from '../../../server/engine/partial-run.ts';
import type { Plan } from '../../../server/engine/plan.ts';
import type { FailureAction } from '../../../server/engine/step.ts';
import type { EventBody } from '../../../server/journal/event.ts';
import { foldAll, HandDriven, planOf } from './drive-by-hand.ts';
import { anyGraph } from './support/any-graph.ts';

/** Failures that are parked, executions that nodes start, and runs of a part, with workers lost in between. */
const moves = ['succeed', 'succeed', 'other', 'fail', 'fail', 'sub', 'child', 'child', 'crash'] as const;
const anyMoves = fc.array(
  fc.record({ pick: fc.nat(100), move: fc.constantFrom(...moves, 'mend', 'giveUp', 'delay', 'time') }),
  { maxLength: 60 },
);
type Moves = { pick: number; move: string }[];

/** An execution with those that its nodes have started and wait for. */
interface Family {
  parent: HandDriven;
  children: Map<string, HandDriven>;
}

function play(parent: HandDriven, all: Moves): Family {
  const family: Family = { parent, children: new Map() };
  for (const { pick, move } of all) {
    if (parent.isOver) break;
    takeMove(family, pick, move);
  }
  for (let turns = 0; !parent.isOver; turns += 1) {
    if (turns > 1_000) throw new Error('The execution neither ends nor waits for something that could end.');
    endSomething(family);
  }
  return family;
}

function takeMove(family: Family, pick: number, move: string): void {
  const { parent, children } = family;
  const running = [...parent.running];
  const nodeKey = running[pick % Math.max(1, running.length)];
  const parked = parkedIn(parent);
  if (move === 'crash') parent.crash();
  if (move === 'time') parent.advance(pick);
  if (move === 'child') endChild(family, [...children.keys()][pick % Math.max(1, children.size)], pick);
  if (move === 'mend') decide(parent, parked[pick % Math.max(1, parked.length)], 'RETRY');
  if (move === 'giveUp') decide(parent, parked[pick % Math.max(1, parked.length)], 'FAIL');
  if (nodeKey === undefined) return;
  if (move === 'succeed') parent.succeed(nodeKey);
  if (move === 'other') parent.succeed(nodeKey, nodeKey, 'other');
  if (move === 'fail') parent.fail(nodeKey);
  if (move === 'delay') parent.waitFor(nodeKey, pick);
  if (move === 'sub') {
    parent.waitFor(nodeKey, Number.POSITIVE_INFINITY, 'EXECUTION');
    children.set(nodeKey, new HandDriven(planOf('x>y')).begin());
  }
}

/** Its end signals its parent: again, where the worker is lost before the job is completed. */
function endChild({ parent, children }: Family, nodeKey: string | undefined, pick: number): void {
  const child = children.get(nodeKey ?? '');
  if (nodeKey === undefined || child === undefined) return;
  if (pick % 3 === 0) child.crash();
  for (const key of ['x', 'y']) if (child.running.has(key)) child.succeed(key);
  expect(child.isOver).toBe(true);
  parent.signal(nodeKey, { end: 'SUCCEEDED' });
  if (pick % 2 === 0) parent.signal(nodeKey, { end: 'SUCCEEDED' });
  children.delete(nodeKey);
}

function decide(run: HandDriven, nodeKey: string | undefined, action: FailureAction): void {
  if (nodeKey !== undefined) run.signal(nodeKey, { action });
}

function parkedIn({ journal }: HandDriven): string[] {
  return [...foldAll(journal).nodes]
    .filter(([, { status, wait }]) => status === 'WAITING' && wait?.reason === 'FAILURE')
    .map(([key]) => key);
}

/** What is waited for has a name: a node that runs, a child, a person or a moment. One of them comes. */
function endSomething(family: Family): void {
  const { parent, children } = family;
  const [nodeKey] = parent.running;
  const [child] = children.keys();
  const [parked] = parkedIn(parent);
  if (nodeKey !== undefined) parent.succeed(nodeKey);
  else if (child !== undefined) endChild(family, child, 1);
  else if (parked !== undefined) decide(parent, parked, 'RETRY');
  else {
    expect(parent.wait).not.toBeNull();
    parent.advance(parent.wait!.at);
  }
}

const parking = (texts: string[]): Plan => ({ ...planOf(...texts), parksFailures: true });
const nodeEvents = (journal: EventBody[], type: string) =>
  journal.flatMap((event) => (event.type === type && 'nodeKey' in event ? [event.nodeKey] : []));
const terminal = (journal: EventBody[]) =>
  journal.filter(({ type }) => /^Execution(Succeeded|Failed|Canceled)$/.test(type));

function expectSound({ journal }: HandDriven): void {
  expect(terminal(journal)).toEqual([journal.at(-1)]);
  const succeeded = nodeEvents(journal, 'NodeSucceeded');
  expect(new Set(succeeded).size).toBe(succeeded.length);
}

test('with failures that wait for a person and nodes that wait for executions, every execution ends, and no node succeeds twice', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, (edges, all) => {
      const { parent } = play(new HandDriven(parking(edges)).begin(), all);
      expectSound(parent);
      const { journal } = parent;
      // A failure that no edge handles ends the execution only where somebody gave up.
      const gaveUp = journal.some(
        (event) =>
          event.type === 'NodeResumed' && (event.signal?.payload as { action?: string })?.action === 'FAIL',
      );
      if (journal.at(-1)!.type === 'ExecutionFailed') expect(gaveUp).toBe(true);
    }),
  );
});

test('the journal of an execution that is parked can be taken up from any event on, and ends as soundly', () => {
  fc.assert(
    fc.property(anyGraph, anyMoves, fc.nat(200), (edges, all, cut) => {
      const plan = parking(edges);
      const { parent } = play(new HandDriven(plan).begin(), all);
      const length = 1 + (cut % Math.max(1, parent.journal.length - 1));
      const next = HandDriven.goOn(plan, parent.journal.slice(0, length), parent.signals);
      const children = new Map(
        [...foldAll(next.journal).nodes]
          .filter(([, { status, wait }]) => status === 'WAITING' && wait?.reason === 'EXECUTION')
          .map(([key]) => [key, new HandDriven(planOf('x>y')).begin()]),
      );
      for (let turns = 0; !next.isOver && turns < 1_000; turns += 1) endSomething({ parent: next, children });
      expectSound(next);
    }),
  );
});

const anyPart = fc.record({
  from: fc.uniqueArray(fc.nat(11), { maxLength: 3 }),
  to: fc.uniqueArray(fc.nat(11), { maxLength: 2 }),
  pinned: fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
  handle: fc.constantFrom('output', 'output', 'other', 'error'),
});

test('a run of a part runs nothing else, has what is pinned, and ends, whatever is lost in between', () => {
  fc.assert(
    fc.property(anyGraph, anyPart, anyMoves, (edges, part, all) => {
      const whole = planOf(...edges);
      const keysOf = (numbers: number[]) => numbers.map((n) => `n${n}`).filter((key) => whole.nodes.has(key));
      const pinned = keysOf(part.pinned).map((nodeKey) => {
        return { nodeKey, handle: part.handle, output: `pinned ${nodeKey}`, executionId: null };
      });
      const partial: PartialRun = { from: keysOf(part.from), to: keysOf(part.to), pinned };
      const chosen = chosenNodes(whole.graph, partial);
      const { parent } = play(HandDriven.partOf(whole, partial), all);
      expectSound(parent);
      const { journal } = parent;
      for (const key of nodeEvents(journal, 'NodeStarted')) expect(chosen.has(key)).toBe(true);
      expect(nodeEvents(journal, 'NodeReused')).toEqual(pinned.map(({ nodeKey }) => nodeKey));
      if (journal.at(-1)!.type !== 'ExecutionSucceeded') return;
      const state = foldAll(journal);
      for (const key of whole.graph.order) {
        const { status, isLeftOut } = state.nodes.get(key)!;
        expect([key, isLeftOut]).toEqual([key, !chosen.has(key) && status !== 'REUSED']);
      }
    }),
  );
});
