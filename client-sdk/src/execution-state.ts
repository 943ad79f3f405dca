import type { ExecutionStatus, NodeExecutionStatus } from './_generated_operations.ts';
import type { NodeFailure } from './errors.ts';
import type { EventOf, ExecutionEvent } from './event.ts';

/** How an execution stands, as its events tell. Never changed in place, so that a change is seen by comparing. */
export interface ExecutionState<Output = unknown> {
  /** Null until the first event is here. */
  readonly status: ExecutionStatus | null;
  /** Null until it has SUCCEEDED. */
  readonly output: Output | null;
  /** Why it FAILED. */
  readonly error: NodeFailure | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The nodes that have begun or were skipped, by key. */
  readonly nodes: Readonly<Record<string, NodeState>>;
}

/** How one item of a `forEach` node stands, or a node. */
export interface ItemState<Output = unknown> {
  readonly status: NodeExecutionStatus;
  /** Attempts begun so far. */
  readonly attempt: number;
  /** Null until it has SUCCEEDED or is REUSED. */
  readonly output: Output | null;
  /** Why its last attempt failed. */
  readonly error: NodeFailure | null;
  /** The last that its last attempt told. */
  readonly progress: NodeProgress | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface NodeState<Output = unknown> extends ItemState<Output> {
  /** What its last attempt has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The files that its last attempt has handed out so far. */
  readonly artifacts: readonly Artifact[];
  /** Of a node that runs `forEach`, by index. */
  readonly items: Readonly<Record<number, ItemState>>;
}

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
  error: null,
  progress: null,
  startedAt: null,
  finishedAt: null,
};

export const emptyNode: NodeState = { ...emptyItem, stdout: '', stderr: '', artifacts: [], items: {} };

/** The state after these events, in order. What they leave as it was stays the same object. */
export function afterEvents<Output>(
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
    case 'ExecutionSucceeded':
      Object.assign(state, { status: 'SUCCEEDED', output: event.output, finishedAt: occurredAt });
      break;
    case 'ExecutionFailed':
      Object.assign(state, { status: 'FAILED', error: event.error, finishedAt: occurredAt });
      cancelTheRest(state, occurredAt);
      break;
    case 'ExecutionCanceled':
      Object.assign(state, { status: 'CANCELED', finishedAt: occurredAt });
      cancelTheRest(state, occurredAt);
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
    const handedOut = event.type === 'NodeStarted' ? { stdout: '', stderr: '', artifacts: [] } : {};
    const items = event.type === 'NodeFailed' ? canceledItems(node, occurredAt) : node.items;
    nodes[nodeKey] = { ...node, ...handedOut, ...changesBy(event, node), items };
  } else {
    const before = node.items[item] ?? emptyItem;
    nodes[nodeKey] = {
      ...node,
      items: { ...node.items, [item]: { ...before, ...changesBy(event, before) } },
    };
  }
}

function changesBy(event: ExecutionEvent, before: ItemState): Partial<ItemState> {
  const { occurredAt: finishedAt } = event;
  switch (event.type) {
    case 'NodeStarted':
      return {
        status: 'RUNNING',
        attempt: event.attempt ?? 1,
        progress: null,
        startedAt: before.startedAt ?? event.occurredAt,
      };
    case 'NodeProgress': {
      const { current, total, unit, message } = event;
      return { progress: { current, total, unit, message } };
    }
    case 'NodeSucceeded':
      return { status: 'SUCCEEDED', output: event.output, error: null, finishedAt };
    case 'NodeReused':
      return { status: 'REUSED', output: event.output, finishedAt };
    case 'NodeFailed':
      return { status: 'FAILED', error: event.error, finishedAt };
    case 'NodeSkipped':
      return { status: 'SKIPPED', finishedAt };
    case 'NodeRetryScheduled':
      return { status: 'WAITING', error: event.error };
    default:
      return {};
  }
}

/** What had not ended was cancelled with the execution. */
function cancelTheRest(state: ExecutionState, finishedAt: string): void {
  const nodes = state.nodes as Record<string, NodeState>;
  for (const [key, node] of Object.entries(nodes)) {
    nodes[key] = { ...canceled(node, finishedAt), items: canceledItems(node, finishedAt) };
  }
}

function canceledItems({ items }: NodeState, finishedAt: string): NodeState['items'] {
  return Object.fromEntries(Object.entries(items).map(([item, each]) => [item, canceled(each, finishedAt)]));
}

function canceled<T extends ItemState>(one: T, finishedAt: string): T {
  return one.status === 'RUNNING' || one.status === 'WAITING'
    ? { ...one, status: 'CANCELED', finishedAt }
    : one;
}
