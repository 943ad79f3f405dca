import DataLoader from 'dataloader';
import type { Schedule } from '../use-cases/triggers/schedule.ts';
import type { Execution, ExecutionValues, Workflow, WorkflowVersion } from '../use-cases/types.ts';
import type { WaitingFor } from '../use-cases/waiting-for.ts';
import type { Webhook } from '../use-cases/webhooks/webhook.ts';
import type { Weft } from '../use-cases/weft.ts';
import type { ResponseBudget } from './transport/response-size.ts';

export interface VersionKey {
  workflowId: string;
  number: number;
}

export interface Loaders {
  workflow: DataLoader<string, Workflow | null>;
  workflowVersion: DataLoader<VersionKey, WorkflowVersion | null, string>;
  execution: DataLoader<string, Execution | null>;
  executionValues: DataLoader<string, ExecutionValues>;
  waitingFor: DataLoader<string, WaitingFor | null>;
  schedule: DataLoader<string, Schedule | null>;
  webhook: DataLoader<string, Webhook | null>;
  /** Of each secret, by name, the ids of the workflows that use it. */
  secretUsers: DataLoader<string, string[]>;
}

/** Lookups of one kind in the same turn of the event loop become one query. */
export function makeLoaders(
  { workflows, executions, schedules, webhooks, secrets }: Weft,
  { cache, budget }: { cache: boolean; budget: ResponseBudget },
): Loaders {
  return {
    workflow: new DataLoader((ids) => workflows.getMany(ids), { cache }),
    workflowVersion: new DataLoader((keys) => workflows.getVersions(keys), {
      cache,
      cacheKeyFn: ({ workflowId, number }) => `${workflowId}/${number}`,
    }),
    execution: new DataLoader((ids) => executions.getMany(ids), { cache }),
    schedule: new DataLoader((ids) => schedules.getMany(ids), { cache }),
    webhook: new DataLoader((ids) => webhooks.getMany(ids), { cache }),
    secretUsers: new DataLoader((names) => secrets.usedBy(names), { cache }),
    executionValues: new DataLoader((ids) => executions.getValues(ids, budget.spend), { cache }),
    waitingFor: new DataLoader((ids) => executions.waitingFor(ids), { cache }),
  };
}
