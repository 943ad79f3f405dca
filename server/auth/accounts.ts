/** What a principal uses of the server, counted under `id`: its own token, and the token that has minted that one. */
export interface Account extends Allowance {
  id: string;
}

/** What a token may use; null where it says nothing, and so for what the server's settings say. */
export interface Allowance {
  /** Of GraphQL operations: see graphql/transport/cost.ts. */
  costPerMinute: number | null;
  /** Executions that it has started and that have not ended. */
  maxRunningExecutions: number | null;
}

export const MAX_COST_PER_MINUTE = 10_000_000;
export const MAX_RUNNING = 100_000;

export const NO_ALLOWANCE: Allowance = { costPerMinute: null, maxRunningExecutions: null };

/** With the settings of the server where a token says nothing, and without those that nothing limits. */
export function withDefaults(accounts: readonly Account[], defaults: Allowance): Account[] {
  return accounts
    .map(({ id, costPerMinute, maxRunningExecutions }) => ({
      id,
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
