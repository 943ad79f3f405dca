import { type FindOperator, Raw } from 'typeorm';
import { isLimited, type Reach } from '../auth/principal.ts';

export const REACH_VALUES = 5;

/** The parameters of the conditions below, in their order. Without a reach all rows are reached. */
export function reachValues(reach: Reach | null | undefined): unknown[] {
  const labels = reach?.labels ?? null;
  return [
    ...workflowReachValues(reach),
    reach?.executionId ?? null,
    reach?.startedBy ?? null,
    labels && JSON.stringify(labels),
  ];
}

export const WORKFLOW_REACH_VALUES = 2;

/** Those of the condition on workflows alone. */
export function workflowReachValues(reach: Reach | null | undefined): unknown[] {
  return [reach?.project ?? null, reach?.workflowKeys ?? null];
}

interface Columns {
  project: string;
  workflowId: string;
  executionId: string;
  /** The place of the first of the parameters, which are REACH_VALUES. */
  from: number;
}

/** The condition under which a reach has a row that belongs to an execution. The one place that knows how. */
export function reachesSql({ project, workflowId, executionId, from }: Columns): string {
  return `($${from}::text IS NULL OR ${project} = $${from})
    AND ($${from + 1}::text[] IS NULL OR ${workflowId} IN (SELECT w.id FROM workflows w WHERE w.key = ANY ($${from + 1})))
    AND ($${from + 2}::text IS NULL OR ${executionId} = $${from + 2})
    AND ($${from + 3}::text IS NULL OR EXISTS (
      SELECT FROM executions WHERE executions.id = ${executionId} AND executions.principal = $${from + 3}))
    AND ($${from + 4}::jsonb IS NULL OR EXISTS (
      SELECT FROM executions WHERE executions.id = ${executionId} AND executions.labels @> $${from + 4}::jsonb))`;
}

/** The same for a row that belongs to a workflow, such as a schedule, whose parameters are WORKFLOW_REACH_VALUES. */
export function reachesWorkflowSql(workflowId: string, from: number): string {
  return `($${from}::text IS NULL OR ${workflowId} IN (
    SELECT w.id FROM workflows w
    WHERE w.project = $${from} AND ($${from + 1}::text[] IS NULL OR w.key = ANY ($${from + 1}))))`;
}

/**
 * The same condition for TypeORM, on an entity with the columns `project` and `workflowId`. Without further limits it is
 * no more than the project, by which there are indexes.
 * @param executionId the property that holds the execution
 */
export function whereReached(
  reach: Reach | null | undefined,
  executionId: 'id' | 'executionId',
): { project?: string | FindOperator<string> } {
  if (reach == null) return {};
  if (!isLimited(reach)) return { project: reach.project };
  const parameters = Object.fromEntries(reachValues(reach).map((value, n) => [`reached${n + 1}`, value]));
  const project = Raw((column) => {
    // TypeORM names a column by its property, or as the database does.
    const isQuoted = column.includes('"');
    const named = (property: string, name: string) =>
      column.replace(/project(?="?$)/, isQuoted ? name : property);
    const columns = {
      project: column,
      workflowId: named('workflowId', 'workflow_id'),
      executionId: executionId === 'id' ? named('id', 'id') : named('executionId', 'execution_id'),
    };
    return `(${reachesSql({ ...columns, from: 1 }).replaceAll('$', ':reached')})`;
  }, parameters);
  return { project };
}
