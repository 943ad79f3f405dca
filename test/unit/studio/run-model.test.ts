import { describe, expect, test } from '@jest/globals';
import type { ActivityEvent } from '../../../client-sdk/src/index.ts';
import { codeExcerpt } from '../../../studio/src/run/model/code-excerpt.ts';
import { criticalPath } from '../../../studio/src/run/model/critical-path.ts';
import { installingAt, installingText, installsOf } from '../../../studio/src/run/model/installing.ts';
import { textOfLine } from '../../../studio/src/run/model/log-lines.ts';
import {
  itemCountsAt,
  live,
  outputPlaceAt,
  runStatusAt,
  workAt,
} from '../../../studio/src/run/model/moment.ts';
import { arrivals, inputParts } from '../../../studio/src/run/model/node-input.ts';
import type { RunModel } from '../../../studio/src/run/model/records.ts';
import { applyEvents, makeRunModel, workOf } from '../../../studio/src/run/model/run-model.ts';
import { skipReasons } from '../../../studio/src/run/model/skip-reason.ts';
import { barsOf, layoutTimeline } from '../../../studio/src/run/model/timeline-layout.ts';
import { tableColumns, valueRows } from '../../../studio/src/run/model/value-rows.ts';

const error = {
  code: 'PYTHON_EXECUTION_ERROR',
  type: 'ValueError',
  message: 'no',
  traceback: null,
  line: 2,
  column: null,
  exitCode: null,
  stderr: null,
  nodeKey: 'b',
  retryable: true,
};

describe('the fold of a run', () => {
  test('has every attempt with its wait and error, and the run as it stood after each event', () => {
    const run = runOf([
      [0, 'ExecutionQueued'],
      [5, 'ExecutionStarted'],
      [10, 'NodeStarted', { nodeKey: 'a' }],
      [20, 'NodeSucceeded', { nodeKey: 'a', handle: 'output', durationMs: 10 }],
      [20, 'NodeStarted', { nodeKey: 'b' }],
      [30, 'NodeRetryScheduled', { nodeKey: 'b', delayMs: 1_000, error }],
      [1_030, 'NodeStarted', { nodeKey: 'b', attempt: 2 }],
      [1_040, 'NodeProgress', { nodeKey: 'b', attempt: 2, current: 1, total: 2, unit: null, message: null }],
      [1_050, 'NodeFailed', { nodeKey: 'b', attempt: 2, error, durationMs: 20 }],
      [1_060, 'ExecutionFailed', { error }],
    ]);
    const b = workOf(run, 'b', null);
    const statuses = Array.from({ length: 10 }, (_, n) => workAt(b, n + 1).status);
    expect(statuses).toEqual([
      null,
      null,
      null,
      null,
      'RUNNING',
      'WAITING',
      'RUNNING',
      'RUNNING',
      'FAILED',
      'FAILED',
    ]);
    expect(workAt(b, live)).toMatchObject({
      status: 'FAILED',
      attempt: { number: 2, error },
      progress: { current: 1 },
    });
    expect(b.attempts[0]).toMatchObject({ outcome: 'RETRY', retryDelayMs: 1_000, error, endAt: 30 });
    expect([1, 2, 9, 10].map((sequence) => runStatusAt(run, sequence))).toEqual([
      'QUEUED',
      'RUNNING',
      'RUNNING',
      'FAILED',
    ]);
    expect(outputPlaceAt(run.nodes.get('a'), 4)).toMatchObject({ sequence: 4, cursorBefore: 'c3' });
    expect(outputPlaceAt(run.nodes.get('a'), 3)).toBeNull();
    expect(run.activity).toEqual([
      { from: 10, to: 30 },
      { from: 1_030, to: 1_050 },
    ]);
  });

  test('a batch that comes twice, and events of types that are not known, change nothing', () => {
    const run = makeRunModel();
    const events = eventsOf([
      [0, 'ExecutionQueued'],
      [1, 'ExecutionWaiting', { nodeKey: null }],
      [2, 'NodeFrobbed', { nodeKey: 'a' }],
      [3, 'NodeStarted', { nodeKey: 'a' }],
    ]);
    applyEvents(run, events);
    applyEvents(run, events);
    expect(run.sequence).toBe(4);
    expect(run.nodes.get('a')?.attempts).toHaveLength(1);
    expect(run.running).toBe(1);
  });

  test('a worker that was lost, a failure without a start, and a cancel end what was open', () => {
    const run = runOf([
      [0, 'NodeStarted', { nodeKey: 'a' }],
      [9, 'NodeStarted', { nodeKey: 'a', attempt: 2 }],
      [9, 'NodeFailed', { nodeKey: 'z', error, durationMs: 0 }],
      [10, 'NodeStarted', { nodeKey: 'w' }],
      [11, 'NodeRetryScheduled', { nodeKey: 'w', delayMs: 5, error }],
      [12, 'ExecutionCanceled'],
    ]);
    expect(run.nodes.get('a')!.attempts.map(({ outcome }) => outcome)).toEqual(['LOST', 'CANCELED']);
    expect(workAt(run.nodes.get('z'), live).status).toBe('FAILED');
    expect([5, 6].map((sequence) => workAt(run.nodes.get('w'), sequence).status)).toEqual([
      'WAITING',
      'CANCELED',
    ]);
    expect(run.running).toBe(0);
    expect(run.activity).toEqual([{ from: 0, to: 12 }]);
  });

  test('says which requests the code of a node sent, in lines of the log', () => {
    const request = { host: 'api.example.com', sentBytes: 0, receivedBytes: 1_234, durationMs: 35.6 };
    const run = runOf([
      [0, 'ExecutionStarted'],
      [10, 'NodeStarted', { nodeKey: 'a' }],
      [20, 'NetworkRequest', { nodeKey: 'a', ...request, method: 'GET', httpStatus: 200, failureCode: null }],
      [
        30,
        'NetworkRequest',
        { nodeKey: 'a', ...request, method: 'POST', httpStatus: null, failureCode: 'TIMEOUT' },
      ],
    ]);
    const lines = [0, 1].map((id) =>
      run.logs
        .line(id)!
        .parts.map(({ text }) => text)
        .join(''),
    );
    expect(lines[0]).toMatch(/^GET api.example.com → 200, 1.2 kB in \d+ ms$/);
    expect(lines[1]).toContain('POST api.example.com → TIMEOUT');
    expect(run.logs.sources).toMatchObject([{ nodeKey: 'a', stream: 'REQUESTS' }]);
  });

  test('says which packages a node waits for, in a line of the log too, and nothing of those that were there', () => {
    const environment = { packages: ['pandas', 'rich'], message: null };
    const run = runOf([
      [0, 'ExecutionStarted'],
      [10, 'NodeStarted', { nodeKey: 'a' }],
      [20, 'NodeEnvironment', { nodeKey: 'a', status: 'RESOLVING', ...environment }],
      [
        30,
        'NodeEnvironment',
        {
          nodeKey: 'a',
          status: 'INSTALLING',
          packages: ['numpy==2', 'pandas==3', 'rich==1'],
          message: 'Installing (0 of 3)',
        },
      ],
      [
        40,
        'NodeEnvironment',
        {
          nodeKey: 'a',
          status: 'INSTALLING',
          packages: ['numpy==2', 'pandas==3', 'rich==1'],
          message: 'Installed numpy 2 (1 of 3)',
        },
      ],
      [
        50,
        'NodeEnvironment',
        { nodeKey: 'a', status: 'READY', packages: ['numpy==2', 'pandas==3', 'rich==1'], message: null },
      ],
      [60, 'NodeSucceeded', { nodeKey: 'a', handle: 'output', durationMs: 50 }],
      [60, 'NodeStarted', { nodeKey: 'b', item: 0 }],
      [
        60,
        'NodeEnvironment',
        { nodeKey: 'b', item: 0, status: 'READY', packages: ['numpy==2'], message: null },
      ],
      [70, 'NodeStarted', { nodeKey: 'c', item: 0 }],
      [80, 'NodeEnvironment', { nodeKey: 'c', item: 0, status: 'RESOLVING', ...environment }],
      [90, 'ExecutionCanceled'],
    ]);
    const a = { nodeKey: 'a', item: null };
    const said = [2, 3, 5, 6, live].map((sequence) => {
      const waiting = installingAt(run, a, sequence);
      return waiting && installingText(waiting);
    });
    expect(said).toEqual([
      null,
      'Installing pandas, rich …',
      'Installing pandas, rich … (1 of 3)',
      null,
      null,
    ]);
    expect(installsOf(run, a, 1, live)).toEqual({ from: 20, to: 50 });
    expect(installsOf(run, a, 1, 4)).toEqual({ from: 20, to: null });
    expect(installsOf(run, { nodeKey: 'b', item: 0 }, 1, live)).toBeNull();
    for (const item of [null, 0]) {
      expect(installingAt(run, { nodeKey: 'c', item }, 11)).toMatchObject({ requested: ['pandas', 'rich'] });
      expect(installingAt(run, { nodeKey: 'c', item }, live)).toBeNull();
    }
    const lines = Array.from({ length: run.logs.count }, (_, id) => textOfLine(run.logs.line(id)!));
    expect(lines).toEqual([
      'Choosing the versions of pandas, rich …',
      'Installing pandas, rich …',
      'Installed numpy 2 (1 of 3)',
      'Installed 3 packages.',
      'Choosing the versions of pandas, rich …',
    ]);
    expect(run.logs.countAt(4)).toBe(2);
  });

  test('counts the items of a list at any moment', () => {
    const run = runOf([
      [0, 'NodeStarted', { nodeKey: 'each' }],
      [1, 'NodeStarted', { nodeKey: 'each', item: 0 }],
      [2, 'NodeStarted', { nodeKey: 'each', item: 1 }],
      [3, 'NodeSucceeded', { nodeKey: 'each', item: 0, handle: 'output', durationMs: 2 }],
      [4, 'NodeFailed', { nodeKey: 'each', item: 1, error, durationMs: 2 }],
    ]);
    const node = run.nodes.get('each')!;
    expect(itemCountsAt(node, 1)).toBeNull();
    expect(itemCountsAt(node, 3)).toEqual({ total: 2, running: 2, waiting: 0, succeeded: 0, failed: 0 });
    expect(itemCountsAt(node, live)).toEqual({ total: 2, running: 0, waiting: 0, succeeded: 1, failed: 1 });
  });

  test('of 100,000 events, the log has every line and any moment can be read', () => {
    const events = eventsOf([
      [0, 'NodeStarted', { nodeKey: 'a' }],
      ...Array.from(
        { length: 100_000 },
        (_, n) =>
          [
            n,
            'NodeOutput',
            { nodeKey: 'a', stream: 'STDOUT', text: `line ${n}\n`, truncated: false },
          ] as const,
      ),
    ]);
    const run = makeRunModel();
    applyEvents(run, events);
    expect(run.logs.count).toBe(100_000);
    const counts = [1, 2, 50_001, 100_001].map((sequence) => run.logs.countAt(sequence));
    expect(counts).toEqual([0, 1, 50_000, 100_000]);
  });
});

describe('the timeline', () => {
  test('a pause of hours is folded, and bars keep their share of the width', () => {
    const hour = 3_600_000;
    const run = runOf([
      [0, 'NodeStarted', { nodeKey: 'a' }],
      [1_000, 'NodeRetryScheduled', { nodeKey: 'a', delayMs: hour, error }],
      [hour, 'NodeStarted', { nodeKey: 'a', attempt: 2 }],
      [hour + 1_000, 'NodeSucceeded', { nodeKey: 'a', attempt: 2, handle: 'output', durationMs: 1_000 }],
      [hour + 1_010, 'ExecutionSucceeded'],
    ]);
    const { scale, rows } = layoutTimeline(run, { now: 0, openNodes: new Set(), nodeOrder: [] });
    expect(scale.segments.map(({ isFold }) => isFold)).toEqual([false, true, false]);
    const bars = barsOf(rows[0]!.work, scale);
    expect(bars.map(({ kind, status }) => [kind, status])).toEqual([
      ['attempt', 'FAILED'],
      ['wait', 'WAITING'],
      ['attempt', 'SUCCEEDED'],
    ]);
    expect(bars[0]!.width).toBeGreaterThan(0.4);
    expect(bars[1]!.width).toBeLessThan(0.05);
    expect(bars[2]!.left + bars[2]!.width).toBeLessThanOrEqual(1);
    expect(scale.place(hour + 1_010)).toBeCloseTo(1);
  });

  test('rows are in the order of the version, items follow where they are opened, and only what had begun is there', () => {
    const run = runOf([
      [0, 'NodeStarted', { nodeKey: 'second' }],
      [0, 'NodeStarted', { nodeKey: 'second', item: 1 }],
      [0, 'NodeStarted', { nodeKey: 'second', item: 0 }],
      [1, 'NodeStarted', { nodeKey: 'first' }],
    ]);
    const options = { now: 10, openNodes: new Set(['second']), nodeOrder: ['first', 'second', 'never'] };
    expect(layoutTimeline(run, options).rows.map(({ id }) => id)).toEqual([
      'first',
      'second',
      'second/0',
      'second/1',
    ]);
    expect(layoutTimeline(run, { ...options, sequence: 1 }).rows.map(({ id }) => id)).toEqual(['second']);
  });

  test('the critical path goes back over the source that ended last', () => {
    const run = runOf([
      [0, 'NodeStarted', { nodeKey: 'a' }],
      [0, 'NodeStarted', { nodeKey: 'slow' }],
      [1, 'NodeSucceeded', { nodeKey: 'a', handle: 'output', durationMs: 1 }],
      [9, 'NodeSucceeded', { nodeKey: 'slow', handle: 'output', durationMs: 9 }],
      [9, 'NodeStarted', { nodeKey: 'end' }],
      [10, 'NodeSucceeded', { nodeKey: 'end', handle: 'output', durationMs: 1 }],
    ]);
    const edges = [
      { source: 'a', target: 'end' },
      { source: 'slow', target: 'end' },
    ];
    expect([...criticalPath(run, edges)]).toEqual(['end', 'slow']);
  });
});

describe('what came to a node', () => {
  test('is of the edges that lived, named by handle or by source', () => {
    const run = runOf([
      [0, 'NodeStarted', { nodeKey: 'a' }],
      [1, 'NodeSucceeded', { nodeKey: 'a', handle: 'true', durationMs: 1 }],
      [1, 'NodeStarted', { nodeKey: 'b' }],
      [2, 'NodeFailed', { nodeKey: 'b', error, durationMs: 1 }],
    ]);
    const edge = (
      source: string,
      sourceHandle: string | null,
      target = 'c',
      targetHandle: string | null = null,
    ) => ({ source, sourceHandle, target, targetHandle });
    const edges = [edge('a', 'true'), edge('a', 'false', 'd'), edge('b', 'error'), edge('b', null, 'e')];
    expect(inputParts(run, edges, { key: 'c' }, live)).toEqual([
      { name: 'a', source: 'a', isError: false },
      { name: 'b', source: 'b', isError: true },
    ]);
    expect(inputParts(run, edges, { key: 'd' }, live)).toEqual([]);
    expect(inputParts(run, edges, { key: 'c' }, 1)).toEqual([]);
  });
});

describe('of alternatives', () => {
  const edge = (source: string, targetHandle: string | null = null) => ({
    source,
    target: 'c',
    targetHandle,
  });
  const ends: Record<string, number> = { a: 2, b: 1 };
  const named = (edges: ReturnType<typeof edge>[], join?: 'ANY') =>
    arrivals(edges, join, ({ source }) => ends[source] ?? null).map(({ edge, name }) => [name, edge.source]);

  test('the first to come counts, and with ANY each has the name of its source', () => {
    const edges = [edge('a', 'x'), edge('b', 'x'), edge('gone', 'x')];
    expect(named(edges)).toEqual([['x', 'b']]);
    expect(named(edges, 'ANY')).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    expect(named([edge('a'), edge('b', 'y')])).toEqual([
      ['a', 'a'],
      ['y', 'b'],
    ]);
  });
});

describe('why a node was skipped', () => {
  const dead = (source: string, reason: string, emitted: string | null = null, sourceHandle = 'output') => ({
    source,
    sourceHandle,
    targetHandle: null,
    reason,
    emitted,
  });
  const run = runOf([
    [1, 'NodeSkipped', { nodeKey: 'b', because: [dead('a', 'SOURCE_FAILED')] }],
    [2, 'NodeSkipped', { nodeKey: 'c', because: [dead('b', 'SOURCE_SKIPPED')] }],
    [
      3,
      'NodeSkipped',
      { nodeKey: 'd', because: [dead('c', 'SOURCE_SKIPPED'), dead('s', 'OTHER_HANDLE', 'no', 'yes')] },
    ],
    [4, 'NodeSkipped', { nodeKey: 'e', because: [dead('s', 'OTHER_HANDLE', 'no', 'error')] }],
    [5, 'NodeSkipped', { nodeKey: 'old', because: null }],
  ]);

  test('is said of each edge, with what began it', () => {
    expect(skipReasons(run, 'b')).toEqual([{ source: 'a', verb: 'failed', root: null }]);
    expect(skipReasons(run, 'd')).toEqual([
      { source: 'c', verb: 'was skipped', root: { source: 'a', verb: 'failed', root: null } },
      { source: 's', verb: 'went by “no”', root: null },
    ]);
    expect(skipReasons(run, 'e')).toEqual([{ source: 's', verb: 'did not fail', root: null }]);
  });

  test('is not known of a run of a release before joins, nor of a node that ran', () => {
    expect(skipReasons(run, 'old')).toEqual([]);
    expect(skipReasons(run, 'a')).toEqual([]);
  });
});

describe('a value', () => {
  test('is rows of a tree, those that are open alone, and never more than a thousand of one list', () => {
    const value = { list: Array.from({ length: 5_000 }, (_, n) => n), '<b>': null };
    expect(valueRows(value, (_, depth) => depth < 1).map(({ path }) => path)).toEqual([
      '$',
      '$.list',
      '$["<b>"]',
    ]);
    const all = valueRows(value, () => true);
    expect(all).toHaveLength(1_003);
    expect(all[1]).toMatchObject({ size: 5_000, hidden: 4_000 });
  });

  test('is a table where it is a list of objects', () => {
    expect(tableColumns([{ a: 1 }, { b: 2, a: 3 }])).toEqual(['a', 'b']);
    expect([tableColumns([]), tableColumns([1]), tableColumns([[1]]), tableColumns({})]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  test('the code around a line that failed is that of the version', () => {
    const config = { code: 'a\nb\nc\nd' };
    expect(codeExcerpt(config, 2, 1)).toEqual({ firstLine: 1, line: 2, lines: ['a', 'b', 'c'] });
    expect([codeExcerpt(config, 9), codeExcerpt(config, null), codeExcerpt(null, 1)]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

type Line = readonly [at: number, type: string, fields?: object];

function eventsOf(lines: readonly Line[]): ActivityEvent[] {
  return lines.map(([at, type, fields], index) => ({
    type,
    sequence: index + 1,
    cursor: `c${index + 1}`,
    occurredAt: new Date(at).toISOString(),
    nodeKey: null,
    attempt: 1,
    item: null,
    ...fields,
  })) as ActivityEvent[];
}

function runOf(lines: readonly Line[]): RunModel {
  const run = makeRunModel();
  applyEvents(run, eventsOf(lines));
  return run;
}
