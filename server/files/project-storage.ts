import type { Pool } from 'pg';
import { sqlState } from '../db/errors.ts';
import type { Hub } from '../journal/hub.ts';
import { FileError } from './file-error.ts';

/**
 * Whether a project stores as much as it may. The database counts, and refuses each file that would be too much
 * (migrations/1764941000000-project-storage.ts); here is what is asked before anything is begun.
 */
export interface ProjectStorage extends Disposable {
  /** Why nothing more is begun; null where the project has room. Believed for five seconds, and so at once mostly. */
  problem(project: string): string | null | Promise<string | null>;
}

interface Stored {
  project: string;
  storedBytes: number;
  maxStoredBytes: number;
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
    const problem = rows[0] === undefined ? null : fullMessage(rows[0]);
    known.set(project, { problem, until: Date.now() + BELIEVED_MS });
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
    return problem;
  }

  const stopListening = hub.listen('project', undefined, (project) => {
    for (const each of project === undefined ? [...known.keys()] : [project]) {
      known.delete(each);
      reading.delete(each); // what is on its way may be of before the change
    }
  });

  return {
    problem(project) {
      const found = known.get(project);
      if (found !== undefined && found.until > Date.now()) return found.problem;
      const begun = reading.get(project);
      if (begun !== undefined) return begun;
      const answer = read(project).finally(() => {
        if (reading.get(project) === answer) reading.delete(project);
      });
      reading.set(project, answer);
      return answer;
    },
    [Symbol.dispose]: stopListening,
  };
}

/** @throws FileError STORAGE_LIMIT */
export async function requireRoom(storage: Pick<ProjectStorage, 'problem'>, project: string): Promise<void> {
  const problem = await storage.problem(project);
  if (problem !== null) throw new FileError('STORAGE_LIMIT', problem);
}

/** Why the database refused a file; null where it did not refuse it for this. */
export function storageError(error: unknown): FileError | null {
  if (sqlState(error) !== 'WF001') return null;
  const { addedBytes, ...stored } = JSON.parse((error as { detail: string }).detail) as Stored & {
    addedBytes: number;
  };
  const message = `A file of ${sizeOf(addedBytes)} has no room: ${fullMessage(stored)}`;
  return new FileError('STORAGE_LIMIT', message, { cause: error });
}

function fullMessage({ project, storedBytes, maxStoredBytes }: Stored): string {
  return `The project ${project} stores ${sizeOf(storedBytes)} of at most ${sizeOf(maxStoredBytes)}. Wait until old executions and their files are deleted, or raise its limit.`;
}

/** As people read it; of little, each byte. */
function sizeOf(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 10_240) return `${bytes} bytes`;
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** power).toFixed(1)} ${units[power - 1]}`;
}

const FULL = `
  SELECT * FROM (
    SELECT key AS project, max_stored_bytes::float8 AS "maxStoredBytes",
           (SELECT sum(bytes) FROM project_storage s WHERE s.project = p.key)::float8 AS "storedBytes"
    FROM projects p WHERE key = $1 AND max_stored_bytes IS NOT NULL
  ) AS stored WHERE "storedBytes" >= "maxStoredBytes"`;
