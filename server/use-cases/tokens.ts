import type { Pool } from 'pg';
import { DEFAULT_PROJECT, type Principal, type Scope, type TokenKind } from '../auth/principal.ts';
import { hashOf, newSecret } from '../auth/token-secret.ts';
import { IS_ACTIVE, TOKEN_FIELDS, type Token } from '../auth/token-store.ts';
import type { Database } from '../db/database.ts';
import { isDangling } from '../db/errors.ts';
import { toPage } from '../db/page.ts';
import type { Hub } from '../journal/hub.ts';
import type { Allowance } from '../shared/allowance.ts';
import { newId } from '../shared/ids.ts';
import { allowanceErrors } from './allowance-errors.ts';
import { type Labels, labelErrors } from './labels.ts';
import {
  REACH_VALUES,
  reachesSql,
  reachesWorkflowSql,
  reachValues,
  WORKFLOW_REACH_VALUES,
  workflowReachValues,
} from './reach.ts';
import { refuseNotFound } from './refuse.ts';
import type { Outcome, Page, PageRequest, UserError } from './types.ts';
import { keyErrors } from './workflow-key.ts';

export interface TokenInput extends Partial<Allowance> {
  name: string;
  scopes: readonly Scope[];
  /** The one in which it acts; by default that in which it is made. */
  project?: string | null;
  /** Whether it acts in all, and names one with each request. */
  allProjects?: boolean;
  workflowKeys?: readonly string[] | null;
  labels?: Labels | null;
  expiresAt?: Date | null;
}

export interface MintInput extends Partial<Allowance> {
  /** One of the two. */
  executionId?: string | null;
  workflowKey?: string | null;
  ttlSeconds: number;
  name?: string | null;
}

export interface TokenFilter {
  kind?: TokenKind | null;
  /** Neither revoked nor expired. */
  isActive?: boolean | null;
  project?: string;
  /** With those that act in all projects. */
  withThoseOfAll?: boolean;
}

/** With the secret, which is in no other answer. */
export interface NewToken {
  token: Token;
  secret: string;
}

export type TokenUseCases = ReturnType<typeof makeTokenUseCases>;

const MAX_NAME = 100;
const MAX_KEYS = 100;
export const MIN_TTL_SECONDS = 10;
/** A day. */
export const MAX_TTL_SECONDS = 86_400;

/** Tokens are rows rather than signed texts: they can be revoked, and replicas share no key for them. */
export function makeTokenUseCases({ database: { pool }, hub }: { database: Database; hub: Hub }) {
  return {
    /** Newest first; a cursor is an id. */
    async list({ size, cursor, isBackward }: PageRequest, filter: TokenFilter): Promise<Page<Token>> {
      const { rows } = await pool.query<Token>(
        `SELECT ${TOKEN_FIELDS} FROM api_tokens
         WHERE ($1::text IS NULL OR kind = $1) AND ($2::boolean IS NULL OR ${IS_ACTIVE} = $2)
           AND ($3::text IS NULL OR id ${isBackward ? '>' : '<'} $3)
           AND (project = $5 OR ($6 AND project IS NULL))
         ORDER BY id ${isBackward ? 'ASC' : 'DESC'} LIMIT $4`,
        [
          filter.kind ?? null,
          filter.isActive ?? null,
          cursor,
          size + 1,
          filter.project ?? DEFAULT_PROJECT,
          filter.withThoseOfAll ?? false,
        ],
      );
      return toPage(rows, { size, cursor, isBackward });
    },

    get: (id: string): Promise<Token | null> => find(pool, id),

    async create(input: TokenInput, principal: Principal): Promise<Outcome<NewToken>> {
      const userErrors = [...inputErrors(input), ...projectErrors(input, principal)];
      if (userErrors.length > 0) return { ok: false, userErrors };
      const { name, scopes, workflowKeys = null, labels = null, expiresAt = null } = input;
      const keys = workflowKeys && [...new Set(workflowKeys)];
      const project = input.allProjects === true ? null : (input.project ?? principal.reach.project);
      const given = [
        name,
        scopes,
        keys,
        null,
        expiresAt,
        labels && JSON.stringify(labels),
        project,
        ...allowanceOf(input),
      ];
      try {
        return { ok: true, value: await insert('SERVICE', given, principal) };
      } catch (error) {
        if (isDangling(error)) return refuseNotFound('project', project!, 'project');
        throw error;
      }
    },

    /** For one page: to watch one execution, or to run one workflow and watch what it has started itself. */
    async mint(input: MintInput, principal: Principal): Promise<Outcome<NewToken>> {
      const { executionId = null, workflowKey = null, ttlSeconds } = input;
      const name = input.name ?? (executionId === null ? `runs ${workflowKey}` : `watches ${executionId}`);
      const userErrors = [...nameErrors(name), ...ttlErrors(ttlSeconds), ...allowanceErrors(input)];
      if ((executionId === null) === (workflowKey === null))
        userErrors.push({
          code: 'INVALID',
          field: 'executionId',
          message: `Expected either \`executionId\` or \`workflowKey\`, got ${executionId === null ? 'none' : 'both'}.`,
        });
      if (userErrors.length > 0) return { ok: false, userErrors };
      if (executionId !== null && !(await hasExecution(principal, executionId)))
        return refuseNotFound('execution', executionId, 'executionId');
      if (workflowKey !== null && !(await hasWorkflow(principal, workflowKey)))
        return refuseNotFound('workflow with the key', workflowKey, 'workflowKey');
      const end = Math.min(
        Date.now() + ttlSeconds * 1_000,
        principal.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
      );
      const scopes: Scope[] = [executionId === null ? 'RUN' : 'READ'];
      const { project, labels } = principal.reach;
      const keys = workflowKey && [workflowKey];
      const limits = [keys, executionId, new Date(end), labels && JSON.stringify(labels), project];
      const given = [name, scopes, ...limits, ...allowanceOf(input)];
      await pool.query(SWEEP);
      return { ok: true, value: await insert('BROWSER', given, principal) };
    },

    /** Ends it at once, and what it has minted. Revoking it again changes nothing. */
    async revoke(id: string): Promise<Outcome<Token>> {
      const { rows } = await pool.query<{ id: string }>(REVOKE, [id]);
      for (const ended of rows) hub.wake('token', ended.id);
      const token = await find(pool, id);
      return token === null ? refuseNotFound('token', id) : { ok: true, value: token };
    },
  };

  async function insert(kind: TokenKind, given: unknown[], { id: createdBy }: Principal): Promise<NewToken> {
    const secret = newSecret();
    const { rows } = await pool.query<Token>(INSERT, [
      newId('tok'),
      hashOf(secret),
      kind,
      createdBy,
      ...given,
    ]);
    return { token: rows[0]!, secret };
  }

  async function hasExecution({ reach }: Principal, id: string): Promise<boolean> {
    const { rowCount } = await pool.query(HAS_EXECUTION, [...reachValues(reach), id]);
    return rowCount === 1;
  }

  async function hasWorkflow({ reach }: Principal, key: string): Promise<boolean> {
    const { rowCount } = await pool.query(HAS_WORKFLOW, [...workflowReachValues(reach), key]);
    return rowCount === 1;
  }
}

async function find(pool: Pool, id: string): Promise<Token | null> {
  const { rows } = await pool.query<Token>(`SELECT ${TOKEN_FIELDS} FROM api_tokens WHERE id = $1`, [id]);
  return rows[0] ?? null;
}

function inputErrors(input: TokenInput): UserError[] {
  const { name, scopes, workflowKeys, labels, expiresAt } = input;
  const errors = [...nameErrors(name), ...allowanceErrors(input)];
  const invalid = (field: string, message: string) => errors.push({ code: 'INVALID', field, message });
  if (scopes.length === 0) invalid('scopes', 'Expected at least one scope, such as READ, got none.');
  if (expiresAt != null && expiresAt.getTime() <= Date.now())
    invalid('expiresAt', `Expected an end in the future, got ${expiresAt.toISOString()}.`);
  if (labels != null) errors.push(...labelErrors(labels, 'labels'));
  if (labels != null && Object.keys(labels).length === 0)
    invalid('labels', 'Expected at least one label, or null for executions with any, got none.');
  if (labels != null && (scopes.includes('EDIT') || scopes.includes('ADMIN')))
    invalid('labels', 'Expected null with EDIT and ADMIN: who changes a workflow changes it for all labels.');
  if (workflowKeys == null) return errors;
  if (workflowKeys.length === 0 || workflowKeys.length > MAX_KEYS)
    invalid(
      'workflowKeys',
      `Expected 1 to ${MAX_KEYS} keys, or null for all workflows, got ${workflowKeys.length}.`,
    );
  if (scopes.includes('ADMIN'))
    invalid(
      'workflowKeys',
      'Expected null with the scope ADMIN, which reaches everything. Use EDIT for some workflows.',
    );
  return [
    ...errors,
    ...workflowKeys.slice(0, MAX_KEYS).flatMap((key, n) => keyErrors(key, `workflowKeys.${n}`)),
  ];
}

/** Nobody makes a token that may act where its maker may not. */
function projectErrors(
  { project, allProjects = false }: TokenInput,
  { projects, name }: Principal,
): UserError[] {
  if (allProjects && project != null)
    return [
      { code: 'INVALID', field: 'project', message: 'Expected null with `allProjects`, got a project.' },
    ];
  const isWithin = projects === null || (!allProjects && (project == null || projects.includes(project)));
  if (isWithin) return [];
  const field = allProjects ? 'allProjects' : 'project';
  const message = `Expected a token for ${projects.join(' or ')}, as the token "${name}" is, got one for ${project ?? 'all projects'}.`;
  return [{ code: 'FORBIDDEN', field, message }];
}

function allowanceOf({
  costPerMinute = null,
  maxRunningExecutions = null,
}: Partial<Allowance>): (number | null)[] {
  return [costPerMinute, maxRunningExecutions];
}

function nameErrors(name: string): UserError[] {
  if (name.trim() !== '' && name.length <= MAX_NAME) return [];
  const message = `Expected a name of 1 to ${MAX_NAME} characters, got ${name.length}.`;
  return [{ code: 'INVALID', field: 'name', message }];
}

function ttlErrors(ttlSeconds: number): UserError[] {
  if (ttlSeconds >= MIN_TTL_SECONDS && ttlSeconds <= MAX_TTL_SECONDS) return [];
  const message = `Expected \`ttlSeconds\` to be from ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS}, got ${ttlSeconds}.`;
  return [{ code: 'INVALID', field: 'ttlSeconds', message }];
}

const INSERT = `
  INSERT INTO api_tokens (id, hash, kind, created_by, name, scopes, workflow_keys, execution_id, expires_at, labels,
                          project, cost_per_minute, max_running_executions)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  RETURNING ${TOKEN_FIELDS}`;

const REVOKE = `
  UPDATE api_tokens SET revoked_at = now()
  WHERE (id = $1 OR (created_by = $1 AND kind = 'BROWSER')) AND revoked_at IS NULL
  RETURNING id`;

/** What was minted and is over for a week; a few with each that is made, so that they do not become many. */
const SWEEP = `
  WITH over AS (
    DELETE FROM api_tokens WHERE id IN (
      SELECT id FROM api_tokens WHERE kind = 'BROWSER' AND expires_at < now() - interval '7 days' LIMIT 10)
    RETURNING id
  )
  DELETE FROM running_starts WHERE account IN (SELECT id FROM over)`;

const HAS_EXECUTION = `
  SELECT FROM executions AS each
  WHERE id = $${REACH_VALUES + 1} AND ${reachesSql({ project: 'each.project', workflowId: 'each.workflow_id', executionId: 'each.id', from: 1 })}`;

const HAS_WORKFLOW = `
  SELECT FROM workflows AS each WHERE key = $${WORKFLOW_REACH_VALUES + 1} AND deleted_at IS NULL AND ${reachesWorkflowSql('each.id', 1)}`;
