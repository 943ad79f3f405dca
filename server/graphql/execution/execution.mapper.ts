import type { RetryPlan } from '../../use-cases/retry.ts';
import type * as workflows from '../../use-cases/types.ts';
import type { Execution, NodeExecution } from './execution.type.ts';

export function toExecution({ retryOf, parent, ...execution }: workflows.Execution): Execution {
  return { ...execution, retryOfId: retryOf, parentNode: parent, durationMs: durationMs(execution) };
}

export function toNodeExecution(nodeExecution: workflows.NodeExecution): NodeExecution {
  return { ...nodeExecution, durationMs: durationMs(nodeExecution) };
}

/** The payload of a mutation whose object is an execution. */
export function toExecutionPayload(outcome: workflows.Outcome<workflows.Execution>) {
  return outcome.ok
    ? { execution: toExecution(outcome.value), userErrors: [] }
    : { execution: null, userErrors: outcome.userErrors };
}

export function toRetryPlan(outcome: workflows.Outcome<RetryPlan>) {
  return outcome.ok
    ? { ...outcome.value, userErrors: [] }
    : { versionNumber: null, nodes: [], userErrors: outcome.userErrors };
}

export function durationMs({
  startedAt,
  finishedAt,
}: {
  startedAt: Date | null;
  finishedAt: Date | null;
}): number | null {
  return startedAt && finishedAt && finishedAt.getTime() - startedAt.getTime();
}
