import { And, Any, type FindOptionsWhere, LessThan, MoreThanOrEqual, Raw } from 'typeorm';
import type { Reach } from '../auth/principal.ts';
import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import type { ExecutionStatus } from '../journal/event.ts';
import { workflowWithin } from './reach.ts';

/** Which executions a list has, and what is done with all of them is done with. */
export interface ExecutionFilter {
  workflowId?: string | null;
  statuses?: readonly ExecutionStatus[] | null;
  createdAfter?: Date | null;
  createdBefore?: Date | null;
  /** Whether a node of it has failed and waits for somebody. */
  isParked?: boolean | null;
  /** Of whoever asks, where that is not everything. */
  reach?: Reach | null;
}

export function whereOf({
  workflowId,
  statuses,
  createdAfter,
  createdBefore,
  isParked,
  reach,
}: ExecutionFilter): FindOptionsWhere<ExecutionEntity> {
  const times = [
    ...(createdAfter ? [MoreThanOrEqual(createdAfter)] : []),
    ...(createdBefore ? [LessThan(createdBefore)] : []),
  ];
  return {
    ...(workflowId ? { workflowId } : {}),
    ...(reach ? { workflowId: workflowWithin(reach, 'id', workflowId ?? null) } : {}),
    ...(statuses ? { status: Any([...new Set(statuses)]) } : {}),
    ...(times.length > 0 ? { createdAt: And(...times) } : {}),
    ...(isParked == null ? {} : { finishedAt: Raw((column) => parkedSql(column, isParked)) }),
  };
}

function parkedSql(finishedAt: string, isParked: boolean): string {
  const id = finishedAt.replace(/finished_?at/i, 'id');
  const parked = `(${finishedAt} IS NULL AND EXISTS (SELECT FROM parked_failures p WHERE p.execution_id = ${id}))`;
  return isParked ? parked : `NOT ${parked}`;
}
