import type { ExecutionStatus, NodeExecutionStatus } from './_generated_operations.ts';
import type { NodeFailure } from './errors.ts';
import type { DeadEdge, EventOf, ExecutionEvent } from './event.ts';

/** The state of an execution, folded from its events. Immutable, so that comparing objects shows a change. */
export interface ExecutionState<Output = unknown> {
  /** Null until the first event has arrived. */
  readonly status: ExecutionStatus | null;
  /** Null until the status is SUCCEEDED. */
  readonly output: Output | null;
  /** Why the execution FAILED. */
  readonly error: NodeFailure | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The nodes that have started or were skipped, by key. */
  readonly nodes: Readonly<Record<string, NodeState>>;
}

/** The state of a node, or of one item of a `forEach` node. */
export interface ItemState<Output = unknown> {
  readonly status: NodeExecutionStatus;
  /** Attempts started so far. */
  readonly attempt: number;
  /** Null until the status is SUCCEEDED or REUSED. */
  readonly output: Output | null;
  /** The output handle that it emitted on, with its output. */
  readonly handle: string | null;
  /** Why the last attempt failed. */
  readonly error: NodeFailure | null;
  /** The edges by which nothing came, where it was SKIPPED. Null otherwise. */
  readonly because: readonly DeadEdge[] | null;
  /** Where its output is from, where that was pinned: an execution, or, where that is null, whoever started the run. */
  readonly pinned: { readonly executionId: string | null } | null;
  /** Whether it was SKIPPED because whoever started the run left it out. */
  readonly isLeftOut: boolean;
  /** What it waits for, while the status is WAITING. */
  readonly wait: Wait | null;
  /** The latest report of the last attempt. */
  readonly progress: NodeProgress | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface NodeState<Output = unknown> extends ItemState<Output> {
  /** What the last attempt has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The files that the last attempt has saved so far. */
  readonly artifacts: readonly Artifact[];
  /** The items of a `forEach` node, by index. */
  readonly items: Readonly<Record<number, ItemState>>;
}

/** `until`: when the wait ends by itself; null where only something from outside ends it. */
export type Wait = Pick<EventOf<'NodeWaiting'>, 'reason' | 'until'>;

export type Artifact = EventOf<'ArtifactCreated'>['artifact'];

export type NodeProgress = Pick<EventOf<'NodeProgress'>, 'current' | 'total' | 'unit' | 'message'>;

export const emptyState: ExecutionState = {
  status: null,
  output: null,
  error: null,
  startedAt: null,
  finishedAt: null,
  nodes: {},
};

const emptyItem: ItemState = {
  status: 'QUEUED',
  attempt: 0,
  output: null,
  handle: null,
  error: null,
  because: null,
  pinned: null,
  isLeftOut: false,
  wait: null,
  progress: null,
  startedAt: null,
  finishedAt: null,
};

export const emptyNode: NodeState = { ...emptyItem, stdout: '', stderr: '', artifacts: [], items: {} };

/** The state after these events, in order. What the events do not change stays the same object. */
export function applyEvents<Output>(
  state: ExecutionState<Output>,
  events: readonly ExecutionEvent[],
): ExecutionState<Output> {
  const next = { ...state, nodes: { ...state.nodes } };
  for (const event of events) applyEvent(next, event);
  return next;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function applyEvent(state: Writable<ExecutionState>, event: ExecutionEvent): void {
  const { occurredAt } = event;
  switch (event.type) {
    case 'ExecutionQueued':
      state.status = 'QUEUED';
      break;
    case 'ExecutionStarted':
      Object.assign(state, { status: 'RUNNING', startedAt: occurredAt });
      break;
    case 'ExecutionWaiting':
      state.status = 'WAITING';
      break;
    case 'ExecutionResumed':
      // A limit held it back, and its start is the next event.
      state.status = state.startedAt === null ? 'QUEUED' : 'RUNNING';
      break;
    case 'ExecutionSucceeded':
      Object.assign(state, { status: 'SUCCEEDED', output: event.output, finishedAt: occurredAt });
      break;
    case 'ExecutionFailed':
      Object.assign(state, { status: 'FAILED', error: event.error, finishedAt: occurredAt });
      cancelUnfinished(state, occurredAt);
      break;
    case 'ExecutionCanceled':
      Object.assign(state, { status: 'CANCELED', finishedAt: occurredAt });
      cancelUnfinished(state, occurredAt);
      break;
    default:
      applyToNode(state.nodes as Record<string, NodeState>, event);
  }
}

function applyToNode(nodes: Record<string, NodeState>, event: ExecutionEvent): void {
  const { nodeKey, item, occurredAt } = event;
  if (nodeKey === null) return;
  const node = nodes[nodeKey] ?? emptyNode;
  if (event.type === 'NodeOutput') {
    const stream = event.stream === 'STDOUT' ? 'stdout' : 'stderr';
    nodes[nodeKey] = { ...node, [stream]: node[stream] + event.text };
  } else if (event.type === 'ArtifactCreated') {
    nodes[nodeKey] = { ...node, artifacts: [...node.artifacts, event.artifact] };
  } else if (item === null) {
    const reset = event.type === 'NodeStarted' ? { stdout: '', stderr: '', artifacts: [] } : {};
    const items = event.type === 'NodeFailed' ? canceledItems(node, occurredAt) : node.items;
    nodes[nodeKey] = { ...node, ...reset, ...itemChanges(event, node), items };
  } else {
    const before = node.items[item] ?? emptyItem;
    nodes[nodeKey] = {
      ...node,
      items: { ...node.items, [item]: { ...before, ...itemChanges(event, before) } },
    };
  }
}

function itemChanges(event: ExecutionEvent, before: ItemState): Partial<ItemState> {
  const ended = { finishedAt: event.occurredAt, wait: null };
  switch (event.type) {
    case 'NodeStarted':
      return {
        status: 'RUNNING',
        attempt: event.attempt ?? 1,
        progress: null,
        wait: null,
        startedAt: before.startedAt ?? event.occurredAt,
      };
    case 'NodeResumed':
      return { status: 'RUNNING', wait: null };
    case 'NodeWaiting':
      return {
        status: 'WAITING',
        wait: { reason: event.reason, until: event.until },
        ...(event.failure && { error: event.failure }),
      };
    case 'NodeProgress': {
      const { current, total, unit, message } = event;
      return { progress: { current, total, unit, message } };
    }
    case 'NodeSucceeded':
      return { status: 'SUCCEEDED', output: event.output, handle: event.handle, error: null, ...ended };
    case 'NodeReused':
      return {
        status: 'REUSED',
        output: event.output,
        handle: event.handle,
        pinned: event.pinned ?? null,
        ...ended,
      };
    case 'NodeFailed':
      return { status: 'FAILED', error: event.error, ...ended };
    case 'NodeCanceled':
      return { status: 'CANCELED', ...ended };
    case 'NodeSkipped':
      return {
        status: 'SKIPPED',
        because: event.because ?? null,
        isLeftOut: event.isLeftOut ?? false,
        ...ended,
      };
    case 'NodeRetryScheduled':
      return { status: 'WAITING', error: event.error, wait: retryWait(event) };
    default:
      return {};
  }
}

function retryWait({ occurredAt, delayMs }: EventOf<'NodeRetryScheduled'>): Wait {
  return { reason: 'RETRY', until: new Date(Date.parse(occurredAt) + delayMs).toISOString() };
}

/** Nodes and items that had not ended were canceled with the execution. */
function cancelUnfinished(state: ExecutionState, finishedAt: string): void {
  const nodes = state.nodes as Record<string, NodeState>;
  for (const [key, node] of Object.entries(nodes)) {
    nodes[key] = { ...canceled(node, finishedAt), items: canceledItems(node, finishedAt) };
  }
}

function canceledItems({ items }: NodeState, finishedAt: string): NodeState['items'] {
  return Object.fromEntries(Object.entries(items).map(([item, each]) => [item, canceled(each, finishedAt)]));
}

function canceled<T extends ItemState>(state: T, finishedAt: string): T {
  return state.status === 'RUNNING' || state.status === 'WAITING'
    ? { ...state, status: 'CANCELED', wait: null, finishedAt }
    : state;
}
