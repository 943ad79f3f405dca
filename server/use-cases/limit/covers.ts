import type { Pool } from 'pg';
import { isLimited, type Principal, type Reach } from '../../auth/principal.ts';
import { fileReferences, isFileId } from '../../files/file-value.ts';
import {
  REACH_VALUES,
  reachesSql,
  reachesWorkflowSql,
  reachValues,
  WORKFLOW_REACH_VALUES,
  workflowReachValues,
} from '../reach.ts';
import type { ProjectOf } from './project-of.ts';

/**
 * Whether a principal reaches rows. Beyond the project of a row, which never changes, each answer is read anew: workflows
 * are renamed, and executions start.
 */
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
  /** Of one that the principal has just started. */
  noteExecution(id: string, project: string): void;
  file(id: string): Promise<boolean>;
  /** Whether all files that a value refers to are reached. */
  filesIn(value: unknown): Promise<boolean>;
}

export interface CoversDeps {
  pool: Pool;
  projectOf: { workflows: ProjectOf; executions: ProjectOf };
}

export function makeCovers({ pool, projectOf }: CoversDeps, principal: Principal): Covers {
  const { id: principalId, reach } = principal;
  const { project } = reach;
  const limited = isLimited(reach);
  async function idsOf(text: string, values: unknown[]): Promise<ReadonlySet<string>> {
    const { rows } = await pool.query<{ id: string }>(text, values);
    return new Set(rows.map(({ id }) => id));
  }
  const workflows = (ids: readonly string[]) =>
    limited
      ? idsOf(WORKFLOWS, [...workflowReachValues(reach), ids])
      : projectOf.workflows.within(ids, project);
  const executions = (ids: readonly string[]) =>
    limited ? idsOf(EXECUTIONS, [...reachValues(reach), ids]) : projectOf.executions.within(ids, project);
  const files = (ids: readonly string[]) =>
    limited
      ? idsOf(FILES, [...reachValues(reach), ids, principalId])
      : idsOf(FILES_OF_PROJECT, [project, ids]);

  return {
    reach,
    principalId,
    key: (key) => reach.workflowKeys?.includes(key) ?? true,
    workflows,
    workflow: async (id) => (await workflows([id])).has(id),
    executions,
    noteExecution: projectOf.executions.note,
    execution: async (id) => (await executions([id])).has(id),
    file: async (id) => (await files([id])).has(id),
    async filesIn(value) {
      if (!limited) return true; // An execution gets no file of another project.
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
  SELECT id FROM workflows AS each WHERE id = ANY ($${WORKFLOW_REACH_VALUES + 1}) AND ${reachesWorkflowSql('each.id', 1)}`;

const OF_EXECUTION = {
  project: 'each.project',
  workflowId: 'each.workflow_id',
  executionId: 'each.id',
  from: 1,
};

const EXECUTIONS = `
  SELECT id FROM executions AS each
  WHERE id = ANY ($${REACH_VALUES + 1}) AND ${reachesSql(OF_EXECUTION)}`;

const FILES_OF_PROJECT = 'SELECT id FROM artifacts WHERE id = ANY ($2) AND project = $1';

/** Those that executions which are reached saved or got, and those that the principal uploaded itself. */
const FILES = `
  SELECT file.id FROM artifacts AS file
  WHERE file.id = ANY ($${REACH_VALUES + 1}) AND file.project = $1 AND (file.uploaded_by = $${REACH_VALUES + 2} OR EXISTS (
    SELECT FROM executions AS each
    WHERE (each.id = file.execution_id OR each.id IN (
        SELECT used.execution_id FROM artifact_uses AS used WHERE used.artifact_id = file.id))
      AND ${reachesSql(OF_EXECUTION)}))`;
