import type { DeadEdge, ExecutionStatus, NodeError, NodeStatus, PinnedFrom, Wait } from '../journal/event.ts';
import type { ParentNode } from '../nodes/children.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';

export type { Page, PageRequest } from '../db/page.ts';

export interface UserError {
  /** ERROR where none is given. */
  level?: 'ERROR' | 'WARNING';
  code: string;
  /** A dotted path into the input, such as `nodes.2.config.timeoutMs`; null where none fits. */
  field: string | null;
  message: string;
}

/** The result of a use case, or what is wrong with its input. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; userErrors: UserError[] };

export interface Workflow {
  id: string;
  /** The key of its project. */
  project: string;
  key: string;
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
  /** The key of its project. */
  project: string;
  status: ExecutionStatus;
  /** Null for a pythonRun. */
  workflowId: string | null;
  versionNumber: number | null;
  error: NodeError | null;
  /** While its status is WAITING. */
  wait: Wait | null;
  retryOf: string | null;
  /** Where it does not run the whole workflow: the nodes that it starts at and runs to. */
  partial: { from: string[]; to: string[]; pinnedFrom: string | null } | null;
  /** 1 to 5; 5 goes first. */
  priority: number;
  /** What it is found by. */
  labels: Readonly<Record<string, string>>;
  /** The node that started it, where one did. */
  parent: ParentNode | null;
  /** The webhook that started it, where one did. */
  webhookId: string | null;
  /** The schedule that started it, where one did, and the time that it is for. */
  scheduleId: string | null;
  scheduledAt: Date | null;
  /** Who started it. */
  principal: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** The parts that may be large, and are read only on request. */
export interface ExecutionValues {
  input: unknown;
  output: unknown;
}

/** Folded from the journal; one per node, and one per item of a `forEach` node. */
export interface NodeExecution {
  nodeKey: string;
  item: number | null;
  status: NodeStatus;
  /** Attempts started so far. */
  attempt: number;
  output: unknown;
  /** The output handle that it emitted on. */
  handle: string | null;
  error: NodeError | null;
  /** Why it was skipped. */
  because: readonly DeadEdge[] | null;
  /** Where its output was pinned. */
  pinned: PinnedFrom | null;
  /** Whether it was SKIPPED because whoever started the execution left it out. */
  isLeftOut: boolean;
  /** While its status is WAITING. */
  wait: Wait | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}
