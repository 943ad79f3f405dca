import type { ExecutionEventBody } from '../journal/event.ts';

/** Why an execution is stopped from outside. `replacedBy`: see ExecutionCanceled. */
export type StopRequest = { kind: 'cancel'; force: boolean; replacedBy: string | null } | { kind: 'release' };

export function executionCanceled(replacedBy: string | null): ExecutionEventBody {
  return { type: 'ExecutionCanceled', ...(replacedBy === null ? {} : { replacedBy }) };
}

/** Why its nodes are stopped where it ends by itself. */
export const EXECUTION_ENDED = null;

/** Whether what runs is stopped because the execution ends, and not for another worker to go on. */
export function endsExecution({ aborted, reason }: AbortSignal): boolean {
  if (!aborted) return false;
  return reason === EXECUTION_ENDED || (reason as Partial<StopRequest> | undefined)?.kind === 'cancel';
}
