import fc from 'fast-check';
import {
  applyEvents,
  type ExecutionState,
  emptyState,
  type ItemState,
} from '../../../client-sdk/src/execution-state.ts';
import type { ExecutionEvent } from '../../../client-sdk/src/index.ts';
import { emptyState as emptyRun, fold, type NodeRun, type RunState } from '../../../server/engine/fold.ts';
import type { JournalEvent } from '../../../server/journal/event.ts';

const error = { code: 'E', message: 'no' };
const place = fc.record({
  nodeKey: fc.constantFrom('a', 'b'),
  item: fc.constantFrom(null, null, 0, 1),
  attempt: fc.integer({ min: 1, max: 3 }),
});
const anyBody = fc.oneof(
  fc
    .constantFrom(
      { type: 'ExecutionStarted' },
      { type: 'ExecutionWaiting', reason: 'DELAY', until: null },
      { type: 'ExecutionResumed' },
      { type: 'ExecutionFailed', error },
      { type: 'ExecutionCanceled' },
    )
    .map((body): object => ({ ...body, nodeKey: null, item: null, attempt: null })),
  fc
    .tuple(
      place,
      fc.constantFrom(
        { type: 'NodeStarted' },
        { type: 'NodeSucceeded', output: 1, handle: 'output', durationMs: 1 },
        { type: 'NodeFailed', error, durationMs: 1 },
        { type: 'NodeSkipped' },
        { type: 'NodeSkipped', because: [{ source: 'c', reason: 'SOURCE_FAILED' }] },
        { type: 'NodeReused', output: 2, handle: 'output' },
        { type: 'NodeRetryScheduled', delayMs: 1, error },
        { type: 'NodeWaiting', reason: 'DELAY', until: null, data: null },
        { type: 'NodeResumed', signal: null },
      ),
    )
    .map(([where, body]): object => ({ ...where, ...body })),
);

/** A journal as the server reads it, and the same events as clients get them. */
const anyJournal = fc.array(anyBody, { maxLength: 30 }).map((bodies) => ({
  journal: bodies.map((body, n) => ({ ...body, occurredAt: new Date(n) })) as JournalEvent[],
  events: bodies.map((body, n) => ({ ...body, occurredAt: new Date(n).toISOString() })) as ExecutionEvent[],
}));

test('clients fold events to the state that the server folds them to', () => {
  fc.assert(
    fc.property(anyJournal, ({ journal, events }) => {
      const state = applyEvents(emptyState, events);
      expect(ofClient(state)).toEqual(ofServer(fold(emptyRun(), journal)));
    }),
  );
});

test('it does not matter how events are gathered, and what they leave alone stays the same object', () => {
  fc.assert(
    fc.property(anyJournal, fc.nat(30), ({ events }, cut) => {
      const before = applyEvents(emptyState, events.slice(0, cut));
      const after = applyEvents(before, events.slice(cut));
      expect(after).toEqual(applyEvents(emptyState, events));
      const rest = events.slice(cut);
      if (rest.some(({ nodeKey }) => nodeKey === null || nodeKey === 'b')) return;
      expect(after.nodes.b).toBe(before.nodes.b);
    }),
  );
});

test('what a node prints and saves is kept apart, and is reset with each attempt', () => {
  const at = { nodeKey: 'a', item: null, occurredAt: '2026-01-01T00:00:00.000Z' };
  const printed = (stream: string, text: string) => ({ ...at, type: 'NodeOutput', stream, text });
  const events = [
    { ...at, type: 'NodeStarted', attempt: 1 },
    printed('STDOUT', 'one '),
    printed('STDERR', 'oops'),
    printed('STDOUT', 'two'),
    { ...at, type: 'ArtifactCreated', artifact: { id: 'art_1', name: 'figure-1.png' } },
    { ...at, type: 'NodeProgress', current: 1, total: 2, unit: null, message: null },
  ] as ExecutionEvent[];
  const state = applyEvents(emptyState, events);
  expect(state.nodes.a).toMatchObject({
    stdout: 'one two',
    stderr: 'oops',
    progress: { current: 1, total: 2 },
    artifacts: [{ id: 'art_1' }],
  });
  const again = applyEvents(state, [{ ...at, type: 'NodeStarted', attempt: 2 }] as ExecutionEvent[]);
  expect(again.nodes.a).toMatchObject({ stdout: '', stderr: '', progress: null, artifacts: [], attempt: 2 });
});

function ofClient({ status, nodes }: ExecutionState): object {
  const part = (one: ItemState) => ({
    status: one.status,
    attempt: one.attempt,
    output: one.output,
    error: one.error,
    because: one.because,
    startedAt: one.startedAt,
    finishedAt: one.finishedAt,
  });
  return {
    status: status ?? 'QUEUED',
    nodes: Object.entries(nodes)
      .map(([key, node]) => [key, part(node), Object.entries(node.items).map(([n, item]) => [n, part(item)])])
      .sort(byKey),
  };
}

function ofServer({ status, nodes }: RunState): object {
  const part = (run: NodeRun) => ({
    status: run.status,
    attempt: run.attempt,
    output: run.output ?? null,
    error: run.error,
    because: run.because,
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
  });
  return {
    status,
    nodes: [...nodes]
      .map(([key, run]) => [
        key,
        part(run),
        [...run.items].map(([n, item]) => [String(n), part(item)]).sort(byKey),
      ])
      .sort(byKey),
  };
}

function byKey([a]: unknown[], [b]: unknown[]): number {
  return String(a).localeCompare(String(b));
}
