import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { PgBoss } from 'pg-boss';
import type { Logger } from '../shared/logger.ts';

const QUEUE = 'retention';
const INTERVAL_SECONDS = 60 * 60;
/** Executions deleted in one statement. A pause between statements lets other queries pass. */
const BATCH = 100;
const PAUSE_MS = 100;

/**
 * Deletes executions that ended more than so many days ago, with their journals: once an hour, by one of the workers,
 * whichever takes the job. An execution stays while an execution that retries it does. The audit trail of security
 * violations is never deleted.
 */
export async function openRetention(deps: {
  pool: Pool;
  boss: PgBoss;
  days: number;
  logger: Logger;
}): Promise<Disposable> {
  const { pool, boss, days, logger } = deps;
  const closing = new AbortController();
  await boss.createQueue(QUEUE, { retryLimit: 2, expireInSeconds: INTERVAL_SECONDS });
  await boss.work(QUEUE, { pollingIntervalSeconds: 5 }, async () => {
    const before = new Date(Date.now() - days * 24 * 60 * 60 * 1_000);
    const deleted = await deleteEnded(pool, before, closing.signal);
    if (deleted > 0) logger.info({ deleted, before }, 'old executions were deleted');
  });
  // Every worker sends a job; the queue accepts the first one of each hour.
  // cannot reject: it catches what fails
  const sendJob = () =>
    boss
      .send(QUEUE, null, { singletonSeconds: INTERVAL_SECONDS })
      .catch((error) => logger.warn({ err: error }, 'old executions are deleted later'));
  await sendJob();
  const timer = setInterval(() => void sendJob(), INTERVAL_SECONDS * 1_000);
  return {
    [Symbol.dispose]() {
      closing.abort();
      clearInterval(timer);
    },
  };
}

/** Resolves to the number of deleted executions. */
async function deleteEnded(pool: Pool, before: Date, signal: AbortSignal): Promise<number> {
  for (let deleted = 0; ; await delay(PAUSE_MS, undefined, { signal }).catch(() => {})) {
    const { rowCount } = await pool.query(DELETE, [before, BATCH]);
    deleted += rowCount ?? 0;
    if (rowCount === 0 || signal.aborted) return deleted;
  }
}

const DELETE = `
  WITH ended AS (
    SELECT id FROM executions
    WHERE coalesce(finished_at, started_at, created_at) < $1 AND finished_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM executions AS retry WHERE retry.retry_of = executions.id)
    ORDER BY coalesce(finished_at, started_at, created_at)
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  ), events AS (
    DELETE FROM execution_events USING ended WHERE execution_id = ended.id
  )
  DELETE FROM executions USING ended WHERE executions.id = ended.id`;
