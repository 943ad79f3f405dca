import type { Pool } from 'pg';
import { makeBatches } from '../../shared/batches.ts';

export interface ProjectOf {
  /** Of these ids, those that no other project has: of what does not exist, whoever looks for it says so. */
  within(ids: readonly string[], project: string): Promise<ReadonlySet<string>>;
  /** Of a row that was just made or read: whoever follows what it has started reads it next. */
  note(id: string, project: string): void;
}

const MAX_KNOWN = 20_000;
const BATCHES = { max: 500, atOnce: 2 };

/**
 * Which project rows belong to. A row never changes its project, and no id is used twice: what was read once is known for
 * good, so that most requests pay nothing for it.
 */
export function makeProjectOf(pool: Pool, table: 'workflows' | 'executions'): ProjectOf {
  const known = new Map<string, string>();
  const read = makeBatches(readMany, BATCHES);

  return {
    async within(ids, project) {
      const found = await Promise.all(ids.map(async (id) => known.get(id) ?? (await read(id)) ?? project));
      return new Set(ids.filter((_, index) => found[index] === project));
    },
    note,
  };

  function note(id: string, project: string): void {
    known.set(id, project);
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
  }

  /** Undefined where there is no row. */
  async function readMany(ids: readonly string[]): Promise<(string | undefined)[]> {
    const text = `SELECT id, project FROM ${table} WHERE id = ANY ($1)`;
    const { rows } = await pool.query<{ id: string; project: string }>({
      name: `weft-project-of-${table}`,
      text,
      values: [ids],
    });
    const found = new Map(rows.map((row) => [row.id, row.project]));
    for (const [id, project] of found) note(id, project);
    return ids.map((id) => found.get(id));
  }
}
