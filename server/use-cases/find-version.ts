import type { Pool } from 'pg';
import { DEFAULT_PROJECT } from '../auth/principal.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import { makeBatches } from '../shared/batches.ts';
import { refuse, refuseNotFound } from './refuse.ts';

/** How an input names a workflow: by one of the two. */
export interface WorkflowNames {
  workflowId?: string | null;
  workflowKey?: string | null;
}

/** A workflow of a project by its id or by its key, as the field of an input names it. */
export type NamedWorkflow =
  | { field: 'workflowKey'; name: string; project: string }
  /** Null where the id itself is known to be right. */
  | { field: 'workflowId'; name: string; project: string | null };

export interface VersionToRun {
  workflowId: string;
  number: number;
  definition: WorkflowDraft;
}

export interface FoundVersion extends VersionToRun {
  latestNumber: number;
  project: string;
}

/** A version of a workflow, the latest where `number` is null; null where there is none, or the workflow was deleted. */
export async function findVersion(
  pool: Pool,
  named: NamedWorkflow,
  number: number | null,
): Promise<FoundVersion | null> {
  const [found] = await findVersions(pool, [{ named, number }]);
  return found!;
}

/** The same for starts, which look up the same few versions again and again: those that come at once share one look. */
export function makeFindVersion(pool: Pool) {
  const find = makeBatches((wanted: WantedVersion[]) => findVersions(pool, wanted), BATCHES);
  return (named: NamedWorkflow, number: number | null) => find({ named, number });
}

interface WantedVersion {
  named: NamedWorkflow;
  number: number | null;
}

const BATCHES = { max: 100, atOnce: 2 };

/** What is wanted several times is read and sent once. */
async function findVersions(pool: Pool, wanted: readonly WantedVersion[]): Promise<(FoundVersion | null)[]> {
  const names = wanted.map((each) => JSON.stringify(each));
  const once = [...new Map(wanted.map((each, index) => [names[index]!, each]))];
  const { rows } = await pool.query<FoundVersion & { place: number }>({
    name: 'weft-find-versions',
    text: FIND,
    values: [
      once.map(([, { named }]) => (named.field === 'workflowId' ? named.name : null)),
      once.map(([, { named }]) => (named.field === 'workflowKey' ? named.name : null)),
      once.map(([, { named }]) => named.project),
      once.map(([, { number }]) => number),
    ],
  });
  const found = new Map(
    rows.map(({ place, definition, ...row }) => [
      once[place - 1]![0],
      { ...row, definition: fromStored(definition) },
    ]),
  );
  return names.map((name) => found.get(name) ?? null);
}

const FIND = `
  WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[])
      WITH ORDINALITY AS given (id, key, project, number, place)
  ), named AS (
    SELECT place::int, number, w.id FROM wanted JOIN workflows w USING (id)
    WHERE wanted.project IS NULL OR w.project = wanted.project
    UNION ALL
    SELECT place::int, number, w.id FROM wanted JOIN workflows w ON w.key = wanted.key AND w.project = wanted.project
  )
  SELECT place, w.id AS "workflowId", v.number, w.latest_version AS "latestNumber", v.definition, w.project
  FROM named JOIN workflows w ON w.id = named.id AND w.deleted_at IS NULL
  JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = coalesce(named.number, w.latest_version)`;

/** Why there is no such version to run: there is no workflow, or it has none of that number. */
export async function refuseMissing(pool: Pool, named: NamedWorkflow, number: number | null) {
  const hasOthers = number !== null && (await findVersion(pool, named, null)) !== null;
  if (!hasOthers) return refuseNotFound('workflow', named.name, named.field);
  return refuse(
    'NOT_FOUND',
    'versionNumber',
    `Workflow ${named.name.slice(0, 100)} has no version ${number}.`,
  );
}

/** Null where both or none is given. */
export function namedWorkflow(
  { workflowId, workflowKey }: WorkflowNames,
  project: string | null,
): NamedWorkflow | null {
  if ((workflowId == null) === (workflowKey == null)) return null;
  return workflowId == null
    ? { field: 'workflowKey', name: workflowKey!, project: project ?? DEFAULT_PROJECT }
    : { field: 'workflowId', name: workflowId, project };
}

/** By an id that a row has. */
export function workflowOfRow(workflowId: string): NamedWorkflow {
  return { field: 'workflowId', name: workflowId, project: null };
}

export function refuseUnnamed({ workflowId }: WorkflowNames) {
  const message = `Expected either \`workflowId\` or \`workflowKey\`, got ${workflowId == null ? 'none' : 'both'}.`;
  return refuse('INVALID', 'workflowId', message);
}
