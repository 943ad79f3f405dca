import type { Pool } from 'pg';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import { refuse } from './refuse.ts';

/** How an input names a workflow: by one of the two. */
export interface WorkflowNames {
  workflowId?: string | null;
  workflowKey?: string | null;
}

/** A workflow by its id or by its key, as the field of an input names it. */
export interface NamedWorkflow {
  field: 'workflowId' | 'workflowKey';
  name: string;
}

export interface VersionToRun {
  workflowId: string;
  number: number;
  definition: WorkflowDraft;
}

export interface FoundVersion extends VersionToRun {
  latestNumber: number;
}

/**
 * A version of a workflow, the latest where `number` is null; null where there is none, or the workflow was deleted. A
 * prepared statement, because every start passes here.
 */
export async function findVersion(
  pool: Pool,
  { field, name }: NamedWorkflow,
  number: number | null,
): Promise<FoundVersion | null> {
  const isId = field === 'workflowId';
  const { rows } = await pool.query<FoundVersion>({
    name: isId ? 'weft-find-version' : 'weft-find-version-by-key',
    text: `
      SELECT w.id AS "workflowId", v.number, w.latest_version AS "latestNumber", v.definition
      FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = coalesce($2, w.latest_version)
      WHERE ${isId ? 'w.id' : 'w.key'} = $1 AND w.deleted_at IS NULL`,
    values: [name, number],
  });
  const row = rows[0];
  return row === undefined ? null : { ...row, definition: fromStored(row.definition) };
}

/** Null where both or none is given. */
export function namedWorkflow({ workflowId, workflowKey }: WorkflowNames): NamedWorkflow | null {
  if ((workflowId == null) === (workflowKey == null)) return null;
  return workflowId == null
    ? { field: 'workflowKey', name: workflowKey! }
    : { field: 'workflowId', name: workflowId };
}

export function refuseUnnamed({ workflowId }: WorkflowNames) {
  const message = `Expected either \`workflowId\` or \`workflowKey\`, got ${workflowId == null ? 'none' : 'both'}.`;
  return refuse('INVALID', 'workflowId', message);
}
