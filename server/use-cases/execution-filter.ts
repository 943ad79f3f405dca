import { Any, type FindOptionsWhere } from 'typeorm';
import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import type { ExecutionStatus } from '../journal/event.ts';

/** Which executions a list has, and which what is done with all of them. */
export interface ExecutionFilter {
  workflowId?: string | null;
  statuses?: readonly ExecutionStatus[] | null;
}

export function whereOf({ workflowId, statuses }: ExecutionFilter): FindOptionsWhere<ExecutionEntity> {
  return {
    ...(workflowId ? { workflowId } : {}),
    ...(statuses ? { status: Any([...new Set(statuses)]) } : {}),
  };
}
