import type { Pool } from 'pg';
import type { PgBoss } from 'pg-boss';
import { prepared } from '../db/boss.ts';
import type { Sender } from '../db/commit-together.ts';

/**
 * The queue of executions to be driven: one pg-boss job each, from start to end. pg-boss spreads them over the
 * workers, takes back the job of a worker whose heartbeat stops, and gives it to another. Waking workers is the
 * hub's business, so that a wake-up for a worker in the same process costs nothing.
 */
export interface ExecutionQueue {
  /** A statement for a transaction; wake the workers after that. */
  enqueue(sender: Sender, executionId: string): Promise<void>;
  /** A statement of its own, or, with a sender, for a transaction. */
  claim(limit: number, sender?: Sender): Promise<ClaimedJob[]>;
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
    async enqueue(sender, executionId) {
      await boss.send(QUEUE, { executionId }, { db: prepared(sender) });
    },
    async claim(limit, sender = pool) {
      const jobs = await boss.fetch<{ executionId: string }>(QUEUE, {
        batchSize: limit,
        db: prepared(sender),
      });
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
