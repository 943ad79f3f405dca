import DataLoader from 'dataloader';
import type { Execution, Workflow, WorkflowVersion } from '../workflows/types.ts';
import type { Weft } from '../workflows/weft.ts';

export interface VersionKey {
  workflowId: string;
  number: number;
}

export interface Loaders {
  workflow: DataLoader<string, Workflow | null>;
  workflowVersion: DataLoader<VersionKey, WorkflowVersion | null, string>;
  execution: DataLoader<string, Execution | null>;
}

/** Lookups asked for in the same turn of the event loop become one query each. */
export function makeLoaders({ workflows, executions }: Weft, { remember }: { remember: boolean }): Loaders {
  return {
    workflow: new DataLoader((ids) => workflows.getMany(ids), { cache: remember }),
    workflowVersion: new DataLoader((keys) => workflows.getVersions(keys), {
      cache: remember,
      cacheKeyFn: ({ workflowId, number }) => `${workflowId}/${number}`,
    }),
    execution: new DataLoader((ids) => executions.getMany(ids), { cache: remember }),
  };
}
