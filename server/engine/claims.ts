import type { Pool } from 'pg';

export const QUEUE = 'executions';

/** One claim of a job. A worker whose claim has lapsed cannot change the job any more. */
export interface ClaimedJob {
  jobId: string;
  executionId: string;
  /** How often the job was claimed before. */
  retryCount: number;
  /** True where the worker that claimed the job before neither completed nor released it. */
  wasLost: boolean;
  /** A moment, milliseconds of the epoch, that the clock of the database was past when the job was made. */
  notBefore: number;
}

/**
 * What workers do with many jobs in one statement: claim, complete and park them. Where a statement names jobs, the name
 * of the queue comes with each of them and is no constant: of a constant Postgres guesses that few jobs have it, and may
 * walk all of them. None is prepared, because a plan made while the table is empty would be kept while it fills.
 */
export async function claimJobs(pool: Pool, limit: number): Promise<ClaimedJob[]> {
  const { rows } = await pool.query<{ id: string; data: JobData; retryCount: number }>(CLAIM, [limit]);
  return rows.map(({ id, data, retryCount }) => ({
    jobId: id,
    executionId: data.executionId,
    retryCount,
    wasLost: retryCount > 0 && data.releasedAt !== retryCount - 1,
    notBefore: data.notBefore ?? 0,
  }));
}

interface JobData {
  executionId: string;
  /** See ClaimedJob. */
  notBefore?: number;
  /** The job's `retry_count` when it was released last: each claim after the first adds one to that. */
  releasedAt?: number;
}

/**
 * What pg-boss's `fetch` does; test/db/queue.test.ts compares them. Its join walks all jobs of the queue for each claim
 * wherever Postgres, which guesses their number, guesses few: with 3,000 jobs that is 3 ms a claim, and this 0.2.
 */
const CLAIM = `
  WITH next AS MATERIALIZED (
    SELECT name, id FROM pgboss.job
    WHERE name = '${QUEUE}' AND state < 'active' AND NOT blocked AND start_after <= now()
    ORDER BY priority DESC, created_on LIMIT $1 FOR UPDATE SKIP LOCKED
  )
  UPDATE pgboss.job SET
    state = 'active', started_on = now(), heartbeat_on = now(),
    retry_count = CASE WHEN job.started_on IS NULL THEN job.retry_count ELSE job.retry_count + 1 END
  FROM next WHERE job.name = next.name AND job.id = next.id
  RETURNING job.id, job.data, job.retry_count AS "retryCount"`;

export async function completeJobs(pool: Pool, jobs: readonly ClaimedJob[]): Promise<undefined[]> {
  await pool.query(COMPLETE, claimColumns(jobs));
  return [];
}

/** Deleted, not kept as completed: nobody reads it, and a claim that meets fewer rows is faster. */
const COMPLETE = `
  DELETE FROM pgboss.job USING unnest($1::text[], $2::uuid[], $3::int[]) AS held (name, id, retry_count)
  WHERE job.name = held.name AND job.id = held.id AND job.retry_count = held.retry_count`;

export interface ParkRequest {
  job: ClaimedJob;
  wakeAt: number;
  knownSignals: number;
}

export async function parkJobs(pool: Pool, requests: readonly ParkRequest[]): Promise<boolean[]> {
  const { rows } = await pool.query<{ id: string }>(PARK, [
    ...claimColumns(requests.map(({ job }) => job)),
    requests.map(({ job }) => job.executionId),
    requests.map(({ wakeAt }) => (Number.isFinite(wakeAt) ? new Date(wakeAt).toISOString() : 'infinity')),
    requests.map(({ knownSignals }) => knownSignals),
  ]);
  const parked = new Set(rows.map(({ id }) => id));
  return requests.map(({ job }) => parked.has(job.executionId));
}

/** The row of the execution is locked by whoever sends a signal, so one of the two sees the other. */
const PARK = `
  WITH held AS (
    SELECT job.name, job.id, asked.execution_id, asked.wake_at, asked.signals
    FROM unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::int[])
      AS asked (name, id, retry_count, execution_id, wake_at, signals)
    JOIN pgboss.job ON job.name = asked.name AND job.id = asked.id
    WHERE job.retry_count = asked.retry_count AND job.state::text = 'active'
    ORDER BY asked.execution_id FOR UPDATE OF job
  ), parked AS (
    UPDATE executions SET wake_at = held.wake_at FROM held
    WHERE executions.id = held.execution_id AND executions.signals = held.signals AND cancel_requested IS NULL
    RETURNING executions.id
  ), given_up AS (
    DELETE FROM pgboss.job USING held JOIN parked ON parked.id = held.execution_id
    WHERE job.name = held.name AND job.id = held.id
  )
  SELECT id FROM parked`;

function claimColumns(jobs: readonly ClaimedJob[]): unknown[] {
  return [jobs.map(() => QUEUE), jobs.map(({ jobId }) => jobId), jobs.map(({ retryCount }) => retryCount)];
}
