import type { PythonShape } from '../sandbox/backend.ts';
import type { Severity } from '../shared/severity.ts';

/** Why a node, or the execution that it belongs to, failed. The journal keeps it as clients get it. */
export interface NodeError {
  /** For programs, such as PYTHON_TIMEOUT. */
  code: string;
  /** The class of the exception (`ValueError`), or null where none was raised. */
  type: string | null;
  message: string;
  /** The author's own frames only, with their own line numbers. */
  traceback: string | null;
  line: number | null;
  column: number | null;
  exitCode: number | null;
  /** The last few KiB of what the node wrote to stderr. */
  stderr: string | null;
  nodeKey: string | null;
  /** What the code alone does not say, such as the status of a response; missing in journals of earlier versions. */
  details?: unknown;
  /** Of a list that fails by one of its items: the index of that item. Absent for any other failure. */
  item?: number | null;
  /** Whether another attempt might end differently without a change of the workflow; retry policies go by it. */
  retryable: boolean;
}

/** The attempt of a node that an event belongs to; `item` is the index within a `forEach` node. */
export interface NodeRef {
  nodeKey: string;
  attempt: number;
  item?: number | null;
}

/** A file that a node saved or a client uploaded; its content is kept beside the journal (files/). */
export interface Artifact {
  id: string;
  name: string;
  mimeType: string;
  sizeBytes: number;
  /** Where to download it: a path on every server with the role `api`. */
  url: string;
}

/** A piece of what a node wrote. */
export interface OutputChunk {
  stream: 'STDOUT' | 'STDERR';
  text: string;
  /** Position of the text's first byte in the whole stream. */
  byteOffset: number;
  /** True where what follows this text is left out: the rest of a long line, or all the rest of the stream. */
  truncated: boolean;
  /** Where truncated. */
  code?: 'PYTHON_OUTPUT_LIMIT' | undefined;
  /** Where truncated: which limit it was. */
  message?: string | undefined;
}

export interface Progress {
  current: number;
  total: number | null;
  unit: string | null;
  message: string | null;
  source: 'progress' | 'tqdm';
}

/** How far the packages of a node are. */
export interface EnvironmentChange {
  status: 'RESOLVING' | 'INSTALLING' | 'READY' | 'FAILED';
  packages: readonly string[];
  message: string | null;
}

/** A request that the code of a node sent, once it is over. Without its URL, which may hold secrets. */
export interface SentRequest {
  /** With the port where that is not the usual one. */
  host: string;
  method: string;
  /** Null where no response came. */
  httpStatus: number | null;
  /** Bytes of the bodies as they were sent. */
  sentBytes: number;
  receivedBytes: number;
  durationMs: number;
  /** Why there is no whole response: a code; null where there is one. */
  failureCode: string | null;
}

export interface Violation {
  code: 'PYTHON_SECURITY_ERROR';
  rule: string;
  layer: 'STATIC' | 'RUNTIME' | 'KERNEL';
  message: string;
  /** Lines and columns count from 1. */
  line: number | null;
  column: number | null;
}

/** An edge that gave its target nothing, and why. */
export interface DeadEdge {
  source: string;
  sourceHandle: string;
  /** Null where the edge names none. */
  targetHandle: string | null;
  /** OTHER_HANDLE: the source succeeded, and emitted on another handle than the edge's. */
  reason: 'SOURCE_FAILED' | 'SOURCE_SKIPPED' | 'OTHER_HANDLE';
  /** The handle that the source emitted on; null where it did not succeed. */
  emitted: string | null;
}

/**
 * What a node or an execution waits for. RETRY: the delay before another attempt. DELAY: a moment. ITEMS: an item of the
 * node's list that waits. EXECUTION: the end of an execution that the node started. APPROVAL: what
 * people decide. FAILURE: that somebody mends what made the node fail, or gives up. CONCURRENCY, RATE and DEBOUNCE: a
 * limit of the workflow, before the execution starts.
 */
export const waitReasons = [
  'RETRY',
  'DELAY',
  'ITEMS',
  'EXECUTION',
  'APPROVAL',
  'FAILURE',
  'CONCURRENCY',
  'RATE',
  'DEBOUNCE',
] as const;
export type WaitReason = (typeof waitReasons)[number];

/** Something is waited for, and nothing runs meanwhile. */
export interface Wait {
  reason: WaitReason;
  /** When it ends by itself; null where only a signal ends it. ISO 8601, as the journal keeps it. */
  until: string | null;
}

/** What came from outside for a node that waits. `number` counts the signals of the execution, from 1. */
export interface Signal {
  number: number;
  payload: unknown;
}

/** Where the output of a pinned node is from: an execution, or, where that is null, whoever started this one. */
export interface PinnedFrom {
  executionId: string | null;
}

/** How long the attempt that ends had a cell of the sandbox, milliseconds; only where the execution is traced. */
export interface RanInCell {
  cellMs?: number;
}

export type ExecutionEventBody =
  | { type: 'ExecutionQueued' }
  | { type: 'ExecutionStarted' }
  /** No worker has the execution until the wait ends. */
  | ({ type: 'ExecutionWaiting' } & Wait)
  | { type: 'ExecutionResumed' }
  | { type: 'ExecutionSucceeded'; output: unknown }
  | { type: 'ExecutionFailed'; error: NodeError }
  /** `replacedBy`: by which execution of its limit. */
  | { type: 'ExecutionCanceled'; replacedBy?: string };

export type NodeEventBody = NodeRef &
  /** `shape`: of a node with Python, as far as it was known. */
  (
    | { type: 'NodeStarted'; shape?: PythonShape | null }
    | ({ type: 'NodeSucceeded'; output: unknown; handle: string; durationMs: number } & RanInCell)
    | ({ type: 'NodeFailed'; error: NodeError; durationMs: number } & RanInCell)
    /**
     * `because` is absent in journals of releases before joins, where all edges of the node were dead. `isLeftOut`: whoever
     * started the execution left it out.
     */
    | { type: 'NodeSkipped'; because?: DeadEdge[]; isLeftOut?: true }
    /** An item that was stopped, because its list failed or the execution ended. */
    | { type: 'NodeCanceled' }
    /** `pinned` where it is no retry that reuses it: see PinnedFrom. */
    | { type: 'NodeReused'; output: unknown; handle: string; pinned?: PinnedFrom }
    /** `data` is what the node needs when it goes on. `failure`: of a FAILURE. */
    | ({ type: 'NodeWaiting'; data: unknown; failure?: NodeError } & Wait & RanInCell)
    /** `signal` is null where the wait ended by itself. */
    | { type: 'NodeResumed'; signal: Signal | null }
    | ({ type: 'NodeRetryScheduled'; delayMs: number; error: NodeError } & RanInCell)
    | ({ type: 'NodeOutput' } & OutputChunk)
    | ({ type: 'NodeProgress' } & Progress)
    | ({ type: 'NodeEnvironment' } & EnvironmentChange)
    | ({ type: 'NetworkRequest' } & SentRequest)
    /** For people: no failure, but probably not what the author meant. */
    | { type: 'NodeNotice'; code: string; message: string }
    | { type: 'ArtifactCreated'; artifact: Artifact }
    | { type: 'SecurityViolation'; violation: Violation; severity: Severity; count: number; codeHash: string }
    | { type: 'SecurityAlert'; violations: number; windowSeconds: number }
  );

export type EventBody = ExecutionEventBody | NodeEventBody;
export type EventType = EventBody['type'];

/** An event as it stands in the journal: `sequence` is dense per execution, from 1. */
export type JournalEvent = EventBody & { executionId: string; sequence: number; occurredAt: Date };

/** Whether state is folded from an event, or people watch it; the compiler requires every type here. */
const eventKinds = {
  ExecutionQueued: 'state',
  ExecutionStarted: 'state',
  ExecutionWaiting: 'state',
  ExecutionResumed: 'state',
  ExecutionSucceeded: 'state',
  ExecutionFailed: 'state',
  ExecutionCanceled: 'state',
  NodeStarted: 'state',
  NodeSucceeded: 'state',
  NodeFailed: 'state',
  NodeSkipped: 'state',
  NodeCanceled: 'state',
  NodeReused: 'state',
  NodeWaiting: 'state',
  NodeResumed: 'state',
  NodeRetryScheduled: 'state',
  NodeOutput: 'watched',
  NodeProgress: 'watched',
  NodeEnvironment: 'watched',
  NetworkRequest: 'watched',
  NodeNotice: 'watched',
  ArtifactCreated: 'watched',
  SecurityViolation: 'watched',
  SecurityAlert: 'watched',
} as const satisfies Record<EventType, 'state' | 'watched'>;

export type WatchedEventType = {
  [T in EventType]: (typeof eventKinds)[T] extends 'watched' ? T : never;
}[EventType];

export const eventTypes = Object.keys(eventKinds) as readonly EventType[];
export const stateEventTypes = eventTypes.filter((type) => eventKinds[type] === 'state');

/** The last event of a journal is one of these, and nothing follows it. */
export const terminalEventTypes = ['ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'] as const;

export function isTerminal({ type }: { type: EventType }): boolean {
  return (terminalEventTypes as readonly string[]).includes(type);
}

export const executionStatuses = ['QUEUED', 'RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'CANCELED'] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];

/** Whether an execution with this status is over. */
export function hasEnded(status: string): boolean {
  return ['SUCCEEDED', 'FAILED', 'CANCELED'].includes(status);
}

export const nodeStatuses = [...executionStatuses, 'SKIPPED', 'REUSED'] as const;
export type NodeStatus = (typeof nodeStatuses)[number];
