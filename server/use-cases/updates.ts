import { Any } from 'typeorm';
import type { Database, Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import type { ExecutionStatus } from '../journal/event.ts';
import type { Hub } from '../journal/hub.ts';
import type { Acquire } from '../shared/semaphore.ts';
import { abortableGenerator } from './abortable-generator.ts';
import { toExecution } from './execution-mapper.ts';
import type { Execution } from './types.ts';

export interface UpdateFilter {
  workflowId: string | null;
  statuses: readonly ExecutionStatus[] | null;
}

/** How far back a search for changes without a wake-up reaches: commits and clocks of other replicas lag. */
const LOOK_BACK_MS = 30_000;
/** More executions than change within that time on a busy system. */
const MAX_REMEMBERED = 20_000;

/** The latest state of each execution whose row changes, once; changes in quick succession may be emitted as one. */
export function followUpdates(
  deps: { database: Database; hub: Hub },
  filter: UpdateFilter,
  acquire: Acquire,
): AsyncIterableIterator<Execution> {
  return abortableGenerator((signal) => follow(deps, filter, acquire, signal));
}

async function* follow(
  { database: { manager }, hub }: { database: Database; hub: Hub },
  filter: UpdateFilter,
  acquire: Acquire,
  signal: AbortSignal,
): AsyncGenerator<Execution, void> {
  const startedAt = Date.now();
  const emitted = new Map<string, string>();
  let changed = new Set<string>();
  let lookedAt: number | null = null;
  let mayHaveMissed = false;
  let wake = Promise.withResolvers<void>();
  const stopListening = hub.listen('status', undefined, (id) => {
    if (id === undefined) mayHaveMissed = true;
    else changed.add(id);
    wake.resolve();
  });
  signal.addEventListener('abort', () => wake.resolve(), { once: true });
  try {
    for (;;) {
      await wake.promise;
      wake = Promise.withResolvers();
      using _turn = await acquire(signal);
      const ids = changed;
      changed = new Set();
      const updated = await retryWhileDisconnected(async () => {
        if (mayHaveMissed) await look(ids);
        return findUpdated(manager, [...ids], filter);
      }, signal).catch((error) => {
        if (signal.aborted) return [];
        throw error;
      });
      if (signal.aborted) return;
      for (const execution of updated) if (isNew(execution)) yield execution;
    }
  } finally {
    stopListening();
  }

  async function look(ids: Set<string>): Promise<void> {
    const now = Date.now();
    const since = new Date(Math.max(startedAt, (lookedAt ?? now) - LOOK_BACK_MS));
    for (const { id, status } of await changedSince(manager, since))
      if (emitted.get(id) !== status) ids.add(id);
    lookedAt = now;
    mayHaveMissed = false;
  }

  function isNew({ id, status }: Execution): boolean {
    if (emitted.get(id) === status) return false;
    emitted.delete(id);
    emitted.set(id, status);
    if (emitted.size > MAX_REMEMBERED) emitted.delete(emitted.keys().next().value!);
    return true;
  }
}

function changedSince(manager: Tx, since: Date): Promise<{ id: string; status: string }[]> {
  return manager.query(
    'SELECT id, status FROM executions WHERE coalesce(finished_at, started_at, created_at) >= $1',
    [since],
  );
}

async function findUpdated(manager: Tx, ids: string[], filter: UpdateFilter): Promise<Execution[]> {
  if (ids.length === 0) return [];
  const rows = await manager.find(ExecutionEntity, {
    where: {
      id: Any(ids),
      ...(filter.workflowId === null ? {} : { workflowId: filter.workflowId }),
      ...(filter.statuses === null ? {} : { status: Any([...new Set(filter.statuses)]) }),
    },
    order: { id: 'ASC' },
  });
  return rows.map(toExecution);
}
