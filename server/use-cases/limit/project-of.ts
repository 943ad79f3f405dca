import type { Pool } from 'pg';

/** Of these ids, those that no other project has: of what does not exist, whoever looks for it says so. */
export type OfProject = (ids: readonly string[], project: string) => Promise<ReadonlySet<string>>;

const MAX_KNOWN = 20_000;

/**
 * Which project rows belong to. A row never changes its project, and no id is used twice: what was read once is known for
 * good, so that most requests pay nothing for it.
 */
export function makeOfProject(pool: Pool, table: 'workflows' | 'executions'): OfProject {
  const known = new Map<string, string>();

  return async (ids, project) => {
    const unknown = ids.filter((id) => !known.has(id));
    const found = new Map(ids.map((id) => [id, known.get(id)]));
    for (const row of unknown.length === 0 ? [] : await read(unknown)) {
      known.set(row.id, row.project);
      found.set(row.id, row.project);
      if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
    }
    return new Set(ids.filter((id) => (found.get(id) ?? project) === project));
  };

  async function read(ids: readonly string[]): Promise<{ id: string; project: string }[]> {
    const text = `SELECT id, project FROM ${table} WHERE id = ANY ($1)`;
    return (await pool.query({ name: `weft-project-of-${table}`, text, values: [ids] })).rows;
  }
}
