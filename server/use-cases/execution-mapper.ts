import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import type { ExecutionStatus, NodeError, Wait } from '../journal/event.ts';
import type { ParentNode } from '../nodes/children.ts';
import type { Execution } from './types.ts';

export function toExecution(row: ExecutionEntity): Execution {
  const {
    id,
    project,
    workflowId,
    versionNumber,
    retryOf,
    principal,
    scheduledAt,
    createdAt,
    startedAt,
    finishedAt,
  } = row;
  return {
    id,
    project,
    status: row.status as ExecutionStatus,
    workflowId,
    versionNumber,
    error: row.error as NodeError | null,
    wait: row.wait as Wait | null,
    retryOf,
    partial: row.partial,
    priority: row.priority,
    labels: row.labels ?? {},
    parent: parentOf(row),
    scheduleId: triggerOf(row, 'sch_'),
    webhookId: triggerOf(row, 'wh_'),
    scheduledAt,
    principal,
    createdAt,
    startedAt,
    finishedAt,
  };
}

function triggerOf({ triggerId }: ExecutionEntity, prefix: string): string | null {
  return triggerId?.startsWith(prefix) ? triggerId : null;
}

function parentOf({ parentId, parentNodeKey, parentItem }: ExecutionEntity): ParentNode | null {
  return parentId === null ? null : { executionId: parentId, nodeKey: parentNodeKey!, item: parentItem };
}
