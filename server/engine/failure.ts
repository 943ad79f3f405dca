import type { NodeError } from '../journal/event.ts';
import { NodeFailure } from '../nodes/definition.ts';

/** A failure of the execution itself, of no node. */
export function failure(code: string, message: string, retryable = false): NodeError {
  return { ...new NodeFailure({ code, message, retryable }).error, nodeKey: null };
}
