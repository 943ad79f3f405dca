import type { Pool } from 'pg';
import { fileReferences, invalidReference, isFileId, MAX_FILES } from './file-value.ts';

/** What is wrong with a reference in an input. */
export interface FileProblem {
  path: string[];
  message: string;
}

/**
 * The ids of the files of a project that a value refers to, or what is wrong with its references.
 * @param giverId the execution that gives the value to another one, which can give no more than it has; null for a client
 */
export async function filesIn(
  pool: Pool,
  value: unknown,
  project: string,
  giverId: string | null,
): Promise<{ ids: string[]; problems: FileProblem[] }> {
  const references = fileReferences(value);
  if (references.length === 0) return { ids: [], problems: [] };
  if (references.length > MAX_FILES) {
    const message = `Expected an input with at most ${MAX_FILES} files, got more.`;
    return { ids: [], problems: [{ path: [], message }] };
  }
  const ids = [...new Set(references.map(({ id }) => id).filter(isFileId))];
  const { rows } = await pool.query<{ id: string }>(KNOWN, [ids, giverId, project]);
  const known = new Set(rows.map((row) => row.id));
  const problems = references.flatMap(({ path, id }) => {
    if (!isFileId(id)) return [{ path, message: invalidReference(id) }];
    const message = `There is no file ${id}: it was never uploaded, or is deleted by now. Upload it again.`;
    return known.has(id) ? [] : [{ path, message }];
  });
  return { ids, problems };
}

/**
 * Part of the statement that inserts an execution: what is in its input, and all that the execution has which it
 * retries, whose outputs it may reuse.
 */
export function insertUsesSql(parameters: { execution: string; files: string; retryOf: string }): string {
  const { execution, files, retryOf } = parameters;
  return `
    INSERT INTO artifact_uses (execution_id, artifact_id)
    SELECT ${execution}::text, file.id FROM (
      SELECT unnest(${files}::text[]) AS id
      UNION SELECT artifact_id FROM artifact_uses WHERE execution_id = ${retryOf}
      UNION SELECT id FROM artifacts WHERE execution_id = ${retryOf}
    ) AS file`;
}

const KNOWN = `
  SELECT id FROM artifacts
  WHERE id = ANY ($1) AND project = $3 AND ($2::text IS NULL OR execution_id = $2 OR EXISTS (
    SELECT FROM artifact_uses WHERE artifact_id = artifacts.id AND artifact_uses.execution_id = $2))`;

/** Lets the execution that started another one use the files of that one, as far as its output refers to files. */
export async function takeOverFiles(pool: Pool, childId: string, output: unknown): Promise<void> {
  if (fileReferences(output).length > 0) await pool.query(TAKE_OVER, [childId]);
}

const TAKE_OVER = `
  INSERT INTO artifact_uses (execution_id, artifact_id)
  SELECT child.parent_id, file.id
  FROM executions AS child, LATERAL (
    SELECT artifact_id AS id FROM artifact_uses WHERE execution_id = child.id
    UNION SELECT id FROM artifacts WHERE execution_id = child.id
  ) AS file
  WHERE child.id = $1 AND child.parent_id IS NOT NULL
  ON CONFLICT DO NOTHING`;
