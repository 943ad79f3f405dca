import type { ActivityEvent, EventOf, ExecutionStatus, NodeFailure } from '@weft/client';
import { defaultLimits, type LogLimits, type LogLines, makeLogLines } from './log-lines.ts';

/**
 * A run as its journal tells it, folded event by event in place. Everything keeps the sequence at which it happened, so
 * that the run as it stood after any event can be read from the same structures (moment.ts): they are append-only and
 * sorted, and a look-up in them is what a checkpoint with a replay would cost at best.
 *
 * What is large is not in it: outputs are read where somebody looks at one, and only the last lines are kept.
 */
export interface RunModel {
  /** The last event, 0 before the first. */
  sequence: number;
  /** Of the last event. */
  cursor: string | null;
  status: ExecutionStatus;
  queuedAt: number | null;
  startedAt: number | null;
  startedSequence: number | null;
  /** The last moment that an event tells of. */
  lastAt: number;
  end: RunEnd | null;
  /** In the order in which they first appear. */
  nodes: Map<string, NodeRun>;
  logs: LogLines;
  /** When something was running: disjoint, in order; the last may be open. */
  activity: { from: number; to: number | null }[];
  /** Attempts that are running now. */
  running: number;
  artifacts: ArtifactRecord[];
  findings: Finding[];
  environments: EnvironmentRecord[];
  notices: Notice[];
  /** The sequences at which something changed its state: where a scrubber stops. */
  steps: number[];
  times: TimeIndex;
}

export interface RunEnd {
  sequence: number;
  at: number;
  status: ExecutionStatus;
  error: NodeFailure | null;
  /** Of the event before it, to read the output by. */
  cursorBefore: string | null;
}

/** One node, or one item of a `forEach` node. */
export interface WorkRun {
  nodeKey: string;
  item: number | null;
  attempts: Attempt[];
  /** It never ran: it was skipped, or took its output from an earlier run. */
  settled: {
    kind: 'SKIPPED' | 'REUSED';
    sequence: number;
    at: number;
    handle: string | null;
    cursorBefore: string | null;
  } | null;
  /** While it waited to try again the run was ended. */
  canceledSequence: number | null;
}

export interface NodeRun extends WorkRun {
  item: null;
  items: Map<number, WorkRun>;
  /** Grows whenever anything of it changes. */
  revision: number;
}

export interface Attempt {
  number: number;
  startSequence: number;
  startAt: number;
  endSequence: number | null;
  endAt: number | null;
  /** LOST: its worker went away and another began it again. */
  outcome: 'SUCCEEDED' | 'FAILED' | 'RETRY' | 'CANCELED' | 'LOST' | null;
  error: NodeFailure | null;
  /** Where it is tried again: how long that waits. */
  retryDelayMs: number | null;
  handle: string | null;
  /** Of the event before its end, to read the output by. */
  cursorBefore: string | null;
  progress: ProgressRecord[];
}

type Sequenced<T> = T & {
  sequence: number;
  at: number;
  nodeKey: string;
  item: number | null;
  attempt: number;
};

export type ProgressRecord = Pick<EventOf<'NodeProgress'>, 'current' | 'total' | 'unit' | 'message'> & {
  sequence: number;
};
export type ArtifactRecord = Sequenced<EventOf<'ArtifactCreated'>['artifact']>;
export type Finding = Sequenced<EventOf<'SecurityViolation'>['violation']>;
export type EnvironmentRecord = Sequenced<
  Pick<EventOf<'NodeEnvironment'>, 'status' | 'packages' | 'message'>
>;
/** Something that a person should know and that is no failure: text that was left out, an alert. */
export type Notice = Sequenced<{ message: string }>;

export function makeRunModel(limits: LogLimits = defaultLimits): RunModel {
  return {
    sequence: 0,
    cursor: null,
    status: 'QUEUED',
    queuedAt: null,
    startedAt: null,
    startedSequence: null,
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
      run.environments.push({
        ...place,
        status: event.status,
        packages: event.packages,
        message: event.message,
      });
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

type StateEvent = Extract<
  NodeEvent,
  {
    type:
      | 'NodeStarted'
      | 'NodeSucceeded'
      | 'NodeFailed'
      | 'NodeRetryScheduled'
      | 'NodeSkipped'
      | 'NodeReused';
  }
>;

function applyState(run: RunModel, event: StateEvent, work: WorkRun, at: number): void {
  const { sequence } = event;
  const cursorBefore = run.cursor;
  switch (event.type) {
    case 'NodeStarted':
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
    case 'NodeSkipped':
      work.settled = { kind: 'SKIPPED', sequence, at, handle: null, cursorBefore };
      break;
    case 'NodeReused':
      work.settled = { kind: 'REUSED', sequence, at, handle: event.handle, cursorBefore };
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
  if (ended === undefined && work.attempts.at(-1)?.outcome === 'RETRY') work.canceledSequence ??= sequence;
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
      revision: 0,
    };
    run.nodes.set(nodeKey, node);
  }
  return node;
}

/** When each event happened: eight bytes an event. */
export interface TimeIndex {
  add(sequence: number, at: number): void;
  /** Of the last event, where there is no such event yet. */
  timeOf(sequence: number): number;
}

function makeTimeIndex(): TimeIndex {
  const times: number[] = [];
  return {
    add(sequence, at) {
      times[sequence - 1] = at;
    },
    timeOf: (sequence) => times[Math.min(sequence, times.length) - 1] ?? 0,
  };
}

let lastText = '';
let lastMoment = 0;

/** Events in quick succession have the same time, and parsing it is most of what a line costs. */
function momentOfText(text: string): number {
  if (text !== lastText) {
    lastText = text;
    lastMoment = Date.parse(text);
  }
  return lastMoment;
}
