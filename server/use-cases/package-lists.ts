import type { Pool } from 'pg';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import type { PackageLists } from '../nodes/package-lists.ts';
import { checkProjectPackages, packageErrorCodes } from '../packages/check.ts';
import type { UserError } from './types.ts';

/** How long the lists are believed: where no project has one, a run pays nothing for them. */
const BELIEVED_MS = 5_000;

export function makePackageLists(pool: Pool): PackageLists {
  let known: ReadonlyMap<string, string[]> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;

  async function lists(): Promise<ReadonlyMap<string, string[]>> {
    if (performance.now() - readAt < BELIEVED_MS) return known;
    const { rows } = await pool.query<{ key: string; allowed: string[] }>(ALL);
    known = new Map(rows.map(({ key, allowed }) => [key, allowed]));
    readAt = performance.now();
    return known;
  }

  async function ofExecution(id: string) {
    const all = await lists();
    if (all.size === 0) return null;
    const { rows } = await pool.query<{ project: string }>(PROJECT, [id]);
    const allowed = all.get(rows[0]?.project ?? '');
    return allowed === undefined ? null : { project: rows[0]!.project, allowed };
  }

  return {
    async ofProject(project) {
      readAt = Number.NEGATIVE_INFINITY; // What is saved here runs by the list that it was checked against.
      const { rows } = await pool.query<{ allowed: string[] | null }>(ONE, [project]);
      const allowed = rows[0]?.allowed ?? null;
      return allowed && { project, allowed };
    },
    ofExecution: (id, signal) => retryWhileDisconnected(() => ofExecution(id), signal),
  };
}

/** What is wrong with packages of a request, at its field `packages`. */
export async function packageErrors(
  lists: PackageLists,
  project: string,
  packages: readonly string[],
): Promise<UserError[]> {
  const list = packages.length === 0 ? null : await lists.ofProject(project);
  if (list === null) return [];
  return checkProjectPackages(packages, list).map(({ rule, message, index }) => ({
    code: packageErrorCodes[rule],
    field: `packages.${index}`,
    message,
  }));
}

const ALL = 'SELECT key, allowed_packages AS allowed FROM projects WHERE allowed_packages IS NOT NULL';
const ONE = 'SELECT allowed_packages AS allowed FROM projects WHERE key = $1';
const PROJECT = 'SELECT project FROM executions WHERE id = $1';
