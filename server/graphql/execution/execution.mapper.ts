import type { ExecutionExport } from '../../workflows/export.ts';
import type * as workflows from '../../workflows/types.ts';
import type { Execution, NodeExecution } from './execution.type.ts';

export function toExecution({ retryOf, ...execution }: workflows.Execution): Execution {
  return { ...execution, retryOfId: retryOf, durationMs: durationMs(execution) };
}

export function toNodeExecution(nodeExecution: workflows.NodeExecution): NodeExecution {
  return { ...nodeExecution, durationMs: durationMs(nodeExecution) };
}

/** With the execution and its events as all other operations give them. */
export function toExport(whole: ExecutionExport | null): object | null {
  if (whole === null) return null;
  const { retryOf, ...execution } = whole.execution;
  return {
    ...whole,
    execution: { ...execution, retryOfId: retryOf, durationMs: durationMs(execution) },
    events: whole.events.map(({ executionId: _, ...event }) => event),
  };
}

/** The payload of a mutation whose object is an execution. */
export function toExecutionPayload(outcome: workflows.Outcome<workflows.Execution>) {
  return outcome.ok
    ? { execution: toExecution(outcome.value), userErrors: [] }
    : { execution: null, userErrors: outcome.userErrors };
}

function durationMs({
  startedAt,
  finishedAt,
}: {
  startedAt: Date | null;
  finishedAt: Date | null;
}): number | null {
  return startedAt && finishedAt && finishedAt.getTime() - startedAt.getTime();
}
