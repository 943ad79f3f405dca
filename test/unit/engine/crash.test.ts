import fc from 'fast-check';
import type { EventBody, JournalEvent } from '../../../server/journal/event.ts';
import type { WorkflowDraft } from '../../../server/nodes/draft.ts';
import { HandClock, quiesce } from './support/hand-clock.ts';
import { makeHandEngine } from './support/hand-engine.ts';
import { HandJournal } from './support/hand-journal.ts';
import { HandNodes, handDraft, stored } from './support/hand-nodes.ts';
import { resumeThroughWaits } from './support/resume-through-waits.ts';

const ID = 'exec_1';

/** Any acyclic graph of up to a dozen nodes, some edges by the error handle or to one input, some nodes with ANY, some with effects, some failing. */
const anyRun = fc.record({
  edges: fc
    .tuple(
      fc.array(
        fc.record({
          from: fc.nat(5),
          step: fc.integer({ min: 1, max: 3 }),
          byError: fc.boolean(),
          input: fc.constantFrom('', '', '.x'),
        }),
        { minLength: 1, maxLength: 9 },
      ),
      fc.uniqueArray(fc.nat(8), { maxLength: 4 }),
    )
    .map(([edges, any]) => {
      const texts = edges.map(
        ({ from, step, byError, input }) => `n${from}${byError ? '.error' : ''}>n${from + step}${input}`,
      );
      return [...any.map((n) => `n${n}=ANY`), ...new Set(texts)];
    }),
  outside: fc.uniqueArray(
    fc.nat(8).map((n) => `n${n}`),
    { maxLength: 4 },
  ),
  failing: fc.uniqueArray(
    fc.nat(8).map((n) => `n${n}`),
    { maxLength: 2 },
  ),
  /** In which order commits come and nodes end. */
  order: fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }),
});

interface Life {
  journal: HandJournal;
  failing: readonly string[];
  order: readonly number[];
  runAhead: boolean;
  /** Every attempt of a node with outside effects, with whether its NodeStarted was committed as its code began. */
  effects: { key: string; isCommitted: boolean }[];
}

/** One worker's life: commits and ends of nodes come in the order given, until the execution ends. */
async function live({ journal, failing, order, runAhead, effects }: Life): Promise<string[]> {
  const nodes = new HandNodes(({ key }, kind) => {
    if (kind !== 'outside') return;
    const own = journal.events(ID).filter((event) => 'nodeKey' in event && event.nodeKey === key);
    effects.push({ key, isCommitted: own.at(-1)?.type === 'NodeStarted' });
  });
  const { deps } = makeHandEngine({ journal, nodes });
  journal.holds = true;
  const signal = new AbortController().signal;
  const options = { executionId: ID, preloaded: null, inserted: null, countLoss: null, runAhead, signal };
  let hasEnded = false;
  const done = resumeThroughWaits({ ...deps, draining: signal }, options).finally(() => {
    hasEnded = true;
  });
  for (let turn = 0; !hasEnded; turn += 1) {
    await quiesce();
    const pick = order[turn % order.length]!;
    const mayCommit = journal.pending.length > 0;
    const node = nodes.running[pick % Math.max(1, nodes.running.length)];
    if (mayCommit && (pick % 2 === 0 || node === undefined)) journal.commitNext();
    else if (node !== undefined) failing.includes(node.key) ? node.fail() : node.succeed();
    else if (!hasEnded) await quiesce();
    if (turn > 2_000) throw new Error('The execution does not end.');
  }
  expect(await done).toBe('ended');
  return nodes.starts;
}

function begin(definition: WorkflowDraft, isHeldBack = false): HandJournal {
  const journal = new HandJournal(new HandClock());
  journal.insert(ID, stored(definition));
  if (isHeldBack) journal.holdBack(ID);
  return journal;
}

const ofType = (events: readonly EventBody[], type: string) =>
  events.flatMap((event) => (event.type === type && 'nodeKey' in event ? [event.nodeKey] : []));

/** What clients see of an execution in the end, whatever order its nodes ran in. */
function outcome(events: readonly JournalEvent[]) {
  const end = events.at(-1)!;
  return { type: end.type, output: 'output' in end ? end.output : null };
}

test('a worker lost at any committed prefix of any execution is followed by one that ends it soundly', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, fc.boolean(), fc.boolean(), async (run, runAhead, isHeldBack) => {
      const { edges, outside, failing, order } = run;
      const effects: Life['effects'] = [];
      const whole = begin(handDraft(edges, outside), isHeldBack);
      await live({ journal: whole, failing, order, runAhead: true, effects });
      const length = whole.events(ID).length;
      for (let cut = 1; cut < length; cut += 1) {
        const journal = whole.cut(ID, cut);
        const prefix = [...journal.events(ID)];
        const starts = await live({ journal, failing, order, runAhead, effects });
        expectSound(journal.events(ID), prefix, starts);
        if (isDeterministic(failing)) expect(outcome(journal.events(ID))).toEqual(outcome(whole.events(ID)));
      }
      expect(effects.filter(({ isCommitted }) => !isCommitted)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

/** Where nodes fail, which of two failures ends the execution depends on which comes first. */
const isDeterministic = (failing: readonly string[]) => failing.length === 0;

function expectSound(
  events: readonly JournalEvent[],
  prefix: readonly JournalEvent[],
  starts: readonly string[],
): void {
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.slice(0, prefix.length)).toEqual(prefix);
  const terminal = events.filter(({ type }) => /^Execution(Succeeded|Failed|Canceled)$/.test(type));
  expect(terminal).toEqual([events.at(-1)]);
  expect(events.filter(({ type }) => type === 'ExecutionStarted')).toHaveLength(1);
  const ends = ['NodeSucceeded', 'NodeFailed', 'NodeSkipped'].flatMap((type) => ofType(events, type));
  expect(new Set(ends).size).toBe(ends.length);
  const endedBefore = ['NodeSucceeded', 'NodeFailed', 'NodeSkipped'].flatMap((type) => ofType(prefix, type));
  expect(starts.filter((key) => endedBefore.includes(key))).toEqual([]);
}
