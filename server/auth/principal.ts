import type { Account } from './accounts.ts';

/** In order: each includes those before it. */
export const scopes = ['READ', 'RUN', 'EDIT', 'ADMIN'] as const;
export type Scope = (typeof scopes)[number];

/** SERVICE: made by an administrator, for a program. BROWSER: minted by such a program, for one page. */
export const tokenKinds = ['SERVICE', 'BROWSER'] as const;
export type TokenKind = (typeof tokenKinds)[number];

/** Who sends a request. A token never changes but by its end, so one object stands for it as long as it is used. */
export interface Principal {
  /** As rows and the audit trail name it: `anonymous`, `api-token`, or the id of a token. */
  id: string;
  /** For people. */
  name: string;
  /** ANONYMOUS: the server wants no token. API_TOKEN: that of the setting. OIDC: that of an issuer. */
  kind: 'ANONYMOUS' | 'API_TOKEN' | 'OIDC' | TokenKind;
  /** With all that they include. */
  scopes: ReadonlySet<Scope>;
  /** The projects in which it may act, one with each request; null for all. The first is that of a request that names none. */
  projects: readonly string[] | null;
  /** What of its project it reaches. */
  reach: Reach;
  /** What it uses is counted in each of these; empty where nothing limits it. */
  accounts: readonly Account[];
  expiresAt: Date | null;
}

/** The project that is always there, and in which a request acts that names none. */
export const DEFAULT_PROJECT = 'default';

/** The rows that a request reaches: those of one project, and of these where all conditions that are set hold. */
export interface Reach {
  project: string;
  /** Executions, schedules, approvals and violations of these workflows; null for those of all. */
  workflowKeys: readonly string[] | null;
  /** Executions that have all of these labels; null for those with any. */
  labels: Readonly<Record<string, string>> | null;
  /** This execution alone. */
  executionId: string | null;
  /** Executions that this principal has started. */
  startedBy: string | null;
  /** Whether the workflows themselves are reached, and not only what ran: definitions hold code. */
  definitions: boolean;
}

/** What is chosen, with all that it includes. */
export function withIncluded(chosen: readonly Scope[]): ReadonlySet<Scope> {
  const highest = Math.max(-1, ...chosen.map((scope) => scopes.indexOf(scope)));
  return new Set(scopes.slice(0, highest + 1));
}

/** Everything of a project. */
export function reachOf(project: string): Reach {
  return {
    project,
    workflowKeys: null,
    labels: null,
    executionId: null,
    startedBy: null,
    definitions: true,
  };
}

/** Whether it is less than a whole project. */
export function isLimited({ workflowKeys, labels, executionId, startedBy, definitions }: Reach): boolean {
  return [workflowKeys, labels, executionId, startedBy].some((limit) => limit !== null) || !definitions;
}

const everything = {
  scopes: withIncluded(['ADMIN']),
  projects: null,
  reach: reachOf(DEFAULT_PROJECT),
  accounts: [],
  expiresAt: null,
};

/** Everybody, of a server that wants no token. */
export const anonymous: Principal = { id: 'anonymous', name: 'anonymous', kind: 'ANONYMOUS', ...everything };

/** Who has the token of the setting WEFT_API_TOKEN: the first administrator. */
export const firstAdmin: Principal = {
  id: 'api-token',
  name: 'WEFT_API_TOKEN',
  kind: 'API_TOKEN',
  ...everything,
};
