import type { Pool } from 'pg';
import { type Allowance, NO_ALLOWANCE } from '../shared/allowance.ts';
import { type Account, tokenAccount } from './accounts.ts';
import {
  anonymous,
  DEFAULT_PROJECT,
  firstAdmin,
  type Principal,
  type Reach,
  reachOf,
  type Scope,
  type TokenKind,
  withIncluded,
} from './principal.ts';

/** A token as people see it: never with its secret, of which only the hash is kept. */
export interface Token {
  id: string;
  kind: TokenKind;
  name: string;
  scopes: Scope[];
  /** The one in which it acts; null for all, of which each request names one. */
  project: string | null;
  /** The workflows that it reaches; null for all. */
  workflowKeys: string[] | null;
  /** The labels of the executions that it reaches; null for all. */
  labels: Record<string, string> | null;
  /** The one execution that it reaches; null for all. */
  executionId: string | null;
  /** The principal that made it. */
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  /** Null for what the server's settings say. */
  costPerMinute: number | null;
  maxRunningExecutions: number | null;
}

export interface TokenStore {
  /** The principal of a token that is neither revoked nor expired. */
  find(hash: Buffer): Promise<Principal | null>;
  /** Of these, those that are revoked, expired or deleted. */
  ended(ids: readonly string[]): Promise<string[]>;
}

/** What authentication reads. What clients do with tokens is in use-cases/tokens.ts. */
export function makeTokenStore(pool: Pool): TokenStore {
  return {
    async find(hash) {
      const { rows } = await pool.query<StoredToken>({
        name: 'weft-token',
        text: FIND,
        values: [hash],
      });
      const token = rows[0];
      if (token === undefined) return null;
      if (!token.wasUsed) await pool.query(TOUCH, [token.id]);
      return toPrincipal(token);
    },

    async ended(ids) {
      const { rows } = await pool.query<{ id: string }>(ENDED, [ids]);
      return rows.map(({ id }) => id);
    },
  };
}

interface StoredToken extends Token {
  wasUsed: boolean;
  /** What the token may use that has minted it; null where none has, or none of this server. */
  minter: Allowance | null;
}

function toPrincipal(token: StoredToken): Principal {
  const { id, name, kind, scopes, project, expiresAt } = token;
  return {
    id,
    name,
    kind,
    scopes: withIncluded(scopes),
    projects: project === null ? null : [project],
    reach: reachOfToken(token),
    accounts: accountsOf(token),
    expiresAt,
  };
}

/** A page uses what its own token may and what that of its backend may. */
function accountsOf({ id, kind, createdBy, minter, ...own }: StoredToken): Account[] {
  const account = tokenAccount(id, own);
  const isOfToken = kind === 'BROWSER' && createdBy !== anonymous.id && createdBy !== firstAdmin.id;
  return isOfToken ? [account, tokenAccount(createdBy, minter ?? NO_ALLOWANCE)] : [account];
}

function reachOfToken({ id, kind, project, workflowKeys, labels, executionId }: Token): Reach {
  const whole = reachOf(project ?? DEFAULT_PROJECT);
  // Of what several people run by one workflow, each sees their own.
  if (kind === 'BROWSER') {
    const startedBy = executionId === null ? id : null;
    return { ...whole, workflowKeys, labels, executionId, startedBy, definitions: false };
  }
  // A workflow has executions with all kinds of labels, and what it is belongs to none of them.
  return { ...whole, workflowKeys, labels, definitions: labels === null };
}

export const TOKEN_FIELDS = `
  id, kind, name, scopes, project, workflow_keys AS "workflowKeys", labels, execution_id AS "executionId", created_by AS "createdBy",
  created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt",
  cost_per_minute AS "costPerMinute", max_running_executions AS "maxRunningExecutions"`;

export const IS_ACTIVE = '(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))';

const FIND = `
  SELECT ${TOKEN_FIELDS}, coalesce(last_used_at > now() - interval '1 minute', false) AS "wasUsed",
    (SELECT json_build_object('costPerMinute', m.cost_per_minute, 'maxRunningExecutions', m.max_running_executions)
     FROM api_tokens m WHERE m.id = api_tokens.created_by) AS minter
  FROM api_tokens WHERE hash = $1 AND ${IS_ACTIVE}`;

/** Replicas may come together. */
const TOUCH = `
  UPDATE api_tokens SET last_used_at = now()
  WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')`;

const ENDED = `
  SELECT id FROM unnest($1::text[]) AS id
  WHERE NOT EXISTS (SELECT FROM api_tokens WHERE api_tokens.id = id.id AND ${IS_ACTIVE})`;
