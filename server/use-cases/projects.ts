import { DEFAULT_PROJECT } from '../auth/principal.ts';
import { IS_ACTIVE } from '../auth/token-store.ts';
import type { Database, Tx } from '../db/database.ts';
import { isDangling, isDuplicate } from '../db/errors.ts';
import { toPage } from '../db/page.ts';
import type { Hub } from '../journal/hub.ts';
import { normalizeName, parseRequirement } from '../packages/requirement.ts';
import type { Allowance } from '../shared/allowance.ts';
import { allowanceErrors, rangeErrors } from './allowance-errors.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Outcome, Page, PageRequest, UserError } from './types.ts';
import { keyErrors } from './workflow-key.ts';

/** What a team has of a server: its workflows, and all that belongs to them. */
export interface Project {
  key: string;
  name: string;
  /** Names of packages, normalised; null for those that the operator allows. */
  allowedPackages: string[] | null;
  /** What those who act in it may use together; null for no limit. */
  costPerMinute: number | null;
  maxRunningExecutions: number | null;
  /** Its files, and its executions with their journals; null for no limit. */
  maxStoredBytes: number | null;
  storedBytes: number;
  createdAt: Date;
}

export interface ProjectInput extends Partial<Allowance> {
  key: string;
  /** By default its key. */
  name?: string | null;
  allowedPackages?: readonly string[] | null;
  maxStoredBytes?: number | null;
}

/** What is undefined stays as it is. */
export type ProjectChange = Partial<Omit<ProjectInput, 'key'>>;

export interface ProjectFilter {
  /** Those that are reached; null for all. */
  keys?: readonly string[] | null;
}

const MAX_NAME = 100;
const MAX_PACKAGES = 1_000;
/** Every minute allows the `projectUpdate` that raises it. */
export const MIN_PROJECT_COST = 60;
/** 1 MiB, in which a few executions fit, to 1 PiB. */
export const MIN_STORED_BYTES = 1_048_576;
export const MAX_STORED_BYTES = 1_125_899_906_842_624;

export function makeProjectUseCases({ database, hub }: { database: Database; hub: Hub }) {
  const { pool } = database;

  async function get(key: string): Promise<Project | null> {
    const { rows } = await pool.query<Project>(`${SELECT} WHERE key = $1`, [key]);
    return rows[0] ?? null;
  }

  return {
    get,

    /** By key; a cursor is a key. */
    async list({ size, cursor, isBackward }: PageRequest, { keys }: ProjectFilter): Promise<Page<Project>> {
      const { rows } = await pool.query<Project>(
        `${SELECT}
         WHERE ($1::text[] IS NULL OR key = ANY ($1)) AND ($2::text IS NULL OR key ${isBackward ? '<' : '>'} $2)
         ORDER BY key ${isBackward ? 'DESC' : 'ASC'} LIMIT $3`,
        [keys ?? null, cursor, size + 1],
      );
      return toPage(rows, { size, cursor, isBackward });
    },

    async create({ key, ...input }: ProjectInput): Promise<Outcome<Project>> {
      const userErrors = [...keyErrors(key), ...errorsOf(input)];
      if (userErrors.length > 0) return { ok: false, userErrors };
      const { name, allowedPackages, costPerMinute, maxRunningExecutions, maxStoredBytes } = input;
      try {
        const { rows } = await pool.query<Project>(INSERT, [
          key,
          name ?? key,
          namesOf(allowedPackages),
          costPerMinute,
          maxRunningExecutions,
          maxStoredBytes,
        ]);
        return { ok: true, value: rows[0]! };
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        return refuse('KEY_TAKEN', 'key', `Another project has the key ${key}. Choose another one.`);
      }
    },

    async update(key: string, change: ProjectChange): Promise<Outcome<Project>> {
      const userErrors = errorsOf(change);
      if (userErrors.length > 0) return { ok: false, userErrors };
      const { name, allowedPackages, costPerMinute, maxRunningExecutions, maxStoredBytes } = change;
      const { rows } = await pool.query<Project>(UPDATE, [
        key,
        name ?? null,
        allowedPackages !== undefined,
        namesOf(allowedPackages),
        costPerMinute !== undefined,
        costPerMinute,
        maxRunningExecutions !== undefined,
        maxRunningExecutions,
        maxStoredBytes !== undefined,
        maxStoredBytes,
      ]);
      hub.wake('project', key);
      return rows[0] === undefined ? refuseNotFound('project', key, 'key') : { ok: true, value: rows[0] };
    },

    /** Only one that is empty: what it has would have nobody left who reaches it. */
    async delete(key: string): Promise<Outcome<{ key: string }>> {
      if (key === DEFAULT_PROJECT)
        return refuse('FORBIDDEN', 'key', 'Expected another project than `default`, which is always there.');
      try {
        return await database.transaction(async (tx) => {
          const contents = await contentsOf(tx, key);
          if (contents === null) return refuseNotFound('project', key, 'key');
          if (contents.length > 0) return refuseNotEmpty(key, contents.join(' and '));
          for (const statement of [DELETE_TOKENS, DELETE_VERSIONS, DELETE_WORKFLOWS, DELETE])
            await tx.query(statement, [key]);
          return { ok: true, value: { key } };
        });
      } catch (error) {
        if (isDangling(error)) return refuseNotEmpty(key, 'something that was added meanwhile');
        throw error;
      }
    },
  };
}

/** With its row locked. Null where there is no such project. */
async function contentsOf(tx: Tx, key: string): Promise<string[] | null> {
  const locked = await tx.query('SELECT FROM projects WHERE key = $1 FOR UPDATE', [key]);
  if (locked.length === 0) return null;
  const [has] = await tx.query(CONTENTS, [key]);
  return Object.entries(has)
    .filter(([, isThere]) => isThere)
    .map(([what]) => what);
}

function refuseNotEmpty(key: string, contents: string) {
  const message = `Expected an empty project, but ${key} has ${contents}. Delete workflows and secrets, revoke tokens, and wait until executions are deleted as old ones are.`;
  return refuse('NOT_EMPTY', 'key', message);
}

function errorsOf({ name, allowedPackages, maxStoredBytes, ...allowance }: ProjectChange): UserError[] {
  return [
    ...nameErrors(name),
    ...packageErrors(allowedPackages),
    ...allowanceErrors(allowance, MIN_PROJECT_COST),
    ...rangeErrors('maxStoredBytes', maxStoredBytes, MIN_STORED_BYTES, MAX_STORED_BYTES),
  ];
}

function nameErrors(name: string | null | undefined): UserError[] {
  if (name == null || (name.trim() !== '' && name.length <= MAX_NAME)) return [];
  const message = `Expected a name of 1 to ${MAX_NAME} characters, got ${name.length}.`;
  return [{ code: 'INVALID', field: 'name', message }];
}

/** Of which any version counts. */
function packageErrors(packages: readonly string[] | null | undefined): UserError[] {
  if (packages == null) return [];
  const field = 'allowedPackages';
  if (packages.length > MAX_PACKAGES)
    return [
      {
        code: 'INVALID',
        field,
        message: `Expected at most ${MAX_PACKAGES} packages, got ${packages.length}.`,
      },
    ];
  return packages.flatMap((text, index) => {
    const parsed = parseRequirement(text);
    if (parsed.ok && parsed.requirement.text === parsed.requirement.name) return [];
    const message = `Expected the name of a package, such as pandas, got \`${text.slice(0, 100)}\`.`;
    return [{ code: 'INVALID', field: `${field}.${index}`, message }];
  });
}

function namesOf(packages: readonly string[] | null | undefined): string[] | null {
  return packages == null ? null : [...new Set(packages.map(normalizeName))].sort();
}

const FIELDS = `
  key, name, allowed_packages AS "allowedPackages", cost_per_minute AS "costPerMinute",
  max_running_executions AS "maxRunningExecutions", max_stored_bytes::float8 AS "maxStoredBytes",
  greatest(0, (SELECT sum(bytes) FROM project_storage WHERE project = projects.key))::float8 AS "storedBytes",
  created_at AS "createdAt"`;
const SELECT = `SELECT ${FIELDS} FROM projects`;
const INSERT = `
  INSERT INTO projects (key, name, allowed_packages, cost_per_minute, max_running_executions, max_stored_bytes)
  VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${FIELDS}`;
const UPDATE = `
  UPDATE projects SET name = coalesce($2, name), allowed_packages = CASE WHEN $3 THEN $4::text[] ELSE allowed_packages END,
    cost_per_minute = CASE WHEN $5 THEN $6::int ELSE cost_per_minute END,
    max_running_executions = CASE WHEN $7 THEN $8::int ELSE max_running_executions END,
    max_stored_bytes = CASE WHEN $9 THEN $10::int8 ELSE max_stored_bytes END
  WHERE key = $1 RETURNING ${FIELDS}`;

const CONTENTS = `
  SELECT EXISTS (SELECT FROM workflows WHERE project = $1 AND deleted_at IS NULL) AS workflows,
         EXISTS (SELECT FROM executions WHERE project = $1) AS executions,
         EXISTS (SELECT FROM secrets WHERE project = $1) AS secrets,
         EXISTS (SELECT FROM api_tokens WHERE project = $1 AND ${IS_ACTIVE}) AS tokens,
         EXISTS (SELECT FROM webhook_endpoints WHERE project = $1) AS "webhook endpoints"`;

/** What is left of what was deleted, revoked or over. */
const DELETE_TOKENS = 'DELETE FROM api_tokens WHERE project = $1';
const DELETE_VERSIONS =
  'DELETE FROM workflow_versions WHERE workflow_id IN (SELECT id FROM workflows WHERE project = $1)';
const DELETE_WORKFLOWS = 'DELETE FROM workflows WHERE project = $1';
const DELETE = 'DELETE FROM projects WHERE key = $1';
