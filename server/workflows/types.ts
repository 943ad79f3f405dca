import type { ExecutionStatus, JournalEvent, NodeError, NodeStatus } from '../journal/event.ts';

/** A workflow as it is written by its author and kept, unchanged, in a version. */
export interface WorkflowDraft {
  name: string;
  description: string | null;
  nodes: NodeDraft[];
  edges: EdgeDraft[];
  /** JSON Schemas of the execution's input and output; null where the author gave none. */
  inputSchema: unknown;
  outputSchema: unknown;
}

export interface NodeDraft {
  key: string;
  type: string;
  name: string | null;
  config: unknown;
  position: { x: number; y: number } | null;
  retry: RetryPolicy | null;
  forEach: ForEach | null;
}

export interface EdgeDraft {
  source: string;
  sourceHandle: string | null;
  target: string;
  targetHandle: string | null;
}

export interface RetryPolicy {
  /** Attempts in all, the first included; 1 to 20. */
  maxAttempts: number;
  /** Wait before the second attempt, milliseconds. */
  initialDelayMs: number;
  /** Each further wait is this many times the one before. */
  backoffFactor: number;
  maxDelayMs: number;
  /** Error codes worth another attempt; empty for every retryable error and PYTHON_EXECUTION_ERROR. */
  retryOn: string[];
}

export interface ForEach {
  /** JSONata that gives the list. */
  items: string;
  /** Items under way at once, 1 to 100. */
  concurrency: number;
}

export interface UserError {
  code: string;
  /** A dotted path into the input, such as `nodes.2.config.timeoutMs`; null where none fits. */
  field: string | null;
  message: string;
}

/** The value a use case was asked for, or what is wrong with what it was given. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; userErrors: UserError[] };

export interface Workflow {
  id: string;
  name: string;
  description: string | null;
  latestVersion: WorkflowVersion;
  createdAt: Date;
  updatedAt: Date;
}

export interface WorkflowVersion extends WorkflowDraft {
  workflowId: string;
  number: number;
  createdAt: Date;
}

export interface Execution {
  id: string;
  status: ExecutionStatus;
  /** Null for a pythonRun. */
  workflowId: string | null;
  versionNumber: number | null;
  input: unknown;
  output: unknown;
  error: NodeError | null;
  retryOf: string | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** Folded from the journal; one per node, and one per item of a `forEach` node. */
export interface NodeExecution {
  nodeKey: string;
  item: number | null;
  status: NodeStatus;
  /** Attempts begun so far. */
  attempt: number;
  output: unknown;
  error: NodeError | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface Page<T> {
  items: T[];
  hasNextPage: boolean;
}

export interface EventBatch {
  events: JournalEvent[];
  /** Just after the last event that was looked at, whether the filter let it through or not. */
  endSequence: number;
  /** True when the journal held nothing more at that moment. */
  caughtUp: boolean;
}
