import type { Pool } from 'pg';
import type { PgBoss } from 'pg-boss';
import { DEFAULT_PRIORITY } from '../nodes/limits.ts';
import { makeBatches } from '../shared/batches.ts';
import { type ClaimedJob, claimJobs, completeJobs, type ParkRequest, parkJobs, QUEUE } from './claims.ts';

/**
 * The queue of executions: one pg-boss job each, from start to end. pg-boss spreads the jobs over the workers and makes
 * the job of a worker whose heartbeat stops claimable again. Waking workers is the hub's business, so that a wake-up
 * for a worker in the same process costs nothing.
 *
 *   created → active (claimed) → none (completed)
 *             active → retry (released, or the heartbeat stopped) → active
 *             active → none (parked: `executions.wake_at` is set) → created (due, or signaled)
 *
 * What is parked has no job, because pg-boss counts the jobs of a queue each second and walks past those that are not due.
 */
export interface ExecutionQueue {
  claim(limit: number): Promise<ClaimedJob[]>;
  /** Reports to pg-boss that the worker of these jobs lives. */
  heartbeat(jobs: readonly ClaimedJob[]): Promise<void>;
  complete(job: ClaimedJob): Promise<void>;
  /**
   * Takes the job away until `wakeAt` (milliseconds of the epoch, or Infinity) or a signal. False where the execution
   * has more signals than the worker knows or is to be cancelled, and where the claim has lapsed.
   */
  park(job: ClaimedJob, wakeAt: number, knownSignals: number): Promise<boolean>;
  /** Makes jobs of the parked executions that are due. Gives their number. */
  wakeDue(): Promise<number>;
  /** Makes the job claimable again. `asLost`: as if the worker had been lost, because it cannot go on. */
  release(job: ClaimedJob, asLost: boolean): Promise<void>;
  /**
   * Counts a loss of the job's worker at this end of the journal. Gives how many were counted there without an event in
   * between.
   */
  countLoss(job: ClaimedJob, sequence: number): Promise<number>;
}

/**
 * pg-boss allows no shorter heartbeat than 10 s, counted from the last one. With its monitors at 1 s, another worker
 * claims a dead worker's job 8 to 13 s after its death.
 */
const HEARTBEAT_SECONDS = 10;
export const HEARTBEAT_INTERVAL_MS = 2_500;

/**
 * pg-boss takes a job from its worker after at most a day, however well that is. Here the heartbeat alone decides. As many
 * seconds as its column holds.
 */
const NEVER_EXPIRES = 2_147_483_647;

/** Of jobs that one statement completes or parks. */
const BATCHES = { max: 500, atOnce: 1 };
/**
 * Nobody waits for the job of an execution that has ended to go. With 16 clients that start executions of one output node,
 * the rest is worth 4 % of executions a second (on two cores, 814 and 846).
 */
const COMPLETED = { ...BATCHES, restMs: 20 };

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

  const complete = makeBatches((jobs: ClaimedJob[]) => completeJobs(pool, jobs), COMPLETED);
  const park = makeBatches((requests: ParkRequest[]) => parkJobs(pool, requests), BATCHES);

  return {
    claim: (limit) => claimJobs(pool, limit),
    async heartbeat(jobs) {
      if (jobs.length > 0) await boss.touch(QUEUE, jobs.map(attemptOf));
    },
    complete,
    park: (job, wakeAt, knownSignals) => park({ job, wakeAt, knownSignals }),
    async wakeDue() {
      let woken = 0;
      for (let count = WAKE_BATCH; count === WAKE_BATCH; woken += count) {
        count = (await pool.query({ name: 'weft-wake-due', text: WAKE_DUE })).rowCount ?? 0;
      }
      return woken;
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
 * Ends a WITH statement whose part `started (id, priority)` gives executions: inserts a job for each, with `id`, claimed already
 * where `isClaimed`. The row is the one that pg-boss's `send` makes, and `fetch` where it is claimed;
 * test/db/queue.test.ts compares them. pg-boss documents that jobs may be inserted into its table ("Job table").
 * `send` and `fetch` would make a start five statements, which takes two and a half times as long (4.1 ms, this 1.6).
 */
export function insertJobSql(id = '$1::uuid', isClaimed = '$2', data = ''): string {
  return `
    INSERT INTO pgboss.job (id, name, data, priority, state, started_on, heartbeat_on, policy, retry_limit, retry_delay,
                            retry_backoff, expire_seconds, keep_until, deletion_seconds, heartbeat_seconds)
    SELECT ${id}, '${QUEUE}', jsonb_build_object('executionId', started.id${data}), started.priority - ${DEFAULT_PRIORITY},
           (CASE WHEN ${isClaimed} THEN 'active' ELSE 'created' END)::pgboss.job_state,
           CASE WHEN ${isClaimed} THEN now() END, CASE WHEN ${isClaimed} THEN now() END,
           queue.policy, queue.retry_limit, queue.retry_delay, queue.retry_backoff, ${NEVER_EXPIRES},
           now() + queue.retention_seconds * interval '1 second', queue.deletion_seconds, queue.heartbeat_seconds
    FROM started LEFT JOIN pgboss.queue ON queue.name = '${QUEUE}'`;
}

function attemptOf({ jobId, retryCount }: ClaimedJob): { id: string; retryCount: number } {
  return { id: jobId, retryCount };
}

/** Of parked executions that become jobs in one statement. */
const WAKE_BATCH = 1_000;
/** For jobs of executions that had none: those that were parked, and those that a limit lets go. */
export function insertWokenJobSql(): string {
  return insertJobSql(
    'gen_random_uuid()',
    'false',
    ", 'notBefore', floor(extract(epoch FROM now()) * 1000)::bigint",
  );
}

const WAKE_DUE = `
  WITH due AS (
    SELECT id FROM executions WHERE wake_at <= now() ORDER BY wake_at LIMIT ${WAKE_BATCH} FOR UPDATE SKIP LOCKED
  ), started AS (
    UPDATE executions SET wake_at = NULL FROM due WHERE executions.id = due.id RETURNING executions.id, executions.priority
  ) ${insertWokenJobSql()}`;

/** Of executions whose job no worker has claimed yet: how many go before, and since when. $1 are their ids. */
export const PLACES_IN_QUEUE = `
  SELECT id, since, position FROM (
    SELECT data->>'executionId' AS id, created_on AS since,
           row_number() OVER (ORDER BY priority DESC, created_on, id)::int AS position
    FROM pgboss.job WHERE name = '${QUEUE}' AND state < 'active'
  ) AS waiting WHERE id = ANY ($1)`;

/** Makes a job of the execution where it is parked. */
export const WAKE = `
  WITH started AS (
    UPDATE executions SET wake_at = NULL WHERE id = $1 AND wake_at IS NOT NULL RETURNING id, priority
  ) ${insertWokenJobSql()}`;

/**
 * Stores a signal for a node of an execution that has not ended, and makes a job of the execution where it is parked.
 * The first part gives the signal's number; no row where the execution has ended.
 */
export const SEND_SIGNAL = `
  WITH target AS (
    SELECT id, wake_at, priority FROM executions WHERE id = $1 AND finished_at IS NULL FOR UPDATE
  ), counted AS (
    UPDATE executions SET signals = executions.signals + 1, wake_at = NULL
    FROM target WHERE executions.id = target.id
    RETURNING executions.id, executions.signals
  ), stored AS (
    INSERT INTO execution_signals (execution_id, number, node_key, item, payload)
    SELECT id, signals, $2, $3, $4 FROM counted RETURNING number
  ), started AS (
    SELECT id, priority FROM target WHERE wake_at IS NOT NULL
  ), woken AS (${insertWokenJobSql()})
  SELECT number FROM stored`;

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
