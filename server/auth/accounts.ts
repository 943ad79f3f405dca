import type { Allowance } from '../shared/allowance.ts';

/**
 * What a principal uses of the server, counted under `id`: its own token, the token that has minted that one, and the
 * project in which it acts, whose limits may change while it lives.
 */
export interface Account extends Allowance {
  id: string;
  /** As messages say it: `this token`, `the project acme`. */
  owner: string;
}

export function tokenAccount(id: string, { costPerMinute, maxRunningExecutions }: Allowance): Account {
  return { id, owner: 'this token', costPerMinute, maxRunningExecutions };
}

/** With the settings of the server where a token says nothing, and without those that nothing limits. */
export function withDefaults(accounts: readonly Account[], defaults: Allowance): Account[] {
  return accounts
    .map(({ costPerMinute, maxRunningExecutions, ...account }) => ({
      ...account,
      costPerMinute: costPerMinute ?? defaults.costPerMinute,
      maxRunningExecutions: maxRunningExecutions ?? defaults.maxRunningExecutions,
    }))
    .filter(
      ({ costPerMinute, maxRunningExecutions }) => costPerMinute !== null || maxRunningExecutions !== null,
    );
}

/** The tightest of them, as people see it. */
export function tightest(accounts: readonly Account[]): Allowance {
  const least = (name: keyof Allowance) => {
    const values = accounts.flatMap((account) => account[name] ?? []);
    return values.length === 0 ? null : Math.min(...values);
  };
  return { costPerMinute: least('costPerMinute'), maxRunningExecutions: least('maxRunningExecutions') };
}
