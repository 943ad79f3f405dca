import type { Pool } from 'pg';
import type { Principal, Reach } from '../../auth/principal.ts';
import { fileReferences, isFileId } from '../../files/file-value.ts';
import { reachesSql, reachesWorkflowSql, reachValues } from '../reach.ts';

/** Whether a limited principal reaches rows. Each answer is read anew: workflows are renamed, and executions start. */
export interface Covers {
  reach: Reach;
  /** The name of the principal, where it has started or uploaded something. */
  principalId: string;
  key(key: string): boolean;
  workflow(id: string): Promise<boolean>;
  /** Of these, those that are reached. */
  workflows(ids: readonly string[]): Promise<ReadonlySet<string>>;
  execution(id: string): Promise<boolean>;
  executions(ids: readonly string[]): Promise<ReadonlySet<string>>;
  file(id: string): Promise<boolean>;
  /** Whether all files that a value refers to are reached. */
  filesIn(value: unknown): Promise<boolean>;
}

export function makeCovers(pool: Pool, { id: principalId }: Principal, reach: Reach): Covers {
  async function idsOf(text: string, values: unknown[]): Promise<ReadonlySet<string>> {
    const { rows } = await pool.query<{ id: string }>(text, values);
    return new Set(rows.map(({ id }) => id));
  }
  const workflows = (ids: readonly string[]) => idsOf(WORKFLOWS, [reach.workflowKeys, ids]);
  const executions = (ids: readonly string[]) => idsOf(EXECUTIONS, [...reachValues(reach), ids]);
  const files = (ids: readonly string[]) => idsOf(FILES, [...reachValues(reach), ids, principalId]);

  return {
    reach,
    principalId,
    key: (key) => reach.workflowKeys?.includes(key) ?? true,
    workflows,
    workflow: async (id) => (await workflows([id])).has(id),
    executions,
    execution: async (id) => (await executions([id])).has(id),
    file: async (id) => (await files([id])).has(id),
    async filesIn(value) {
      const ids = [
        ...new Set(
          fileReferences(value)
            .map(({ id }) => id)
            .filter(isFileId),
        ),
      ];
      return ids.length === 0 || (await files(ids)).size === ids.length;
    },
  };
}

const WORKFLOWS = `
  SELECT id FROM workflows AS each WHERE id = ANY ($2) AND ${reachesWorkflowSql('each.id', 1)}`;

const EXECUTIONS = `
  SELECT id FROM executions AS each
  WHERE id = ANY ($5) AND ${reachesSql({ workflowId: 'each.workflow_id', executionId: 'each.id', from: 1 })}`;

/** Those that executions which are reached saved or got, and those that the principal uploaded itself. */
const FILES = `
  SELECT file.id FROM artifacts AS file
  WHERE file.id = ANY ($5) AND (file.uploaded_by = $6 OR EXISTS (
    SELECT FROM executions AS each
    WHERE (each.id = file.execution_id OR each.id IN (
        SELECT used.execution_id FROM artifact_uses AS used WHERE used.artifact_id = file.id))
      AND ${reachesSql({ workflowId: 'each.workflow_id', executionId: 'each.id', from: 1 })}))`;
