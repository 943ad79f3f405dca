import { Any } from 'typeorm';
import type { Reach } from '../auth/principal.ts';
import type { Database } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import type { ExecutionStatus } from '../journal/event.ts';
import type { Hub } from '../journal/hub.ts';
import type { Acquire } from '../shared/semaphore.ts';
import { toExecution } from './execution-mapper.ts';
import { followChanges } from './follow-changes.ts';
import { whereReached } from './reach.ts';
import type { Execution } from './types.ts';

export interface UpdateFilter {
  workflowId: string | null;
  statuses: readonly ExecutionStatus[] | null;
  reach?: Reach | null;
}

/** The latest state of each execution whose row changes, once; changes in quick succession may be emitted as one. */
export function followUpdates(
  { database: { manager }, hub }: { database: Database; hub: Hub },
  { workflowId, statuses, reach }: UpdateFilter,
  acquire: Acquire,
): AsyncIterableIterator<Execution> {
  return followChanges(
    {
      hub,
      topic: 'status',
      async find(ids) {
        const rows = await manager.find(ExecutionEntity, {
          where: {
            id: Any(ids),
            ...(workflowId === null ? {} : { workflowId }),
            ...whereReached(reach, 'id'),
            ...(statuses === null ? {} : { status: Any([...new Set(statuses)]) }),
          },
          order: { id: 'ASC' },
        });
        return rows.map(toExecution);
      },
      changedSince: (since) =>
        manager.query(
          'SELECT id, status AS state FROM executions WHERE coalesce(finished_at, started_at, created_at) >= $1',
          [since],
        ),
      stateOf: ({ status }) => status,
    },
    acquire,
  );
}
