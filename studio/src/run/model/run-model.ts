import type { ActivityEvent, ExecutionStatus, NodeFailure } from '@weft/client';
import { describeStage } from './installing.ts';
import { defaultLimits, type LogLimits, makeLogLines } from './log-lines.ts';
import { isWaiting } from './moment.ts';
import type { Attempt, EnvironmentRecord, NodeRun, ProgressRecord, RunModel, WorkRun } from './records.ts';
import { requestLine } from './request-line.ts';
import { makeTimeIndex, momentOfText } from './time-index.ts';

export function makeRunModel(limits: LogLimits = defaultLimits): RunModel {
  return {
    sequence: 0,
    cursor: null,
    status: 'QUEUED',
    queuedAt: null,
    startedAt: null,
    startedSequence: null,
    pauses: [],
    lastAt: 0,
    end: null,
    nodes: new Map(),
    logs: makeLogLines(limits),
    activity: [],
    running: 0,
    artifacts: [],
    findings: [],
    environments: [],
    notices: [],
    steps: [],
    times: makeTimeIndex(),
  };
}

/** Events that were seen already are passed over. Types that are not known yet change nothing. */
export function applyEvents(run: RunModel, events: readonly ActivityEvent[]): void {
  for (const event of events) {
    if (event.sequence <= run.sequence) continue;
    const at = momentOfText(event.occurredAt);
    run.times.add(event.sequence, at);
    run.lastAt = Math.max(run.lastAt, at);
    applyEvent(run, event, at);
    run.sequence = event.sequence;
    run.cursor = event.cursor;
  }
}

function applyEvent(run: RunModel, event: ActivityEvent, at: number): void {
  const { sequence } = event;
  switch (event.type) {
    case 'ExecutionQueued':
      run.queuedAt = at;
      break;
    case 'ExecutionStarted':
      run.status = 'RUNNING';
      run.startedAt ??= at;
      run.startedSequence ??= sequence;
      break;
    case 'ExecutionWaiting': {
      const { reason, until } = event;
      run.status = 'WAITING';
      run.pauses.push({ fromSequence: sequence, toSequence: null, reason, until });
      break;
    }
    case 'ExecutionResumed':
      run.status = 'RUNNING';
      Object.assign(run.pauses.at(-1) ?? {}, { toSequence: sequence });
      break;
    case 'ExecutionSucceeded':
      endRun(run, 'SUCCEEDED', sequence, at, null);
      break;
    case 'ExecutionFailed':
      endRun(run, 'FAILED', sequence, at, event.error);
      break;
    case 'ExecutionCanceled':
      endRun(run, 'CANCELED', sequence, at, null);
      break;
    default:
      if (event.nodeKey !== null) applyToNode(run, event, event.nodeKey, at);
      return;
  }
  run.steps.push(sequence);
}

type NodeEvent = Exclude<
  ActivityEvent,
  {
    type:
      | 'ExecutionQueued'
      | 'ExecutionStarted'
      | 'ExecutionWaiting'
      | 'ExecutionResumed'
      | 'ExecutionSucceeded'
      | 'ExecutionFailed'
      | 'ExecutionCanceled';
  }
>;

function applyToNode(run: RunModel, event: NodeEvent, nodeKey: string, at: number): void {
  const { sequence, item } = event;
  const attempt = event.attempt ?? 1;
  const place = { sequence, at, nodeKey, item, attempt };
  switch (event.type) {
    case 'NodeOutput': {
      const { stream, text, truncated, message } = event;
      run.logs.append({ sequence, cursorBefore: run.cursor, nodeKey, item, attempt, stream, text });
      if (truncated) run.notices.push({ ...place, message: message ?? 'What follows was left out.' });
      return;
    }
    case 'NodeProgress': {
      const { current, total, unit, message } = event;
      const last = workOf(run, nodeKey, item).attempts.at(-1);
      if (last !== undefined) addProgress(last.progress, { sequence, current, total, unit, message });
      break;
    }
    case 'NodeEnvironment':
      addStage(run, { ...place, status: event.status, packages: event.packages, message: event.message });
      break;
    case 'NetworkRequest':
      run.logs.append({ ...place, cursorBefore: run.cursor, stream: 'REQUESTS', text: requestLine(event) });
      break;
    case 'NodeNotice':
      run.notices.push({ ...place, message: event.message ?? event.code ?? '' });
      break;
    case 'ArtifactCreated':
      run.artifacts.push({ ...place, ...event.artifact });
      break;
    case 'SecurityViolation':
      run.findings.push({ ...place, ...event.violation });
      break;
    case 'SecurityAlert':
      run.notices.push({
        ...place,
        message: `${event.violations} security violations within ${event.windowSeconds} s.`,
      });
      break;
    case 'NodeStarted':
    case 'NodeSucceeded':
    case 'NodeFailed':
    case 'NodeRetryScheduled':
    case 'NodeWaiting':
    case 'NodeResumed':
    case 'NodeCanceled':
    case 'NodeSkipped':
    case 'NodeReused':
      applyState(run, event, workOf(run, nodeKey, item), at);
      run.steps.push(sequence);
      break;
    default:
      event satisfies never; // A newer server may have more types than this page knows.
      return;
  }
  nodeOf(run, nodeKey).revision += 1;
}

/** Packages that were there already make no stage: nobody waited for them. */
function addStage(run: RunModel, stage: Omit<EnvironmentRecord, 'requested' | 'line'>): void {
  const { sequence, nodeKey, item, attempt } = stage;
  const { stages } = nodeOf(run, nodeKey);
  const before = stages.findLast((each) => each.item === item && each.attempt === attempt);
  const record = { ...stage, ...describeStage(stage, before) };
  run.environments.push(record);
  if (record.line === null) return;
  stages.push(record);
  run.logs.append({ ...packagesLine(record), cursorBefore: run.cursor, sequence });
}

/** A stage as a piece of the log. */
export function packagesLine({ nodeKey, item, attempt, line }: EnvironmentRecord) {
  return { nodeKey, item, attempt, stream: 'PACKAGES', text: `${line}\n` } as const;
}

type StateEvent = Extract<
  NodeEvent,
  {
    type:
      | 'NodeStarted'
      | 'NodeSucceeded'
      | 'NodeFailed'
      | 'NodeRetryScheduled'
      | 'NodeWaiting'
      | 'NodeResumed'
      | 'NodeCanceled'
      | 'NodeSkipped'
      | 'NodeReused';
  }
>;

function applyState(run: RunModel, event: StateEvent, work: WorkRun, at: number): void {
  const { sequence } = event;
  const cursorBefore = run.cursor;
  switch (event.type) {
    case 'NodeStarted':
    case 'NodeResumed':
      endAttempt(run, work, 'LOST', sequence, at);
      work.attempts.push(newAttempt(event.attempt ?? 1, sequence, at));
      begin(run, at);
      break;
    case 'NodeSucceeded':
      Object.assign(endAttempt(run, work, 'SUCCEEDED', sequence, at) ?? {}, {
        handle: event.handle,
        cursorBefore,
      });
      break;
    case 'NodeFailed':
      Object.assign(endAttempt(run, work, 'FAILED', sequence, at) ?? {}, {
        error: event.error,
        handle: 'error',
      });
      if (work.item === null)
        for (const item of nodeOf(run, work.nodeKey).items.values()) cancel(run, item, sequence, at);
      break;
    case 'NodeRetryScheduled': {
      const { error, delayMs } = event;
      Object.assign(endAttempt(run, work, 'RETRY', sequence, at) ?? {}, { error, retryDelayMs: delayMs });
      break;
    }
    case 'NodeWaiting': {
      const { reason, until, failure = null } = event;
      const ended = endAttempt(run, work, 'WAIT', sequence, at);
      Object.assign(ended ?? {}, { wait: { reason, until }, error: failure });
      break;
    }
    case 'NodeCanceled':
      cancel(run, work, sequence, at);
      break;
    case 'NodeSkipped':
      work.settled = {
        kind: 'SKIPPED',
        sequence,
        at,
        handle: null,
        cursorBefore,
        because: event.because ?? [],
        isLeftOut: event.isLeftOut ?? false,
        pinned: null,
      };
      break;
    case 'NodeReused':
      work.settled = {
        kind: 'REUSED',
        sequence,
        at,
        handle: event.handle,
        cursorBefore,
        because: [],
        isLeftOut: false,
        pinned: event.pinned ?? null,
      };
      break;
    default:
      event satisfies never;
  }
}

function endRun(
  run: RunModel,
  status: ExecutionStatus,
  sequence: number,
  at: number,
  error: NodeFailure | null,
): void {
  run.status = status;
  run.end = { sequence, at, status, error, cursorBefore: run.cursor };
  for (const node of run.nodes.values()) {
    for (const item of node.items.values()) cancel(run, item, sequence, at);
    cancel(run, node, sequence, at);
    node.revision += 1;
  }
}

/** What had not ended was cancelled with the node or the run around it. */
function cancel(run: RunModel, work: WorkRun, sequence: number, at: number): void {
  const ended = endAttempt(run, work, 'CANCELED', sequence, at);
  if (ended === undefined && isWaiting(work.attempts.at(-1))) work.canceledSequence ??= sequence;
}

/** A failure without a start, such as of a wrong configuration, is an attempt that took no time. */
function endAttempt(
  run: RunModel,
  work: WorkRun,
  outcome: NonNullable<Attempt['outcome']>,
  sequence: number,
  at: number,
): Attempt | undefined {
  let last = work.attempts.at(-1);
  if (last === undefined || last.endSequence !== null) {
    if (outcome === 'LOST' || outcome === 'CANCELED') return undefined;
    last = newAttempt((last?.number ?? 0) + 1, sequence, at);
    work.attempts.push(last);
    begin(run, at);
  }
  Object.assign(last, { outcome, endSequence: sequence, endAt: at });
  run.running -= 1;
  if (run.running === 0) run.activity.at(-1)!.to = at;
  return last;
}

function begin(run: RunModel, at: number): void {
  run.running += 1;
  if (run.running > 1) return;
  const last = run.activity.at(-1);
  if (last !== undefined && last.to !== null && at <= last.to) last.to = null;
  else run.activity.push({ from: at, to: null });
}

function newAttempt(number: number, startSequence: number, startAt: number): Attempt {
  return {
    number,
    startSequence,
    startAt,
    endSequence: null,
    endAt: null,
    outcome: null,
    error: null,
    retryDelayMs: null,
    wait: null,
    handle: null,
    cursorBefore: null,
    progress: [],
  };
}

/** Enough for a bar that moves evenly; past that every other one goes, the last stays. */
const maxProgress = 200;

function addProgress(records: ProgressRecord[], record: ProgressRecord): void {
  records.push(record);
  if (records.length <= maxProgress) return;
  const kept = records.filter((_, index) => index % 2 === 1 || index === records.length - 1);
  records.splice(0, records.length, ...kept);
}

export function workOf(run: RunModel, nodeKey: string, item: number | null): WorkRun {
  const node = nodeOf(run, nodeKey);
  if (item === null) return node;
  let work = node.items.get(item);
  if (work === undefined) {
    work = { nodeKey, item, attempts: [], settled: null, canceledSequence: null };
    node.items.set(item, work);
  }
  return work;
}

function nodeOf(run: RunModel, nodeKey: string): NodeRun {
  let node = run.nodes.get(nodeKey);
  if (node === undefined) {
    node = {
      nodeKey,
      item: null,
      attempts: [],
      settled: null,
      canceledSequence: null,
      items: new Map(),
      stages: [],
      revision: 0,
    };
    run.nodes.set(nodeKey, node);
  }
  return node;
}
