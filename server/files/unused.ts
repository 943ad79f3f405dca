import type { Pool } from 'pg';
import { isDangling } from '../db/errors.ts';

/** Where content is that is not in the row of its file. */
export type KeptIn = 'DATABASE' | 'STORE';

/** Of what is deleted in one statement. */
export const BATCH = 100;

/** Deletes files of no execution, which are older than so many milliseconds. Resolves to their number, at most BATCH. */
export async function deleteUnused(pool: Pool, uploadMs: number): Promise<number> {
  try {
    return (await pool.query(DELETE_UNUSED, [uploadMs, BATCH])).rowCount ?? 0;
  } catch (error) {
    // An execution began to use one of them at this moment: the next sweep takes the others.
    if (isDangling(error)) return 0;
    throw error;
  }
}

/** Content that no file has, in the order of ids. */
export async function oldLeftovers(
  pool: Pool,
  { olderThanMs, after }: { olderThanMs: number; after: string },
): Promise<{ id: string; keptIn: KeptIn }[]> {
  const { rows } = await pool.query<{ id: string; keptIn: KeptIn }>(OLD_LEFTOVERS, [
    olderThanMs,
    BATCH,
    after,
  ]);
  return rows;
}

/**
 * Files of no execution: uploads whose time is over, and those whose execution was deleted. A use that is committed
 * meanwhile fails the statement by its foreign key. Content outside of rows becomes a leftover that is old already.
 */
const DELETE_UNUSED = `
  WITH unused AS (
    SELECT id FROM artifacts
    WHERE execution_id IS NULL AND created_at < now() - $1 * interval '1 ms'
      AND NOT EXISTS (SELECT FROM artifact_uses WHERE artifact_id = artifacts.id)
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM artifacts USING unused WHERE artifacts.id = unused.id RETURNING artifacts.id, kept_in
  ), left_over AS (
    INSERT INTO artifact_leftovers (artifact_id, kept_in, since)
    SELECT id, kept_in, '-infinity' FROM deleted WHERE kept_in IS NOT NULL
    ON CONFLICT (artifact_id) DO UPDATE SET since = '-infinity'
  )
  SELECT FROM deleted`;

const OLD_LEFTOVERS = `
  SELECT artifact_id AS id, kept_in AS "keptIn" FROM artifact_leftovers
  WHERE since < now() - $1 * interval '1 ms' AND artifact_id > $3 ORDER BY artifact_id LIMIT $2`;
