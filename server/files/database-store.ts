import type { Pool } from 'pg';
import { piecesOf } from '../shared/pieces.ts';
import type { ContentStore } from './content-store.ts';

export const PIECE_BYTES = 1024 * 1024;

/** Content as rows of one MiB, so that neither side ever holds all of it. */
export function makeDatabaseStore(pool: Pool): ContentStore {
  return {
    async write(key, content) {
      let position = 0;
      for await (const piece of piecesOf(content, PIECE_BYTES))
        await pool.query(INSERT, [key, position++, piece]);
    },
    async *read(key) {
      for (let position = 0; ; position += 1) {
        const { rows } = await pool.query<{ bytes: Buffer }>(READ, [key, position]);
        if (rows.length === 0) return;
        yield rows[0]!.bytes;
      }
    },
    async delete(key) {
      await pool.query('DELETE FROM artifact_pieces WHERE artifact_id = $1', [key]);
    },
  };
}

const INSERT = 'INSERT INTO artifact_pieces (artifact_id, position, bytes) VALUES ($1, $2, $3)';
const READ = 'SELECT bytes FROM artifact_pieces WHERE artifact_id = $1 AND position = $2';
