import type { Reach } from '../../auth/principal.ts';
import type { ExecutionStatus, WaitReason } from '../../journal/event.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Labels } from '../labels.ts';

/** What happens to executions that those want to know of who watch all of them. */
export const changeTypes = [
  'EXECUTION_QUEUED',
  'EXECUTION_STARTED',
  'EXECUTION_WAITING',
  'EXECUTION_RESUMED',
  'EXECUTION_SUCCEEDED',
  'EXECUTION_FAILED',
  'EXECUTION_CANCELED',
  'NODE_PARKED',
  'APPROVAL_REQUESTED',
  'APPROVAL_DECIDED',
  'SECURITY_VIOLATION',
  'SECURITY_ALERT',
] as const;
export type ChangeType = (typeof changeTypes)[number];

/** An event of a journal, as the feed of changes has it. */
export interface Change {
  /** Just after it. */
  cursor: string;
  type: ChangeType;
  occurredAt: Date;
  executionId: string;
  /** Its place in the journal of its execution. */
  sequence: number;
  /** What the execution has become; null for a change of another kind. */
  status: ExecutionStatus | null;
  /** Of the execution. */
  project: string;
  workflowId: string | null;
  workflowKey: string | null;
  labels: Labels | null;
  nodeKey: string | null;
  item: number | null;
  /** Of EXECUTION_WAITING. */
  waitReason: WaitReason | null;
  /** Of EXECUTION_FAILED and NODE_PARKED the code of the error, of SECURITY_VIOLATION the rule. */
  code: string | null;
  /** The same for people, at most 1,000 characters. */
  message: string | null;
  /** Of SECURITY_VIOLATION. */
  severity: Severity | null;
  /** Of APPROVAL_DECIDED. */
  decision: 'APPROVE' | 'REJECT' | null;
}

export interface ChangeFilter {
  types?: readonly ChangeType[] | null;
  workflowKeys?: readonly string[] | null;
  executionId?: string | null;
  /** Of executions that have all of them. */
  labels?: Labels | null;
  /** Of whoever asks, where that is not everything. */
  reach?: Reach | null;
}

export interface ChangeBatch {
  changes: Change[];
  /** Where the next read begins. */
  endCursor: string;
  /** Whether the batch reached the end of the feed. */
  caughtUp: boolean;
}
