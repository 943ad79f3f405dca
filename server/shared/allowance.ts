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
