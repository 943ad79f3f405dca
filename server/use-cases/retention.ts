import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { PgBoss } from 'pg-boss';
import type { Retention, RetentionRule } from '../nodes/draft.ts';
import { idBefore } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';

const QUEUE = 'retention';
const INTERVAL_SECONDS = 60 * 60;
/** Executions deleted in one statement. A pause between statements lets other queries pass. */
const BATCH = 100;
const PAUSE_MS = 100;
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * Deletes executions that ended, with their journals: once an hour, by one of the workers, whichever takes the job. A
 * workflow's latest version may say, for each status, how old its executions become and how many are kept; of all
 * others, those that ended more than `days` ago are deleted, where it is set. An execution stays while one that retries
 * it does, and while the one that started it has not ended. Lines of the audit trail that are more than `auditDays` old
 * are deleted, where it is set; security violations never are.
 */
export async function openRetention(deps: {
  pool: Pool;
  boss: PgBoss;
  days: number | undefined;
  auditDays: number | undefined;
  logger: Logger;
}): Promise<Disposable> {
  const { pool, boss, days, auditDays, logger } = deps;
  const closing = new AbortController();
  await boss.createQueue(QUEUE, { retryLimit: 2, expireInSeconds: INTERVAL_SECONDS });
  await boss.work(QUEUE, { pollingIntervalSeconds: 5 }, async () => {
    const deleted = await deleteOld(pool, days, closing.signal);
    if (deleted > 0) logger.info({ deleted }, 'old executions were deleted');
    const lines = auditDays === undefined ? 0 : await deleteLines(pool, ago(auditDays), closing.signal);
    if (lines > 0) logger.info({ deleted: lines, auditDays }, 'old lines of the audit trail were deleted');
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

/** What a workflow says of its executions of one status. */
interface OwnRule extends RetentionRule {
  workflowId: string;
  status: string;
}

/** Resolves to the number of deleted executions. */
async function deleteOld(pool: Pool, days: number | undefined, signal: AbortSignal): Promise<number> {
  const rules = await ownRules(pool);
  let deleted = 0;
  for (const { workflowId, status, ...rule } of rules) {
    const ofRule = [workflowId, status] as const;
    if (rule.days !== null) {
      const before = ago(rule.days);
      deleted += await inBatches(
        pool,
        DELETE_AGED,
        [...ofRule, before, idBefore('exec', before.getTime())],
        '',
        signal,
      );
    }
    if (rule.count !== null) {
      const { rows } = await pool.query<{ id: string }>(FIRST_BEYOND, [...ofRule, rule.count]);
      if (rows.length > 0)
        deleted += await inBatches(pool, DELETE_BEYOND, [...ofRule, null, rows[0]!.id], '', signal);
    }
  }
  if (days === undefined) return deleted;
  const own = [rules.map(({ workflowId }) => workflowId), rules.map(({ status }) => status)];
  return deleted + (await inBatches(pool, DELETE_OTHERS, [...own, ago(days), null], EPOCH, signal));
}

async function deleteLines(pool: Pool, before: Date, signal: AbortSignal): Promise<number> {
  return inBatches(pool, DELETE_LINES, [before, idBefore('aud', before.getTime())], '', signal);
}

async function ownRules(pool: Pool): Promise<OwnRule[]> {
  const { rows } = await pool.query<{ workflowId: string; retention: Retention }>(RETENTIONS);
  return rows.flatMap(({ workflowId, retention }) =>
    Object.entries(retention).flatMap(([status, rule]) =>
      rule === null ? [] : [{ workflowId, status: status.toUpperCase(), ...(rule as RetentionRule) }],
    ),
  );
}

function ago(days: number): Date {
  return new Date(Date.now() - days * DAY_MS);
}

/** Goes on where the last batch ended, so that what stays is not looked at again. */
async function inBatches(
  pool: Pool,
  statement: string,
  values: readonly unknown[],
  first: string | Date,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (let from = first; !signal.aborted; ) {
    const { rows } = await pool.query<Batch>(statement, [...values, from, BATCH]);
    const { count, last } = rows[0]!;
    deleted += count;
    if (count < BATCH) break;
    from = last!;
    await delay(PAUSE_MS, undefined, { signal }).catch(() => {}); // whoever aborts ends the loop
  }
  return deleted;
}

const RETENTIONS = `
  SELECT w.id AS "workflowId", v.definition->'retention' AS retention
  FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = w.latest_version
  WHERE v.definition->>'retention' IS NOT NULL`;

const EPOCH = new Date(0);

interface Batch {
  count: number;
  /** Where it ended; null where there was nothing. */
  last: string | Date | null;
}

const MOMENT = 'coalesce(e.finished_at, e.started_at, e.created_at)';

/**
 * Those that nothing else needs, in order, from $5 on and $6 at most. The parent is no join, for which Postgres would read
 * the whole table where it guesses that few executions have not ended.
 */
function deleteSql(where: string, order: string): string {
  return `
    WITH ended AS (
      SELECT e.id, ${order} AS place FROM executions e
      WHERE ${where} AND ${order} >= $5 AND e.finished_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM executions retry WHERE retry.retry_of = e.id)
        AND coalesce((SELECT parent.finished_at IS NOT NULL FROM executions parent WHERE parent.id = e.parent_id), true)
      ORDER BY ${order} LIMIT $6
      FOR UPDATE OF e SKIP LOCKED
    ), events AS (
      DELETE FROM execution_events USING ended WHERE execution_id = ended.id
    ), deleted AS (
      DELETE FROM executions USING ended WHERE executions.id = ended.id
    )
    SELECT count(*)::int AS count, max(place) AS last FROM ended`;
}

/**
 * Of a workflow ($1) and a status ($2), those that ended before $3: they have begun before, and so have smaller ids than
 * $4. In the order of ids, which an index has, so that no index more is written with each execution.
 */
export const DELETE_AGED = deleteSql(
  `e.workflow_id = $1 AND e.status = $2 AND ${MOMENT} < $3 AND e.id < $4`,
  'e.id',
);

/** Of a workflow ($1) and a status ($2), those up to $4. */
export const DELETE_BEYOND = deleteSql(
  'e.workflow_id = $1 AND e.status = $2 AND $3::text IS NULL AND e.id <= $4',
  'e.id',
);

/** The newest one that is too many. */
const FIRST_BEYOND = `
  SELECT id FROM executions WHERE workflow_id = $1 AND status = $2 AND finished_at IS NOT NULL
  ORDER BY id DESC OFFSET $3::int LIMIT 1`;

/** Those that ended before $3, but for the statuses ($2) of which their workflows ($1) say something else. */
export const DELETE_OTHERS = deleteSql(
  `${MOMENT} < $3 AND $4::text IS NULL AND NOT EXISTS (
    SELECT FROM unnest($1::text[], $2::text[]) AS own (workflow_id, status)
    WHERE own.workflow_id = e.workflow_id AND own.status = e.status)`,
  MOMENT,
);

/**
 * Lines from before $1, which have smaller ids than $2, from $3 on and $4 at most. The trigger of the table refuses a DELETE
 * but of what is older than the transaction says, and the subquery has it said before the first line is found.
 */
export const DELETE_LINES = `
  WITH said AS MATERIALIZED (
    SELECT set_config('weft.audit_keep_from', $1::timestamptz::text, true)::timestamptz AS keep_from
  ), old AS (
    SELECT id FROM audit_log
    WHERE occurred_at < (SELECT keep_from FROM said) AND id < $2 AND id >= $3
    ORDER BY id LIMIT $4
  ), deleted AS (
    DELETE FROM audit_log USING old WHERE audit_log.id = old.id
  )
  SELECT count(*)::int AS count, max(id) AS last FROM old`;
