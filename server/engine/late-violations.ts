import type { EventBody, NodeError, NodeRef } from '../journal/event.ts';
import { NodeFailure } from '../nodes/definition.ts';
import type { LateViolation } from './attempt.ts';
import { isDone, type RunState } from './fold.ts';

/**
 * The end of an execution in which code broke the rules after it had sent its result. That result was forged, so the
 * node fails as well: a retry from the failure must not reuse it.
 */
export function lateFailure(
  state: RunState,
  { nodeKey, attempt, item, violation }: LateViolation,
): EventBody[] {
  const error: NodeError = {
    ...new NodeFailure({
      code: violation.code,
      message: `${violation.message} (the code went on after it had sent its result)`,
      line: violation.line,
      column: violation.column,
    }).error,
    nodeKey,
  };
  const failed = (ref: NodeRef): EventBody => ({ type: 'NodeFailed', ...ref, error, durationMs: 0 });
  const list = item == null ? undefined : state.nodes.get(nodeKey);
  return [
    failed({ nodeKey, attempt, item: item ?? null }),
    ...(list !== undefined && isDone(list) ? [failed({ nodeKey, attempt: list.attempt })] : []),
    { type: 'ExecutionFailed', error },
  ];
}
