import type { Pool } from 'pg';
import { FileError } from '../files/file-error.ts';
import { fullMessage, type Stored } from '../files/storage-limit.ts';
import type { Hub } from '../journal/hub.ts';

/**
 * Whether a project stores as much as it may. The database counts, and refuses each file that would be too much
 * (migrations/1764941000000-project-storage.ts); here is what is asked before anything is begun.
 */
export interface ProjectStorage extends Disposable {
  /** Why nothing more is begun; null where the project has room. Believed for five seconds, and so at once mostly. */
  problem(project: string): string | null | Promise<string | null>;
}

const BELIEVED_MS = 5_000;
const MAX_KNOWN = 10_000;

interface Known {
  problem: string | null;
  until: number;
}

export function openProjectStorage({ pool, hub }: { pool: Pool; hub: Pick<Hub, 'listen'> }): ProjectStorage {
  const known = new Map<string, Known>();
  const reading = new Map<string, Promise<string | null>>();

  async function read(project: string): Promise<string | null> {
    const { rows } = await pool.query<Stored>({ name: 'weft-storage', text: FULL, values: [project] });
    return rows[0] === undefined ? null : fullMessage(rows[0]);
  }

  /** What is on its way while the limit changes is not believed. */
  function begin(project: string): Promise<string | null> {
    const answer = read(project)
      .then((problem) => {
        if (reading.get(project) === answer) known.set(project, { problem, until: Date.now() + BELIEVED_MS });
        if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
        return problem;
      })
      .finally(() => {
        if (reading.get(project) === answer) reading.delete(project);
      });
    reading.set(project, answer);
    return answer;
  }

  const stopListening = hub.listen('project', undefined, (project) => {
    for (const each of project === undefined ? [...known.keys(), ...reading.keys()] : [project]) {
      known.delete(each);
      reading.delete(each);
    }
  });

  return {
    problem(project) {
      const found = known.get(project);
      if (found !== undefined && found.until > Date.now()) return found.problem;
      return reading.get(project) ?? begin(project);
    },
    [Symbol.dispose]: stopListening,
  };
}

/** @throws FileError STORAGE_LIMIT */
export async function requireRoom(storage: Pick<ProjectStorage, 'problem'>, project: string): Promise<void> {
  const problem = await storage.problem(project);
  if (problem !== null) throw new FileError('STORAGE_LIMIT', problem);
}

const FULL = `
  SELECT * FROM (
    SELECT key AS project, max_stored_bytes::float8 AS "maxStoredBytes",
           (SELECT sum(bytes) FROM project_storage s WHERE s.project = p.key)::float8 AS "storedBytes"
    FROM projects p WHERE key = $1 AND max_stored_bytes IS NOT NULL
  ) AS stored WHERE "storedBytes" >= "maxStoredBytes"`;
