import { type FindOperator, Raw } from 'typeorm';
import type { Reach } from '../auth/principal.ts';

export const REACH_VALUES = 4;

/** The parameters of the conditions below, in their order. */
export function reachValues(reach: Reach | null | undefined): unknown[] {
  const labels = reach?.labels ?? null;
  return [
    reach?.workflowKeys ?? null,
    reach?.executionId ?? null,
    reach?.startedBy ?? null,
    labels && JSON.stringify(labels),
  ];
}

interface Columns {
  workflowId: string;
  executionId: string;
  /** The place of the first of the parameters, which are REACH_VALUES. */
  from: number;
}

/** The condition under which a reach has a row that belongs to an execution. The one place that knows how. */
export function reachesSql({ workflowId, executionId, from }: Columns): string {
  return `${reachesWorkflowSql(workflowId, from)}
    AND ($${from + 1}::text IS NULL OR ${executionId} = $${from + 1})
    AND ($${from + 2}::text IS NULL OR EXISTS (
      SELECT FROM executions WHERE executions.id = ${executionId} AND executions.principal = $${from + 2}))
    AND ($${from + 3}::jsonb IS NULL OR EXISTS (
      SELECT FROM executions WHERE executions.id = ${executionId} AND executions.labels @> $${from + 3}::jsonb))`;
}

/** The same for a row that belongs to a workflow, such as a schedule. */
export function reachesWorkflowSql(workflowId: string, from: number): string {
  return `($${from}::text[] IS NULL OR ${workflowId} IN (SELECT w.id FROM workflows w WHERE w.key = ANY ($${from})))`;
}

/**
 * The same condition for TypeORM, on the column `workflowId` of an entity, together with a workflow that a filter names.
 * @param executionId the property that holds the execution
 */
export function workflowWithin(
  reach: Reach,
  executionId: 'id' | 'executionId',
  workflowId: string | null,
): FindOperator<string> {
  const [keys, only, starter, labels] = reachValues(reach);
  return Raw(
    (column) => {
      // TypeORM names a column by its property, or as the database does.
      const other = column.replace(/workflow(_?)id/i, (_, underscore) =>
        executionId === 'id' ? 'id' : underscore ? 'execution_id' : 'executionId',
      );
      const within = reachesSql({ workflowId: column, executionId: other, from: 1 })
        .replaceAll('$1', ':reachedKeys')
        .replaceAll('$2', ':reachedExecution')
        .replaceAll('$3', ':reachedStarter')
        .replaceAll('$4', ':reachedLabels');
      return `(${within} AND (:reachedWorkflow::text IS NULL OR ${column} = :reachedWorkflow))`;
    },
    {
      reachedKeys: keys,
      reachedExecution: only,
      reachedStarter: starter,
      reachedLabels: labels,
      reachedWorkflow: workflowId,
    },
  );
}
