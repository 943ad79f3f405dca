import type { Pool } from 'pg';
import type { PgBoss } from 'pg-boss';
import { prepared } from '../db/boss.ts';

/**
 * The queue of executions: one pg-boss job each, from start to end. pg-boss spreads the jobs over the workers and makes
 * the job of a worker whose heartbeat stops claimable again. Waking workers is the hub's business, so that a wake-up
 * for a worker in the same process costs nothing.
 *
 *   created → active (claimed) → completed
 *             active → retry (released, or the heartbeat stopped) → active
 */
export interface ExecutionQueue {
  claim(limit: number): Promise<ClaimedJob[]>;
  /** Reports to pg-boss that the worker of these jobs lives. */
  heartbeat(jobs: readonly ClaimedJob[]): Promise<void>;
  complete(job: ClaimedJob): Promise<void>;
  /** Makes the job claimable again. `asLost`: as if the worker had been lost, because it cannot go on. */
  release(job: ClaimedJob, asLost: boolean): Promise<void>;
  /**
   * Counts a loss of the job's worker at this end of the journal. Gives how many were counted there without an event in
   * between.
   */
  countLoss(job: ClaimedJob, sequence: number): Promise<number>;
}

/** One claim of a job. A worker whose claim has lapsed cannot change the job any more. */
export interface ClaimedJob {
  jobId: string;
  executionId: string;
  /** How often the job was claimed before. */
  retryCount: number;
  /** True where the worker that claimed the job before neither completed nor released it. */
  wasLost: boolean;
}

const QUEUE = 'executions';

/**
 * pg-boss allows no shorter heartbeat than 10 s, counted from the last one. With its monitors at 1 s, another worker
 * claims a dead worker's job 8 to 13 s after its death.
 */
const HEARTBEAT_SECONDS = 10;
export const HEARTBEAT_INTERVAL_MS = 2_500;

/** The engine counts losses by itself, so pg-boss must never fail a job for good. */
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
      const jobs = await boss.fetch<JobData>(QUEUE, { batchSize: limit, db });
      return jobs.map(({ id, data, retryCount }) => ({
        jobId: id,
        executionId: data.executionId,
        retryCount,
        wasLost: retryCount > 0 && data.releasedAt !== retryCount - 1,
      }));
    },
    async heartbeat(jobs) {
      if (jobs.length > 0) await boss.touch(QUEUE, jobs.map(attemptOf));
    },
    async complete(job) {
      await boss.complete(QUEUE, attemptOf(job), null, { db });
    },
    async release(job, asLost) {
      if (!asLost) await pool.query(NOTE_RELEASE, [job.jobId, job.retryCount]);
      await boss.fail(QUEUE, attemptOf(job));
    },
    async countLoss(job, sequence) {
      const { rows } = await pool.query<{ losses: number }>(COUNT_LOSS, [
        job.jobId,
        job.retryCount,
        sequence,
      ]);
      return rows[0]?.losses ?? 0;
    },
  };
}

/**
 * Ends a WITH statement whose part `started (id)` gives an execution: inserts its job with the id `$1`, claimed already
 * where `$2` is true. The row is the one that pg-boss's `send` makes, and `fetch` where it is claimed;
 * test/db/queue.test.ts compares them. pg-boss documents that jobs may be inserted into its table ("Job table").
 * `send` and `fetch` would make a start five statements, which takes two and a half times as long (4.1 ms, this 1.6).
 */
export function insertJobSql(): string {
  return `
    INSERT INTO pgboss.job (id, name, data, state, started_on, heartbeat_on, policy, retry_limit, retry_delay,
                            retry_backoff, expire_seconds, keep_until, deletion_seconds, heartbeat_seconds)
    SELECT $1::uuid, '${QUEUE}', jsonb_build_object('executionId', started.id),
           (CASE WHEN $2 THEN 'active' ELSE 'created' END)::pgboss.job_state,
           CASE WHEN $2 THEN now() END, CASE WHEN $2 THEN now() END,
           queue.policy, queue.retry_limit, queue.retry_delay, queue.retry_backoff, queue.expire_seconds,
           now() + queue.retention_seconds * interval '1 second', queue.deletion_seconds, queue.heartbeat_seconds
    FROM started LEFT JOIN pgboss.queue ON queue.name = '${QUEUE}'`;
}

function attemptOf({ jobId, retryCount }: ClaimedJob): { id: string; retryCount: number } {
  return { id: jobId, retryCount };
}

interface JobData {
  executionId: string;
  /** The job's `retry_count` when it was released last: each claim after the first adds one to that. */
  releasedAt?: number;
}

/** The job's own row counts, because it survives every worker. */
const COUNT_LOSS = `
  UPDATE pgboss.job
  SET data = data || jsonb_build_object(
    'lostAt', $3::int,
    'losses', CASE WHEN (data->>'lostAt')::int = $3::int THEN (data->>'losses')::int + 1 ELSE 1 END)
  WHERE name = '${QUEUE}' AND id = $1 AND retry_count = $2
  RETURNING (data->>'losses')::int AS losses`;

const NOTE_RELEASE = `
  UPDATE pgboss.job SET data = data - 'lostAt' - 'losses' || jsonb_build_object('releasedAt', retry_count)
  WHERE name = '${QUEUE}' AND id = $1 AND retry_count = $2`;
