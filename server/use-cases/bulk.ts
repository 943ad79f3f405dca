import { LessThan } from 'typeorm';
import type { Database } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import type { CancelMode } from '../engine/cancel.ts';
import { type ExecutionStatus, executionStatuses, hasEnded } from '../journal/event.ts';
import { forEachAtOnce } from '../shared/for-each-at-once.ts';
import type { GivenTrace } from '../shared/trace-context.ts';
import { type ExecutionFilter, whereOf } from './execution-filter.ts';
import type { RetryInput, RetryStrategy, RetryVersion } from './retry.ts';
import type { Execution, Outcome } from './types.ts';

/** What one request has done, of all that the filter has. */
export interface BulkResult {
  /** How many there are, from `after` on. */
  matched: number;
  changed: number;
  refused: number;
  /** Why, by code, with the message of the first. */
  refusals: { code: string; count: number; message: string }[];
  /** Where the next request goes on; null where none is left. */
  endCursor: string | null;
}

export interface BulkRequest {
  filter: ExecutionFilter;
  /** At most so many in one request. */
  first: number;
  /** A former `endCursor`: older ones only. */
  after: string | null;
  /** Counts, and changes nothing. */
  dryRun: boolean;
}

export interface BulkRetry extends BulkRequest {
  strategy: RetryStrategy;
  version: RetryVersion;
  /** Who retries them. */
  principal: string;
  /** The trace that whoever retries them is in. */
  trace?: GivenTrace | null;
  /** The same request again starts nothing more. */
  idempotencyKey: string | null;
  /** How each is retried, where that is limited. */
  retryOne?: BulkDeps['retry'];
}

export interface BulkDeps {
  database: Database;
  cancel: (id: string, mode: CancelMode) => Promise<Outcome<Execution>>;
  retry: (id: string, wanted: RetryInput) => Promise<Outcome<Execution>>;
}

/** Of the database's connections, which everybody else needs as well. */
const AT_ONCE = 4;

const open = executionStatuses.filter((status) => !hasEnded(status));
const notSucceeded: readonly ExecutionStatus[] = ['FAILED', 'CANCELED'];

/**
 * The same for all executions of a filter, newest first and a bounded number a request. What starts meanwhile, as the
 * retries themselves, is newer than all that is left, so that it comes to an end.
 */
export function makeBulkUseCases({ database, cancel, retry }: BulkDeps) {
  const { manager } = database;

  async function doForAll(
    { first, after, dryRun, filter }: BulkRequest,
    change: (id: string) => Promise<Outcome<unknown>>,
  ): Promise<BulkResult> {
    const where = { ...whereOf(filter), ...(after === null ? {} : { id: LessThan(after) }) };
    const matched = await manager.countBy(ExecutionEntity, where);
    const result: BulkResult = { matched, changed: 0, refused: 0, refusals: [], endCursor: null };
    if (dryRun) return result;
    const rows = await manager.find(ExecutionEntity, {
      select: { id: true },
      where,
      order: { id: 'DESC' },
      take: first,
    });
    await forEachAtOnce(rows, AT_ONCE, async ({ id }) => {
      const outcome = await change(id);
      if (outcome.ok) result.changed += 1;
      else refuse(result, outcome.userErrors[0]!);
    });
    result.endCursor = matched > rows.length ? rows.at(-1)!.id : null;
    return result;
  }

  return {
    count: (filter: ExecutionFilter): Promise<number> => manager.countBy(ExecutionEntity, whereOf(filter)),

    /** Those that have not ended. */
    cancelAll(request: BulkRequest, mode: CancelMode): Promise<BulkResult> {
      const filter = { ...request.filter, statuses: both(request.filter.statuses, open) };
      return doForAll({ ...request, filter }, (id) => cancel(id, mode));
    },

    /** Those that have ended, and without `statuses` those that did not succeed. */
    retryAll({
      strategy,
      version,
      principal,
      trace = null,
      idempotencyKey,
      retryOne = retry,
      ...request
    }: BulkRetry): Promise<BulkResult> {
      const ended = executionStatuses.filter(hasEnded);
      const statuses = both(request.filter.statuses ?? notSucceeded, ended);
      return doForAll({ ...request, filter: { ...request.filter, statuses } }, (id) => {
        const key = idempotencyKey === null ? null : `retry ${idempotencyKey} ${id}`;
        return retryOne(id, { strategy, version, principal, trace, idempotencyKey: key });
      });
    },
  };
}

function both(
  wanted: readonly ExecutionStatus[] | null | undefined,
  possible: readonly ExecutionStatus[],
): ExecutionStatus[] {
  return possible.filter((status) => wanted?.includes(status) ?? true);
}

function refuse(result: BulkResult, { code, message }: { code: string; message: string }): void {
  result.refused += 1;
  const known = result.refusals.find((each) => each.code === code);
  if (known === undefined) result.refusals.push({ code, count: 1, message });
  else known.count += 1;
}
