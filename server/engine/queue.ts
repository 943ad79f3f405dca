import type { Pool } from 'pg';
import type { PgBoss } from 'pg-boss';
import { prepared } from '../db/boss.ts';

/**
 * The queue of executions to be driven: one pg-boss job each, from start to end. pg-boss spreads them over the
 * workers, takes back the job of a worker whose heartbeat stops, and gives it to another. Waking workers is the
 * hub's business, so that a wake-up for a worker in the same process costs nothing.
 */
export interface ExecutionQueue {
  claim(limit: number): Promise<ClaimedJob[]>;
  /** Tells pg-boss that these jobs' worker lives. */
  heartbeat(jobIds: readonly string[]): Promise<void>;
  complete(jobId: string): Promise<void>;
  /** Gives the job back; whoever claims next gets it. */
  release(jobId: string): Promise<void>;
}

export interface ClaimedJob {
  jobId: string;
  executionId: string;
}

const QUEUE = 'executions';

/**
 * pg-boss allows no shorter heartbeat than 10 s. With its monitors at 1 s a dead worker's job is claimed again
 * after 10 to 13 s.
 */
const HEARTBEAT_SECONDS = 10;
export const HEARTBEAT_INTERVAL_MS = 2_500;

/**
 * Ends a statement whose part `started (id)` gives an execution: enqueues it, as the job `$1`, and claimed already where
 * `$2` is true. pg-boss's documentation allows jobs to be inserted into its table ("Job table"); that one may be active at
 * once is not said there, and follows from what its `fetch` writes: look at both with a new major version. With `send` and
 * `fetch` a start would be a transaction of five statements; measured bare, that takes two and a half times as long.
 */
export const ENQUEUE_STARTED = `
  INSERT INTO pgboss.job (id, name, data, state, started_on, heartbeat_on, policy, retry_limit, retry_delay, retry_backoff,
                          expire_seconds, keep_until, deletion_seconds, heartbeat_seconds)
  SELECT $1::uuid, '${QUEUE}', jsonb_build_object('executionId', started.id),
         (CASE WHEN $2 THEN 'active' ELSE 'created' END)::pgboss.job_state,
         CASE WHEN $2 THEN now() END, CASE WHEN $2 THEN now() END,
         queue.policy, queue.retry_limit, queue.retry_delay, queue.retry_backoff, queue.expire_seconds,
         now() + queue.retention_seconds * interval '1 second', queue.deletion_seconds, queue.heartbeat_seconds
  FROM started LEFT JOIN pgboss.queue ON queue.name = '${QUEUE}'`;

/** How often a node may lose its worker is the engine's to judge, so pg-boss must never give up first. */
const RETRY_LIMIT = 1_000_000;

export async function openQueue(boss: PgBoss, pool: Pool): Promise<ExecutionQueue> {
  await boss.createQueue(QUEUE, {
    heartbeatSeconds: HEARTBEAT_SECONDS,
    retryLimit: RETRY_LIMIT,
    retryDelay: 0,
    expireInSeconds: 23 * 60 * 60,
    retentionSeconds: 365 * 24 * 60 * 60,
    deleteAfterSeconds: 60 * 60,
  });

  const db = prepared(pool);

  return {
    async claim(limit) {
      const jobs = await boss.fetch<{ executionId: string }>(QUEUE, { batchSize: limit, db });
      return jobs.map(({ id, data }) => ({ jobId: id, executionId: data.executionId }));
    },
    async heartbeat(jobIds) {
      if (jobIds.length > 0) await boss.touch(QUEUE, [...jobIds]);
    },
    async complete(jobId) {
      await boss.complete(QUEUE, jobId, null, { db });
    },
    async release(jobId) {
      await boss.fail(QUEUE, jobId);
    },
  };
}
