/**
 * What nodes ask people. An answer that decides comes with a signal. While the database is away, a call waits for it until
 * its AbortSignal aborts.
 */
export interface Approvals {
  /** The same `tryId` again gives the approval that was opened by it. */
  open(request: ApprovalRequest, signal: AbortSignal): Promise<{ id: string; expiresAt: Date | null }>;
  /**
   * How it stands. Where `isOver`, nobody can decide any more: an open one has timed out. Undefined where it was deleted.
   */
  stateOf(id: string, isOver: boolean, signal: AbortSignal): Promise<ApprovalState | undefined>;
  /** What is wrong with a JSON Schema for a form; null where it is one. */
  formProblem(form: unknown): Promise<string | null>;
}

export interface ApprovalRequest {
  tryId: string;
  executionId: string;
  workflowId: string | null;
  nodeKey: string;
  item: number | null;
  title: string;
  text: string | null;
  /** A JSON Schema of what one enters who approves; null where there is nothing to enter. */
  form: unknown;
  /** How many must approve. */
  required: number;
  timeoutMs: number | null;
}

export interface ApprovalState {
  status: 'OPEN' | 'APPROVED' | 'REJECTED' | 'TIMED_OUT';
  decisions: readonly Decision[];
}

export interface Decision {
  decision: 'APPROVE' | 'REJECT';
  /** Who decided, as the client that sent it names them; null where it names nobody. */
  by: string | null;
  /** Who sent it to the API. */
  principal: string;
  /** What was entered in the form. */
  values: unknown;
  comment: string | null;
  /** ISO 8601. */
  at: string;
}
