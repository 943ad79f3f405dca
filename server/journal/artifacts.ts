import type { Pool } from 'pg';
import type { Artifact } from './event.ts';

/** The artifacts of an execution in the order of their events, at most `limit`. */
export async function artifactsOf(pool: Pool, executionId: string, limit: number): Promise<Artifact[]> {
  const { rows } = await pool.query<{ payload: { artifact: Artifact } }>(OF_EXECUTION, [executionId, limit]);
  return rows.map(({ payload }) => payload.artifact);
}

/** Whole: Postgres cannot look into JSON that holds NUL or half a character. */
const OF_EXECUTION = `
  SELECT payload FROM execution_events
  WHERE execution_id = $1 AND type = 'ArtifactCreated' ORDER BY seq LIMIT $2`;
