import type { Pool } from 'pg';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { newId } from '../shared/ids.ts';
import type { Artifact, ArtifactFile } from './event.ts';

/**
 * Stores a file's content. The content commits before its `ArtifactCreated` event, so that whoever reads the event can
 * download the file. Content whose event was never committed is listed nowhere and is deleted with its execution.
 * Waits for a database that is away, until the signal aborts.
 */
export async function saveArtifact(
  pool: Pool,
  executionId: string,
  { name, mimeType, base64 }: ArtifactFile,
  signal: AbortSignal,
): Promise<Artifact> {
  const content = Buffer.from(base64, 'base64');
  const id = newId('art');
  await retryWhileDisconnected(() => pool.query(INSERT, [id, executionId, name, mimeType, content]), signal);
  return { id, name, mimeType, sizeBytes: content.length, url: urlOf(id) };
}

/** The artifacts of an execution in the order of their events, at most `limit`. */
export async function artifactsOf(pool: Pool, executionId: string, limit: number): Promise<Artifact[]> {
  const { rows } = await pool.query<{ payload: { artifact: Artifact } }>(OF_EXECUTION, [executionId, limit]);
  return rows.map(({ payload }) => payload.artifact);
}

export async function findArtifact(pool: Pool, id: string): Promise<Artifact | null> {
  const { rows } = await pool.query<Omit<Artifact, 'url'>>(FIND, [id]);
  return rows[0] ? { ...rows[0], url: urlOf(id) } : null;
}

export async function readArtifact(pool: Pool, id: string): Promise<(Artifact & { content: Buffer }) | null> {
  const { rows } = await pool.query<Omit<Artifact, 'url'> & { content: Buffer }>(READ, [id]);
  return rows[0] ? { ...rows[0], url: urlOf(id) } : null;
}

function urlOf(id: string): string {
  return `/artifacts/${id}`;
}

/** A repetition, after the answer to the first try was lost, finds its row there. */
const INSERT = `
  INSERT INTO artifacts (id, execution_id, name, mime_type, content) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (id) DO NOTHING`;

const FIND = `
  SELECT id, name, mime_type AS "mimeType", length(content) AS "sizeBytes" FROM artifacts WHERE id = $1`;

const READ = `
  SELECT id, name, mime_type AS "mimeType", length(content) AS "sizeBytes", content FROM artifacts WHERE id = $1`;

/** Whole: Postgres cannot look into JSON that holds NUL or half a character. */
const OF_EXECUTION = `
  SELECT payload FROM execution_events
  WHERE execution_id = $1 AND type = 'ArtifactCreated' ORDER BY seq LIMIT $2`;
