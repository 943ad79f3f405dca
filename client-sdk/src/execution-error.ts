import { WeftExecutionError } from './errors.ts';
import type { EventOf } from './event.ts';

/** The error of an execution that ended without a result. */
export function executionErrorOf(
  executionId: string,
  event: EventOf<'ExecutionFailed' | 'ExecutionCanceled'>,
): WeftExecutionError {
  if (event.type === 'ExecutionFailed') return new WeftExecutionError(executionId, event.error);
  const message = `Execution ${executionId} was canceled.`;
  return new WeftExecutionError(executionId, { code: 'EXECUTION_CANCELED', message });
}
