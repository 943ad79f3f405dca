import { isLimited, type Principal, type Scope } from './principal.ts';

/** What a request needs, whoever sends it. */
export interface Permission {
  scope: Scope;
  /**
   * The most limited token that may, as far as its rows go, for which use-cases/limit/ sees. BROWSER: every token.
   * WORKFLOWS: none that was minted for a page. ALL: only who reaches everything of its project, because what is read or
   * changed belongs to no workflow. SERVER: only who may act in all projects, because it belongs to none of them.
   */
  least: 'BROWSER' | 'WORKFLOWS' | 'ALL' | 'SERVER';
}

/** Why the principal may not, and what it would need; null where it may. */
export function refusalOf(
  { name, kind, scopes, reach, projects }: Principal,
  permission: Permission,
): string | null {
  const { scope, least } = permission;
  if (!scopes.has(scope))
    return `Expected a token with the scope ${scope}, got the token "${name}" with ${[...scopes].join(', ')}.`;
  if (kind === 'BROWSER' && least !== 'BROWSER')
    return `Expected a token with the scope ${scope} that was not minted for a page, got the token "${name}".`;
  if (isLimited(reach) && (least === 'ALL' || least === 'SERVER'))
    return `Expected a token with the scope ${scope} for all workflows, got the token "${name}", which is limited to some.`;
  if (projects !== null && least === 'SERVER')
    return `Expected a token with the scope ${scope} for all projects, got the token "${name}", which is of ${projects.join(', ')}.`;
  return null;
}
