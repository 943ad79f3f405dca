import type { Pool } from 'pg';

export interface ProjectStore {
  exists(key: string): Promise<boolean>;
}

/** How long a project is believed to be there: one that is deleted meanwhile has nothing left in it. */
const BELIEVED_MS = 5_000;
const MAX_KNOWN = 10_000;

/** What authentication asks. What clients do with projects is in use-cases/projects.ts. */
export function makeProjectStore(pool: Pool): ProjectStore {
  const believedUntil = new Map<string, number>();
  return {
    async exists(key) {
      if ((believedUntil.get(key) ?? 0) > Date.now()) return true;
      believedUntil.delete(key);
      const { rowCount } = await pool.query({ name: 'weft-project', text: EXISTS, values: [key] });
      if (rowCount === 0) return false;
      believedUntil.set(key, Date.now() + BELIEVED_MS);
      if (believedUntil.size > MAX_KNOWN) believedUntil.delete(believedUntil.keys().next().value!);
      return true;
    },
  };
}

const EXISTS = 'SELECT FROM projects WHERE key = $1';
