import {
  type BulkPartsFragment,
  type ExecutionCancelMode,
  ExecutionCountDocument,
  type ExecutionFilter,
  type ExecutionRetryStrategy,
  type ExecutionRetryVersion,
  ExecutionStatsDocument,
  type ExecutionStatsQuery,
  ExecutionsCancelDocument,
  ExecutionsRetryDocument,
} from './_generated_operations.ts';
import { WeftInputError } from './errors.ts';
import type { Settings } from './options.ts';
import { makeIdempotencyKey, type RequestOptions, request } from './request.ts';

/** What was done with all executions of a filter. */
export interface BulkResult {
  /** How many there were. */
  matched: number;
  changed: number;
  /** How many were left as they are, and why, by code. */
  refused: number;
  refusals: { code: string; count: number; message: string }[];
}

export interface BulkOptions extends RequestOptions {
  /** Which executions, as `list` has them. */
  filter: ExecutionFilter;
  /** Counts them, and changes nothing. */
  dryRun?: boolean;
  /** Called after each request with what has been done so far. */
  onProgress?: (soFar: BulkResult) => void;
}

export interface CancelAllOptions extends BulkOptions {
  mode?: ExecutionCancelMode;
}

export interface RetryAllOptions extends BulkOptions {
  strategy?: ExecutionRetryStrategy;
  version?: ExecutionRetryVersion;
}

/** The executions that were requested within a span of time. */
export type ExecutionStats = ExecutionStatsQuery['executionStats'][number];

export interface StatsOptions extends RequestOptions {
  filter?: ExecutionFilter;
  from: Date | string;
  /** Now unless given. */
  to?: Date | string;
  /** How many spans, 1 to 500; 24 unless given. */
  buckets?: number;
}

export interface BulkMethods {
  /** How many executions a filter has. */
  count(filter?: ExecutionFilter, options?: RequestOptions): Promise<number>;
  /**
   * Counts and durations of the executions of a filter over time, for charts: a span for each bucket, in order.
   * @throws WeftRequestError for a range without length
   */
  stats(options: StatsOptions): Promise<ExecutionStats[]>;
  /** Cancels all executions of a filter that have not ended, request by request, newest first. */
  cancelAll(options: CancelAllOptions): Promise<BulkResult>;
  /**
   * Retries all executions of a filter that have ended, request by request, newest first; without `statuses` in the
   * filter those that FAILED or were CANCELED.
   */
  retryAll(options: RetryAllOptions): Promise<BulkResult>;
}

export function makeBulk(settings: Settings): BulkMethods {
  return {
    async count(filter, options) {
      const variables = filter === undefined ? {} : { filter };
      return (await request(settings, ExecutionCountDocument, variables, options)).executionCount;
    },
    async stats({ filter, from, to, buckets, ...options }) {
      const variables = {
        from: new Date(from).toISOString(),
        ...(filter !== undefined && { filter }),
        ...(to !== undefined && { to: new Date(to).toISOString() }),
        ...(buckets !== undefined && { buckets }),
      };
      return (await request(settings, ExecutionStatsDocument, variables, options)).executionStats;
    },
    cancelAll: ({ mode, ...options }) =>
      doForAll(options, async (page, idempotent) => {
        const variables = { ...page, ...(mode && { mode }) };
        return (await request(settings, ExecutionsCancelDocument, variables, idempotent)).executionsCancel;
      }),
    retryAll({ strategy, version, ...options }) {
      const idempotencyKey = makeIdempotencyKey();
      return doForAll(options, async (page, idempotent) => {
        const wanted = { ...(strategy && { strategy }), ...(version && { version }), idempotencyKey };
        const variables = { ...page, ...wanted };
        return (await request(settings, ExecutionsRetryDocument, variables, idempotent)).executionsRetry;
      });
    },
  };
}

interface Page {
  filter: ExecutionFilter;
  dryRun: boolean;
  after: string | null;
}

async function doForAll(
  { filter, dryRun = false, onProgress, ...options }: BulkOptions,
  send: (page: Page, options: RequestOptions & { idempotent: true }) => Promise<BulkPartsFragment>,
): Promise<BulkResult> {
  const result: BulkResult = { matched: 0, changed: 0, refused: 0, refusals: [] };
  for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
    const part = await send({ filter, dryRun, after }, { ...options, idempotent: true });
    if (part.userErrors.length > 0) throw new WeftInputError(part.userErrors);
    if (isFirst) result.matched = part.matched;
    result.changed += part.changed;
    result.refused += part.refused;
    for (const refusal of part.refusals) addRefusal(result.refusals, refusal);
    after = part.endCursor;
    onProgress?.(structuredClone(result));
  }
  return result;
}

function addRefusal(
  refusals: BulkResult['refusals'],
  { code, count, message }: BulkResult['refusals'][number],
) {
  const known = refusals.find((each) => each.code === code);
  if (known === undefined) refusals.push({ code, count, message });
  else known.count += count;
}
