import type { Pool } from 'pg';
import type { PythonEnvironment } from '../../packages/environment.ts';

/** Of environments, which all projects share, those whose packages a node of the project's workflows names. */
export async function environmentsOf(
  pool: Pool,
  project: string,
  environments: readonly PythonEnvironment[],
): Promise<PythonEnvironment[]> {
  const { rows } = await pool.query<{ packages: string[] }>(NAMED, [project]);
  const named = new Set(rows.map(({ packages }) => requestOf(packages)));
  return environments.filter(({ requirements }) => named.has(requestOf(requirements)));
}

/** In whatever order and spacing they are named. */
function requestOf(packages: readonly string[]): string {
  return JSON.stringify(packages.map((each) => each.toLowerCase().replaceAll(/[\s_.-]/g, '')).sort());
}

const NAMED = `
  SELECT DISTINCT ON (packages::text) packages
  FROM workflows w
  JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = w.latest_version,
  LATERAL json_array_elements(v.definition->'nodes') AS node,
  LATERAL (SELECT node#>'{config,packages}' AS packages) AS named
  WHERE w.project = $1 AND w.deleted_at IS NULL AND json_typeof(packages) = 'array'`;
