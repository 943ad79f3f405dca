import type { PythonPolicy } from '../sandbox/backend.ts';

/** A workflow as its author writes it. A version keeps it unchanged. */
export interface WorkflowDraft {
  name: string;
  description: string | null;
  nodes: NodeDraft[];
  edges: EdgeDraft[];
  /** JSON Schemas of the execution's input and output; null where the author gave none. */
  inputSchema: unknown;
  outputSchema: unknown;
  /** How long an execution may take from its start, milliseconds; null for as long as it does. */
  timeoutMs: number | null;
  /** What a failure that no edge handles means: FAIL, the execution fails. PARK: it waits until somebody resumes it. */
  onFailure: OnFailure;
  /** What the code of its Python nodes may do; null for what the operator grants. */
  pythonPolicy: PythonPolicy | null;
  /** How many of its executions, of one key, are between their admission and their end at once. */
  concurrency: Concurrency | null;
  /** How many of its executions, of one key, are admitted within a time. */
  rate: Rate | null;
  /** Starts of one key that follow each other closely become one execution. */
  debounce: Debounce | null;
  /** Of its executions, 1 to 5, of which 5 goes first; null for 3, or for that of the execution that starts them. */
  priority: number | null;
  /** JSONata over `{ input }` whose value has the labels of its executions; null for none. */
  labels: string | null;
  /** How long its executions that ended are kept; null for what the server's settings say. */
  retention: Retention | null;
}

/** By the status in which they ended; null for what the server's settings say of it. */
export interface Retention {
  succeeded: RetentionRule | null;
  failed: RetentionRule | null;
  canceled: RetentionRule | null;
}

/** Both hold where both are set; null for no limit. */
export interface RetentionRule {
  /** Days from the end. */
  days: number | null;
  /** The ones that began last. */
  count: number | null;
}

/** What a limit counts together: the value of a JSONata expression over `{ input }`; null for the whole workflow. */
interface Keyed {
  key: string | null;
}

export interface Concurrency extends Keyed {
  max: number;
  whenFull: WhenFull;
}

/** QUEUE: it waits. DROP: it is refused. REPLACE: the oldest is cancelled for it. */
export type WhenFull = 'QUEUE' | 'DROP' | 'REPLACE';

export interface Rate extends Keyed {
  max: number;
  perMs: number;
}

export interface Debounce extends Keyed {
  /** It starts so long after the last start. */
  waitMs: number;
  /** And at the latest so long after the first; null for as long as starts follow. */
  maxWaitMs: number | null;
}

export type OnFailure = 'FAIL' | 'PARK';

export interface NodeDraft {
  key: string;
  type: string;
  name: string | null;
  config: unknown;
  position: { x: number; y: number } | null;
  join: Join;
  retry: RetryPolicy | null;
  forEach: ForEach | null;
}

/** What a node with several incoming edges waits for: all of its inputs, or what comes of them (engine/join.ts). */
export type Join = 'ALL' | 'ANY';

/**
 * A definition as the database has it. Those that were saved before nodes had a join mean ANY, before lists had
 * `onItemError` FAIL, before they had `batch` 1, and before workflows had a policy or limits none.
 */
export function fromStored({
  timeoutMs = null,
  onFailure = 'FAIL',
  pythonPolicy = null,
  concurrency = null,
  rate = null,
  debounce = null,
  priority = null,
  labels = null,
  retention = null,
  ...definition
}: StoredDraft): WorkflowDraft {
  const nodes = definition.nodes.map(toCurrentNode);
  const limits = { concurrency, rate, debounce, priority };
  return { ...definition, timeoutMs, onFailure, pythonPolicy, labels, retention, ...limits, nodes };
}

type LaterSetting =
  | 'timeoutMs'
  | 'onFailure'
  | 'pythonPolicy'
  | 'concurrency'
  | 'rate'
  | 'debounce'
  | 'priority'
  | 'labels'
  | 'retention';
type StoredDraft = Omit<WorkflowDraft, LaterSetting | 'nodes'> &
  Partial<Pick<WorkflowDraft, LaterSetting>> & { nodes: readonly StoredNode[] };
type StoredForEach = Omit<ForEach, 'onItemError' | 'batch'> & Partial<ForEach>;
type StoredNode = Omit<NodeDraft, 'join' | 'forEach'> & { join?: Join; forEach: StoredForEach | null };

function toCurrentNode(node: StoredNode): NodeDraft {
  const forEach = node.forEach && { onItemError: 'FAIL' as const, batch: 1, ...node.forEach };
  return { ...node, join: node.join ?? 'ANY', forEach };
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
  /** Delay before the second attempt, milliseconds. */
  initialDelayMs: number;
  /** The factor from one delay to the next. */
  backoffFactor: number;
  maxDelayMs: number;
  /** Error codes worth another attempt; empty for every error that is `retryable`. */
  retryOn: string[];
}

export interface ForEach {
  /** A JSONata expression whose value is the list. */
  items: string;
  /** Items that run at once, 1 to 100. */
  concurrency: number;
  /** Of a node that runs code: how many items may share a sandbox, one after another, 1 to 1000. */
  batch: number;
  onItemError: OnItemError;
}

/**
 * What an item that has failed for good means. FAIL: the node fails at once. SKIP: its output is left out. COLLECT: the
 * output says of each item whether it succeeded, with its output, or its error and input.
 */
export type OnItemError = 'FAIL' | 'SKIP' | 'COLLECT';
