import type { NodeError } from '../journal/event.ts';
import type { GivenTrace } from '../shared/trace-context.ts';

/**
 * Executions that nodes start. What a node waits for ends with a signal, whose payload is no more than a hint. While the
 * database is away, a call waits for it until its AbortSignal aborts.
 */
export interface Children {
  /** The same `key` again gives the execution that was started by it. */
  start(request: ChildRequest, signal: AbortSignal): Promise<ChildStart>;
  /** Null where there is no such execution any more. */
  outcome(executionId: string, signal: AbortSignal): Promise<ChildOutcome | null>;
  /** What is wrong with the name of a workflow, or of a version of it; null where that can be started in this project. */
  problem(
    workflow: string,
    version: number | null,
    project: string,
  ): Promise<{ field: string; message: string } | null>;
}

export interface ChildRequest {
  /** A key or an id. */
  workflow: string;
  /** The latest where it is null. */
  version: number | null;
  input: unknown;
  parent: ParentNode;
  /** Whether the child is cancelled with its parent, and signals its end. */
  isAwaited: boolean;
  key: string;
  /** The span of the attempt that starts it; null where there are no traces. */
  trace: GivenTrace | null;
}

/** The node, or item of one, that an execution was started by. */
export interface ParentNode {
  executionId: string;
  nodeKey: string;
  item: number | null;
}

export type ChildStart = { ok: true; executionId: string } | { ok: false; code: string; message: string };

export interface ChildOutcome {
  status: string;
  output: unknown;
  error: NodeError | null;
}
