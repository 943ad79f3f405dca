import type { Token, TokenScope } from '@weft/client';

/** In order: each includes those before it. */
export const scopeLabels: Record<TokenScope, string> = {
  READ: 'read',
  RUN: 'read and run',
  EDIT: 'read, run and change workflows',
  ADMIN: 'do everything, and make tokens',
};

const order = Object.keys(scopeLabels) as TokenScope[];

/** What its highest scope lets it do. */
export function mayOf(scopes: readonly TokenScope[]): string {
  return scopeLabels[order.findLast((scope) => scopes.includes(scope)) ?? 'READ'];
}

/** Its own limits, in a line. */
export function allowanceOf({
  costPerMinute,
  maxRunningExecutions: max,
}: Pick<Token, 'costPerMinute' | 'maxRunningExecutions'>): string {
  const cost = costPerMinute === null ? [] : [`${costPerMinute} a minute`];
  const runs = max === null ? [] : [`${max} ${max === 1 ? 'run' : 'runs'} at once`];
  return [...cost, ...runs].join(', ');
}

export type TokenState = 'active' | 'expired' | 'revoked';

export function stateOf({ revokedAt, expiresAt }: Token): TokenState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? 'expired' : 'active';
}
