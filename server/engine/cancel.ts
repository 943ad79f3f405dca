import type { Pool } from 'pg';
import type { Appender } from '../journal/append.ts';
import { type EventBody, hasEnded } from '../journal/event.ts';
import type { Hub } from '../journal/hub.ts';
import { FIRST_SEQUENCE } from '../journal/start.ts';
import { WeftError } from '../shared/errors.ts';
import { emptyState } from './fold.ts';
import { foldJournal } from './fold-journal.ts';
import { WAKE } from './queue.ts';
import { executionCanceled } from './stop.ts';
import { cancelWaitingItems } from './waits.ts';

export type CancelMode = 'GRACEFUL' | 'FORCE';

export interface CancelDeps {
  pool: Pool;
  appender: Appender;
  hub: Hub;
}

/**
 * Cancels an execution, and with it those that its nodes wait for. A worker stops what runs; what no worker has ends
 * here. Where both write, the journal's fence decides between the two. Nothing happens where it has ended.
 */
export async function cancelExecution(deps: CancelDeps, id: string, mode: CancelMode): Promise<void> {
  const { pool, hub } = deps;
  const { rows } = await pool.query<Requested>(REQUEST, [id, mode]);
  if (rows[0] === undefined) return;
  const { status, replacedBy } = rows[0];
  hub.wake('request', id);
  if (status !== 'QUEUED' && status !== 'WAITING') return;
  await endUnclaimed(deps, id, status, replacedBy);
  await cancelChildren(deps, id, mode);
}

/** Those that nodes of the execution wait for, and that have not ended. */
export async function cancelChildren(
  deps: CancelDeps,
  id: string,
  mode: CancelMode = 'GRACEFUL',
): Promise<void> {
  const { rows } = await deps.pool.query<{ id: string }>(CHILDREN, [id]);
  for (const child of rows) await cancelExecution(deps, child.id, mode);
}

async function endUnclaimed(
  { pool, appender, hub }: CancelDeps,
  id: string,
  status: 'QUEUED' | 'WAITING',
  replacedBy: string | null,
): Promise<void> {
  const { state, sequence } =
    status === 'QUEUED'
      ? { state: emptyState(), sequence: FIRST_SEQUENCE }
      : await foldJournal(pool, id, () => null);
  if (state.status !== status || hasEnded(state.status)) return;
  try {
    const events: EventBody[] = [...cancelWaitingItems(state), executionCanceled(replacedBy)];
    await appender.open(id, sequence).append(events);
  } catch (error) {
    // A worker has it meanwhile, and reads the request.
    if ((error as WeftError).code !== 'JOURNAL_FENCED') throw error;
  }
  // A worker does what follows from its end.
  await pool.query(WAKE, [id]);
  hub.wake('queue', '');
}

const REQUEST = `
  UPDATE executions SET cancel_requested = $2 WHERE id = $1 AND finished_at IS NULL
  RETURNING status, replaced_by AS "replacedBy"`;

interface Requested {
  status: string;
  replacedBy: string | null;
}

const CHILDREN = 'SELECT id FROM executions WHERE parent_id = $1 AND is_awaited AND finished_at IS NULL';
