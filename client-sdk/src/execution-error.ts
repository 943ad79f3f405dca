import { WeftExecutionError } from './errors.ts';
import type { EventOf } from './event.ts';

/** The error of an execution that ended without a result. */
export function executionErrorOf(
  executionId: string,
  event: EventOf<'ExecutionFailed' | 'ExecutionCanceled'>,
): WeftExecutionError {
  if (event.type === 'ExecutionFailed') return new WeftExecutionError(executionId, event.error);
  const by = event.replacedBy === null ? '' : `: execution ${event.replacedBy} took its place`;
  const message = `Execution ${executionId} was canceled${by}.`;
  return new WeftExecutionError(executionId, { code: 'EXECUTION_CANCELED', message });
}
