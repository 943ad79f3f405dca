import type {
  DeadEdge,
  EventBody,
  ExecutionStatus,
  JournalEvent,
  NodeError,
  NodeEventBody,
  NodeStatus,
  PinnedFrom,
  Signal,
  Wait,
  WatchedEventType,
} from '../journal/event.ts';

/** An execution's state: a pure fold over its journal, and nothing else. */
export interface RunState {
  status: ExecutionStatus;
  nodes: Map<string, NodeRun>;
  /** The nodes that have ended, in order. */
  ended: string[];
  /** The nodes that wait. */
  waiting: Set<string>;
  startedAt: Date | null;
  /** Numbers of the signals that nodes have taken. */
  taken: Set<number>;
}

/** A node, or one item of a `forEach` node. */
export interface NodeRun {
  status: NodeStatus;
  /** Attempts started so far. */
  attempt: number;
  /** Attempts that ended in a failure of their own, which is what a retry policy counts. */
  failures: number;
  /** Attempts whose worker was lost: the node started again without an end. Of a list, while no item was in flight. */
  interruptions: number;
  /** While a retry waits: when it is due, milliseconds of the epoch. */
  retryAt: number | null;
  /** Set from the moment when the node itself waits, until it starts another attempt: it goes on from there. */
  wait: NodeWaitState | null;
  handle: string | null;
  output: unknown;
  error: NodeError | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** Its place among the nodes that have ended, by the journal. */
  endOrder: number | null;
  /** Why it was skipped. */
  because: readonly DeadEdge[] | null;
  /** Of an output that was pinned. */
  pinned: PinnedFrom | null;
  /** Whether it was skipped because whoever started the execution left it out. */
  isLeftOut: boolean;
  items: Map<number, NodeRun>;
}

export interface NodeWaitState extends Wait {
  /** What the node had journalled for itself. */
  data: unknown;
  /** What ended the wait; null while it lasts, and where it ended by itself. */
  signal: Signal | null;
}

export function emptyState(): RunState {
  return {
    status: 'QUEUED',
    nodes: new Map(),
    ended: [],
    waiting: new Set(),
    startedAt: null,
    taken: new Set(),
  };
}

export function fold(state: RunState, events: Iterable<JournalEvent>): RunState {
  for (const event of events) applyEvent(state, event, event.occurredAt);
  return state;
}

/** Applies one event in place. */
export function applyEvent(state: RunState, event: EventBody, at: Date): void {
  switch (event.type) {
    case 'ExecutionQueued':
    case 'NodeOutput':
    case 'NodeProgress':
    case 'NodeEnvironment':
    case 'NetworkRequest':
    case 'NodeNotice':
    case 'ArtifactCreated':
    case 'SecurityViolation':
    case 'SecurityAlert':
      break;
    case 'ExecutionStarted':
      state.status = 'RUNNING';
      state.startedAt = at;
      break;
    case 'ExecutionWaiting':
      state.status = 'WAITING';
      break;
    case 'ExecutionResumed':
      // A limit held it back, and its start is the next event.
      state.status = state.startedAt === null ? 'QUEUED' : 'RUNNING';
      break;
    case 'ExecutionSucceeded':
      state.status = 'SUCCEEDED';
      break;
    case 'ExecutionFailed':
      endExecution(state, 'FAILED', at);
      break;
    case 'ExecutionCanceled':
      endExecution(state, 'CANCELED', at);
      break;
    default:
      applyToNode(runOf(state, event.nodeKey, event.item ?? null), event, at);
      if (event.type === 'NodeResumed' && event.signal !== null) state.taken.add(event.signal.number);
      if (event.item == null) followNode(state, event);
      // An item that ends is progress of its list, so the list is not what ends workers.
      if (event.item != null && (event.type === 'NodeSucceeded' || event.type === 'NodeFailed'))
        runOf(state, event.nodeKey, null).interruptions = 0;
  }
}

function followNode({ nodes, ended, waiting }: RunState, event: NodeStateEvent): void {
  const { nodeKey } = event;
  const run = nodes.get(nodeKey)!;
  if (run.status === 'WAITING') waiting.add(nodeKey);
  else waiting.delete(nodeKey);
  if (isEnd(event) && run.endOrder === null) run.endOrder = ended.push(nodeKey) - 1;
}

function isEnd({ type }: NodeStateEvent): boolean {
  return !['NodeStarted', 'NodeRetryScheduled', 'NodeWaiting', 'NodeResumed'].includes(type);
}

type NodeStateEvent = Exclude<NodeEventBody, { type: WatchedEventType }>;

function applyToNode(run: NodeRun, event: NodeStateEvent, at: Date): void {
  switch (event.type) {
    case 'NodeStarted':
      if (run.status === 'RUNNING' && isBetweenItems(run)) run.interruptions++;
      if (run.wait?.reason === 'FAILURE') beginAgain(run);
      Object.assign(run, { status: 'RUNNING', attempt: event.attempt, retryAt: null, wait: null });
      run.startedAt ??= at;
      break;
    case 'NodeSucceeded':
      Object.assign(run, {
        status: 'SUCCEEDED',
        handle: event.handle,
        output: event.output,
        error: null,
        finishedAt: at,
      });
      break;
    case 'NodeReused':
      Object.assign(run, {
        status: 'REUSED',
        handle: event.handle,
        output: event.output,
        pinned: event.pinned ?? null,
        finishedAt: at,
      });
      break;
    case 'NodeFailed':
      Object.assign(run, { status: 'FAILED', error: event.error, finishedAt: at });
      for (const item of run.items.values()) cancel(item, at);
      break;
    case 'NodeSkipped':
      Object.assign(run, {
        status: 'SKIPPED',
        because: event.because ?? null,
        isLeftOut: event.isLeftOut ?? false,
        finishedAt: at,
      });
      break;
    case 'NodeCanceled':
      cancel(run, at);
      break;
    case 'NodeWaiting': {
      const { reason, until, data } = event;
      Object.assign(run, { status: 'WAITING', wait: { reason, until, data, signal: null } });
      if (event.failure !== undefined)
        Object.assign(run, { error: event.failure, failures: run.failures + 1 });
      break;
    }
    case 'NodeResumed':
      if (run.status === 'RUNNING' && isBetweenItems(run)) run.interruptions++;
      Object.assign(run, { status: 'RUNNING', retryAt: null, wait: { ...run.wait, signal: event.signal } });
      break;
    case 'NodeRetryScheduled':
      // What had waited goes on, unless it failed.
      if (event.error.code !== WORKER_STOPPED) Object.assign(run, { failures: run.failures + 1, wait: null });
      Object.assign(run, { status: 'WAITING', error: event.error, retryAt: at.getTime() + event.delayMs });
      break;
    default:
      event satisfies never;
  }
}

/** After a failure that somebody has mended: what had failed is as new. */
function beginAgain(run: NodeRun): void {
  run.interruptions = 0;
  for (const item of run.items.values()) {
    if (item.status === 'FAILED' || item.status === 'CANCELED')
      Object.assign(item, { status: 'QUEUED', failures: 0, interruptions: 0, wait: null, finishedAt: null });
  }
}

/** A worker that shuts down ends its attempts with this code, which no retry policy counts. */
export const WORKER_STOPPED = 'WORKER_STOPPED';

/** No item of a list is in flight; a node that is no list has none. */
export function isBetweenItems({ items }: NodeRun): boolean {
  return ![...items.values()].some(({ status }) => status === 'RUNNING' || status === 'WAITING');
}

/** What had not ended by then was cancelled with the execution. */
function endExecution(state: RunState, status: 'FAILED' | 'CANCELED', at: Date): void {
  state.status = status;
  state.waiting.clear();
  for (const run of state.nodes.values()) {
    for (const each of [run, ...run.items.values()]) cancel(each, at);
  }
}

function cancel(run: NodeRun, at: Date): void {
  if (run.status === 'RUNNING' || run.status === 'WAITING')
    Object.assign(run, { status: 'CANCELED', finishedAt: at });
}

/** Whether it has an output: its own, or the one that it reuses. */
export function isDone(run: NodeRun | undefined): boolean {
  return run?.status === 'SUCCEEDED' || run?.status === 'REUSED';
}

/** The run of a node or item, made at its first event. */
export function runOf(state: RunState, nodeKey: string, item: number | null): NodeRun {
  const node = getOrMake(state.nodes, nodeKey);
  return item === null ? node : getOrMake(node.items, item);
}

function getOrMake<K>(runs: Map<K, NodeRun>, key: K): NodeRun {
  const run = runs.get(key) ?? newRun();
  runs.set(key, run);
  return run;
}

export function newRun(): NodeRun {
  return {
    status: 'QUEUED',
    attempt: 0,
    failures: 0,
    interruptions: 0,
    retryAt: null,
    wait: null,
    handle: null,
    output: undefined,
    error: null,
    startedAt: null,
    finishedAt: null,
    endOrder: null,
    because: null,
    pinned: null,
    isLeftOut: false,
    items: new Map(),
  };
}
