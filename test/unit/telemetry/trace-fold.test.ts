import fc from 'fast-check';
import type { EventBody, JournalEvent, NodeError } from '../../../server/journal/event.ts';
import { type EndedSpan, makeTraceFold } from '../../../server/telemetry/trace-fold.ts';

const error = (code: string) => ({ code }) as NodeError;

/** Each 10 ms after the one before. */
function journal(...bodies: EventBody[]): JournalEvent[] {
  return bodies.map(
    (body, index) =>
      ({
        ...body,
        executionId: 'exec_1',
        sequence: index + 1,
        occurredAt: new Date(10 * index),
      }) as JournalEvent,
  );
}

const started = (nodeKey: string, attempt = 1, item: number | null = null) =>
  ({ type: 'NodeStarted', nodeKey, attempt, item }) as const;
const succeeded = (nodeKey: string, attempt = 1, item: number | null = null, cellMs?: number) =>
  ({
    type: 'NodeSucceeded',
    nodeKey,
    attempt,
    item,
    output: null,
    handle: 'output',
    durationMs: 1,
    ...(cellMs !== undefined && { cellMs }),
  }) as const;
const resumed = (nodeKey: string, attempt = 1) =>
  ({ type: 'NodeResumed', nodeKey, attempt, signal: null }) as const;
const stopped = (nodeKey: string, attempt = 1) =>
  ({ type: 'NodeRetryScheduled', nodeKey, attempt, delayMs: 0, error: error('WORKER_STOPPED') }) as const;
const waiting = { type: 'ExecutionWaiting', reason: 'DELAY', until: null } as const;
const begin = [{ type: 'ExecutionQueued' }, { type: 'ExecutionStarted' }] as const;
const end = { type: 'ExecutionSucceeded', output: null } as const;

function spansOf(events: readonly JournalEvent[]): EndedSpan[] {
  const fold = makeTraceFold();
  fold.add(events);
  return fold.ended;
}

const inShort = (span: EndedSpan) => {
  const { of, startMs, endMs, status, errorCode } = span;
  const name = 'nodeKey' in span ? ` ${span.nodeKey}` : '';
  const which = 'attempt' in span ? ` ${span.attempt}${span.item === null ? '' : ` of ${span.item}`}` : '';
  return `${of}${name}${which} ${startMs ?? '…'}-${endMs} ${errorCode ?? status}`;
};

test('each attempt is a span of its node, and its cell one of the attempt', () => {
  const spans = spansOf(
    journal(
      ...begin,
      started('a'),
      { type: 'NodeRetryScheduled', nodeKey: 'a', attempt: 1, delayMs: 5, error: error('HTTP_STATUS') },
      started('a', 2),
      succeeded('a', 2, null, 4),
      end,
    ),
  );
  expect(spans.map(inShort)).toEqual([
    'attempt a 1 20-30 HTTP_STATUS',
    'cell a 2 46-50 SUCCEEDED',
    'attempt a 2 40-50 SUCCEEDED',
    'node a 20-50 SUCCEEDED',
    'execution …-60 SUCCEEDED',
  ]);
});

test('what has not ended ends with its list, or with the execution', () => {
  const failed = { type: 'NodeFailed', attempt: 1, error: error('X'), durationMs: 1 } as const;
  const spans = spansOf(
    journal(
      ...begin,
      started('list'),
      started('list', 1, 0),
      started('list', 1, 1),
      started('other'),
      { ...failed, nodeKey: 'list', item: 1 },
      { ...failed, nodeKey: 'list' },
      { type: 'ExecutionFailed', error: error('X') },
    ),
  );
  expect(spans.map(inShort)).toEqual([
    'attempt list 1 of 1 40-60 X',
    'attempt list 1 20-70 X',
    'attempt list 1 of 0 30-70 CANCELED',
    'node list 20-70 X',
    'attempt other 1 50-80 CANCELED',
    'node other 50-80 CANCELED',
    'execution …-80 X',
  ]);
});

test('an attempt that waited goes on after its worker has stopped; one that had not is followed by another', () => {
  const wait = {
    type: 'NodeWaiting',
    nodeKey: 'w',
    attempt: 1,
    reason: 'DELAY',
    until: null,
    data: 1,
  } as const;
  const spans = spansOf(
    journal(
      ...begin,
      started('w'),
      wait,
      resumed('w'),
      started('p'),
      stopped('w'),
      stopped('p'),
      resumed('w'),
      started('p', 2),
      succeeded('w'),
      succeeded('p', 2),
      end,
    ),
  );
  expect(spans.map(inShort)).toEqual([
    'attempt p 1 50-70 WORKER_STOPPED',
    'attempt w 1 20-100 SUCCEEDED',
    'node w 20-100 SUCCEEDED',
    'attempt p 2 90-110 SUCCEEDED',
    'node p 50-110 SUCCEEDED',
    'execution …-120 SUCCEEDED',
  ]);
  expect(spans[1]!.notes.map(({ name }) => name)).toEqual(['waiting', 'resumed', 'resumed']);
});

test('a failure that waits for somebody ends its attempt, and not its node', () => {
  const failure = error('X');
  const parked = { type: 'NodeWaiting', nodeKey: 'a', attempt: 1, reason: 'FAILURE', until: null } as const;
  const spans = spansOf(
    journal(
      ...begin,
      started('a'),
      { ...parked, data: null, failure },
      resumed('a'),
      started('a', 2),
      succeeded('a', 2),
    ),
  );
  expect(spans.map(inShort)).toEqual([
    'attempt a 1 20-30 X',
    'attempt a 2 50-60 SUCCEEDED',
    'node a 20-60 SUCCEEDED',
  ]);
});

test('of a long list, further items have a span where they failed', () => {
  const items = [999, 1_000, 1_001];
  const failed = { type: 'NodeFailed', nodeKey: 'l', attempt: 1, error: error('X'), durationMs: 1 } as const;
  const spans = spansOf(
    journal(
      started('l'),
      ...items.map((item) => started('l', 1, item)),
      succeeded('l', 1, 999),
      succeeded('l', 1, 1_000, 2),
      { ...failed, item: 1_001 },
    ),
  );
  expect(spans.map((span) => 'item' in span && span.item)).toEqual([999, 1_001]);
});

test('wherever a worker is lost, the next one hands on what that one has not, and nothing else', () => {
  const parts: EventBody[][] = [
    [started('a'), succeeded('a', 1, null, 3)],
    [waiting, { type: 'ExecutionResumed' }],
    [started('b'), started('b', 1, 0), succeeded('b', 1, 0), succeeded('b')],
    [started('c'), stopped('c'), started('c', 2), succeeded('c', 2)],
  ];
  const some = fc.array(fc.constantFrom(...parts), { maxLength: 8 });
  fc.assert(
    fc.property(some, fc.nat(), (chosen, cut) => {
      const events = journal(...begin, ...chosen.flat(), end);
      const handedOn: EndedSpan[] = [];
      const run = (before: readonly JournalEvent[], now: readonly JournalEvent[]) => {
        const fold = makeTraceFold();
        fold.replay(before);
        for (const event of now) {
          if (fold.add([event])) handedOn.push(...fold.ended.splice(0));
        }
      };
      const at = cut % events.length;
      run([], events.slice(0, at));
      run(events.slice(0, at), events.slice(at));
      expect(handedOn).toEqual(spansOf(events));
    }),
  );
});
