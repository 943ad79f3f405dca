import type { Pool } from 'pg';
import { DEFAULT_PROJECT } from '../auth/principal.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import { refuse } from './refuse.ts';

/** How an input names a workflow: by one of the two. */
export interface WorkflowNames {
  workflowId?: string | null;
  workflowKey?: string | null;
}

/** A workflow of a project by its id or by its key, as the field of an input names it. */
export type NamedWorkflow =
  | { field: 'workflowKey'; name: string; project: string }
  /** Null where the id itself is known to be right. */
  | { field: 'workflowId'; name: string; project: string | null };

export interface VersionToRun {
  workflowId: string;
  number: number;
  definition: WorkflowDraft;
}

export interface FoundVersion extends VersionToRun {
  latestNumber: number;
  project: string;
}

/**
 * A version of a workflow, the latest where `number` is null; null where there is none, or the workflow was deleted. A
 * prepared statement, because every start passes here.
 */
export async function findVersion(
  pool: Pool,
  { field, name, project }: NamedWorkflow,
  number: number | null,
): Promise<FoundVersion | null> {
  const isId = field === 'workflowId';
  const { rows } = await pool.query<FoundVersion>({
    name: isId ? 'weft-find-version' : 'weft-find-version-by-key',
    text: `
      SELECT w.id AS "workflowId", v.number, w.latest_version AS "latestNumber", v.definition, w.project
      FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = coalesce($2, w.latest_version)
      WHERE ${isId ? 'w.id = $1 AND ($3::text IS NULL OR w.project = $3)' : 'w.key = $1 AND w.project = $3'}
        AND w.deleted_at IS NULL`,
    values: [name, number, project],
  });
  const row = rows[0];
  return row === undefined ? null : { ...row, definition: fromStored(row.definition) };
}

/** Null where both or none is given. */
export function namedWorkflow(
  { workflowId, workflowKey }: WorkflowNames,
  project: string | null,
): NamedWorkflow | null {
  if ((workflowId == null) === (workflowKey == null)) return null;
  return workflowId == null
    ? { field: 'workflowKey', name: workflowKey!, project: project ?? DEFAULT_PROJECT }
    : { field: 'workflowId', name: workflowId, project };
}

/** By an id that a row has. */
export function workflowOfRow(workflowId: string): NamedWorkflow {
  return { field: 'workflowId', name: workflowId, project: null };
}

export function refuseUnnamed({ workflowId }: WorkflowNames) {
  const message = `Expected either \`workflowId\` or \`workflowKey\`, got ${workflowId == null ? 'none' : 'both'}.`;
  return refuse('INVALID', 'workflowId', message);
}
