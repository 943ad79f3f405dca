import type { Database } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { WeftError } from '../shared/errors.ts';
import { type ExecutionFilter, whereOf } from './execution-filter.ts';

/** The executions of a span of time. */
export interface ExecutionStats {
  /** When the span begins. */
  at: Date;
  count: number;
  succeeded: number;
  failed: number;
  canceled: number;
  /** Of those that have ended, from their start; null where none has. */
  medianDurationMs: number | null;
  p95DurationMs: number | null;
}

export interface StatsRange {
  from: Date;
  to: Date;
  /** Spans of the same length that the range is made of. */
  buckets: number;
}

const MAX_BUCKETS = 500;

/** Counts and durations over time; each span of the range is there, also where nothing ran. */
export function makeStatsUseCases({ database: { manager } }: { database: Database }) {
  return {
    /** @throws WeftError BAD_USER_INPUT for a range that is none */
    async stats(filter: ExecutionFilter, { from, to, buckets }: StatsRange): Promise<ExecutionStats[]> {
      if (buckets < 1 || buckets > MAX_BUCKETS)
        throw bad(`Expected \`buckets\` to be from 1 to ${MAX_BUCKETS}, got ${buckets}.`);
      const widthMs = (to.getTime() - from.getTime()) / buckets;
      if (widthMs < 1)
        throw bad(`Expected \`to\` after ${from.toISOString()} by at least a millisecond for each bucket.`);
      const between = {
        createdAfter: later(filter.createdAfter, from),
        createdBefore: earlier(filter.createdBefore, to),
      };
      const rows = await manager
        .createQueryBuilder(ExecutionEntity, 'e')
        .select(
          'floor(extract(epoch FROM e.created_at - :from::timestamptz) * 1000 / :widthMs::float8)::int',
          'bucket',
        )
        .addSelect('count(*)::int', 'count')
        .addSelect(countOf('SUCCEEDED'), 'succeeded')
        .addSelect(countOf('FAILED'), 'failed')
        .addSelect(countOf('CANCELED'), 'canceled')
        .addSelect(DURATIONS, 'durations')
        .where(whereOf({ ...filter, ...between }))
        .setParameters({ from, widthMs })
        .groupBy('bucket')
        .getRawMany<Row>();
      const byBucket = new Map(rows.map((row) => [row.bucket, row]));
      return Array.from({ length: buckets }, (_, index) => ({
        at: new Date(from.getTime() + index * widthMs),
        ...toStats(byBucket.get(index)),
      }));
    },
  };
}

interface Row {
  bucket: number;
  count: number;
  succeeded: number;
  failed: number;
  canceled: number;
  /** Milliseconds: the median and the 95th percentile. */
  durations: [number, number] | null;
}

function toStats(row: Row | undefined): Omit<ExecutionStats, 'at'> {
  const { count = 0, succeeded = 0, failed = 0, canceled = 0, durations = null } = row ?? {};
  const [medianDurationMs, p95DurationMs] = durations ?? [null, null];
  return { count, succeeded, failed, canceled, medianDurationMs, p95DurationMs };
}

const countOf = (status: string) => `count(*) FILTER (WHERE e.status = '${status}')::int`;

const DURATIONS = `
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM e.finished_at - e.started_at)::float8 * 1000)
  FILTER (WHERE e.finished_at IS NOT NULL AND e.started_at IS NOT NULL)`;

function later(one: Date | null | undefined, other: Date): Date {
  return one && one > other ? one : other;
}

function earlier(one: Date | null | undefined, other: Date): Date {
  return one && one < other ? one : other;
}

function bad(message: string): WeftError {
  return new WeftError('BAD_USER_INPUT', message);
}
