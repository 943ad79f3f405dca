import type { Tx } from '../../db/database.ts';
import type { OverlapPolicy, ScheduleFiring } from './schedule.ts';

/** Of one schedule; what fires beyond them is skipped. */
export const MAX_BUFFERED = 1_000;
/** The firings of a schedule that are kept. */
const MAX_KEPT = 1_000;

export type NewFiring = Pick<ScheduleFiring, 'scheduledAt' | 'outcome' | 'reason' | 'executionId'>;

/** What is done with a time that has come. */
export type Decision = 'START' | 'BUFFER' | 'SKIP' | 'REPLACE';

/** `open`: executions of the schedule that have not ended. `buffered`: firings that wait for one to end. */
export function decide(overlap: OverlapPolicy, open: number, buffered: number): Decision {
  if (overlap === 'ALLOW' || (open === 0 && buffered === 0)) return 'START';
  switch (overlap) {
    case 'SKIP':
      return 'SKIP';
    case 'BUFFER_ONE':
      return buffered === 0 ? 'BUFFER' : 'SKIP';
    case 'BUFFER_ALL':
      return buffered < MAX_BUFFERED ? 'BUFFER' : 'SKIP';
    case 'CANCEL_OTHER':
      return 'REPLACE';
    default:
      return overlap satisfies never;
  }
}

/** Gives how many were new: a time for which an execution was started, or is to be, is left as it is. */
export async function insertFirings(
  tx: Tx,
  scheduleId: string,
  firings: readonly NewFiring[],
): Promise<number> {
  if (firings.length === 0) return 0;
  const [{ count }] = (await tx.query(INSERT, [
    scheduleId,
    firings.map(({ scheduledAt }) => scheduledAt),
    firings.map(({ outcome }) => outcome),
    firings.map(({ reason }) => reason),
    firings.map(({ executionId }) => executionId),
  ])) as [{ count: number }];
  await tx.query(DELETE_OLD, [scheduleId, MAX_KEPT]);
  return count;
}

const INSERT = `
  WITH inserted AS (
    INSERT INTO schedule_firings (schedule_id, scheduled_at, fired_at, outcome, reason, execution_id)
    SELECT $1, *
    FROM (SELECT unnest($2::timestamptz[]), now(), unnest($3::text[]), unnest($4::text[]), unnest($5::text[])) AS given
    ON CONFLICT (schedule_id, scheduled_at) DO UPDATE
    SET fired_at = excluded.fired_at, outcome = excluded.outcome, reason = excluded.reason,
        execution_id = excluded.execution_id
    WHERE schedule_firings.outcome IN ('SKIPPED', 'MISSED', 'REFUSED')
    RETURNING 1
  )
  SELECT count(*)::int AS count FROM inserted`;

const DELETE_OLD = `
  DELETE FROM schedule_firings
  WHERE schedule_id = $1 AND outcome <> 'BUFFERED' AND scheduled_at < (
    SELECT scheduled_at FROM schedule_firings WHERE schedule_id = $1 ORDER BY scheduled_at DESC OFFSET $2 LIMIT 1
  )`;
