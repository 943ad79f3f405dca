import type { LimitName } from '../nodes/limits.ts';
import { insertWokenJobSql } from './queue.ts';

/** The statements of limits.ts. In all of them $1 is the workflow, and $2 the key. */

/** Executions that one statement lets go. */
export const ADMIT_BATCH = 1_000;

/**
 * The definition of a workflow says how much its limits let through: that of the latest version. A limit that is gone
 * lets everything through.
 */
const LATEST = `
  SELECT v.definition FROM workflows w
  JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = w.latest_version WHERE w.id = $1`;

/**
 * Moves those at the head of the line to the next limit that they have, or makes jobs of them. Gives for each what it
 * waits for now.
 * @param free how many may go, of the parts that `before` defines
 */
function admitSql(limit: LimitName, before: string, free: string, isDue = 'true', also = ''): string {
  const nextLimit = {
    DEBOUNCE: `CASE WHEN l.concurrency_key IS NOT NULL THEN 'CONCURRENCY' WHEN l.rate_key IS NOT NULL THEN 'RATE' END`,
    CONCURRENCY: `CASE WHEN l.rate_key IS NOT NULL THEN 'RATE' END`,
    RATE: 'NULL',
  }[limit];
  const nextKey = {
    DEBOUNCE: 'coalesce(l.concurrency_key, l.rate_key)',
    CONCURRENCY: 'l.rate_key',
    RATE: 'NULL',
  }[limit];
  return `
    WITH ${before}next AS (
      SELECT execution_id FROM limited_executions
      WHERE workflow_id = $1 AND waits_for = '${limit}' AND queue_key = $2 AND ${isDue}
      ORDER BY priority DESC, number LIMIT ${free}
    ), moved AS (
      UPDATE limited_executions l SET
        has_slot = has_slot OR ${limit === 'CONCURRENCY'}, waits_for = ${nextLimit}, queue_key = ${nextKey},
        since = statement_timestamp(), due_at = CASE WHEN ${nextKey} IS NOT NULL THEN statement_timestamp() END
      FROM next WHERE l.execution_id = next.execution_id
      RETURNING l.execution_id, l.waits_for, l.queue_key
    ), started AS (
      UPDATE executions SET wake_at = NULL FROM moved
      WHERE executions.id = moved.execution_id AND moved.waits_for IS NULL RETURNING id, executions.priority
    ), jobs AS (${insertWokenJobSql()})${also}
    SELECT waits_for AS "limit", queue_key AS "key" FROM moved`;
}

export const admitDebounced = admitSql('DEBOUNCE', '', `${ADMIT_BATCH}`, 'due_at <= statement_timestamp()');

/** What has ended has no slot any more, even before its row is gone. */
export const admitToSlots = admitSql(
  'CONCURRENCY',
  `latest AS (${LATEST}), held AS (
     SELECT count(*) AS count FROM limited_executions l JOIN executions e ON e.id = l.execution_id
     WHERE l.workflow_id = $1 AND l.concurrency_key = $2 AND l.has_slot AND e.finished_at IS NULL
   ), `,
  `(SELECT least(${ADMIT_BATCH}, greatest(0, coalesce((latest.definition#>>'{concurrency,max}')::int - held.count, ${ADMIT_BATCH})))
    FROM held LEFT JOIN latest ON true)`,
);

const RATE = `
  latest AS (${LATEST}), rate AS (
    SELECT (definition#>>'{rate,max}')::int AS max,
           (definition#>>'{rate,perMs}')::float8 * interval '1 millisecond' AS per FROM latest
  )`;

export const admitRated = admitSql(
  'RATE',
  `${RATE}, used AS (
     SELECT count(*) AS count FROM rate_admissions, rate
     WHERE workflow_id = $1 AND rate_key = $2 AND admitted_at > statement_timestamp() - rate.per
   ), `,
  `(SELECT least(${ADMIT_BATCH}, greatest(0, coalesce(rate.max - used.count, ${ADMIT_BATCH})))
    FROM used LEFT JOIN rate ON true)`,
  'true',
  `, admitted AS (
    INSERT INTO rate_admissions (workflow_id, rate_key, admitted_at, expires_at)
    SELECT $1, $2, statement_timestamp(), statement_timestamp() + rate.per FROM moved, rate WHERE rate.per IS NOT NULL
  )`,
);

/** When the line is to be looked at again: at its head, and nowhere else. */
function scheduleSql(limit: LimitName, before: string, at: string): string {
  return `
    WITH ${before}head AS (
      SELECT execution_id FROM limited_executions
      WHERE workflow_id = $1 AND waits_for = '${limit}' AND queue_key = $2 ORDER BY priority DESC, number LIMIT 1
    )
    UPDATE limited_executions l SET due_at = CASE WHEN l.execution_id = head.execution_id THEN ${at} END
    FROM head
    WHERE l.workflow_id = $1 AND l.waits_for = '${limit}' AND l.queue_key = $2
      AND (l.due_at IS NOT NULL OR l.execution_id = head.execution_id)`;
}

/** A slot comes free by an end; a rate has room again when its last \`max\` admissions are not all within its time. */
export const SCHEDULE = {
  CONCURRENCY: scheduleSql('CONCURRENCY', '', 'NULL::timestamptz'),
  RATE: scheduleSql(
    'RATE',
    `${RATE}, `,
    `(SELECT admitted_at + rate.per FROM rate_admissions, rate WHERE workflow_id = $1 AND rate_key = $2
      ORDER BY admitted_at DESC OFFSET (SELECT max - 1 FROM rate) LIMIT 1)`,
  ),
};

/**
 * Lets the journals say what those wait for that have come into the line; not where a cancel has ended one meanwhile,
 * which writes the same sequence. $3 is the limit.
 */
export const TELL = `
  WITH untold AS (
    UPDATE limited_executions SET told = waits_for
    WHERE workflow_id = $1 AND waits_for = $3 AND queue_key = $2 AND told IS DISTINCT FROM waits_for
    RETURNING execution_id, json_build_object('reason', waits_for, 'until', CASE WHEN waits_for = 'DEBOUNCE' THEN
      to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END) AS wait
  ), event AS (
    INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
    SELECT execution_id, (SELECT max(seq) + 1 FROM execution_events e WHERE e.execution_id = untold.execution_id),
           'ExecutionWaiting', untold.wait, statement_timestamp(), 'limits'
    FROM untold JOIN executions ON executions.id = execution_id AND finished_at IS NULL
    ON CONFLICT DO NOTHING RETURNING execution_id
  ), changed AS (
    UPDATE executions SET status = 'WAITING', wait = untold.wait FROM event JOIN untold USING (execution_id)
    WHERE executions.id = untold.execution_id RETURNING executions.id
  )
  SELECT id FROM changed`;

/** Lines that may go on. */
export const DUE_LINES = `
  SELECT DISTINCT workflow_id AS "workflowId", waits_for AS "limit", queue_key AS "key" FROM limited_executions
  WHERE due_at <= now() AND waits_for IS NOT NULL LIMIT 100`;

/** A new version may let through what the former one did not: each line is looked at. $1 is the workflow. */
export const LOOK_AT_ALL_LINES = `
  UPDATE limited_executions SET due_at = now() WHERE execution_id IN (
    SELECT DISTINCT ON (waits_for, queue_key) execution_id FROM limited_executions
    WHERE workflow_id = $1 AND waits_for IN ('CONCURRENCY', 'RATE')
    ORDER BY waits_for, queue_key, priority DESC, number)`;

/** Here $1 is the execution. */
export const PLACE = `
  SELECT workflow_id AS "workflowId", concurrency_key AS "concurrencyKey", rate_key AS "rateKey"
  FROM limited_executions WHERE execution_id = $1`;
export const LEAVE = 'DELETE FROM limited_executions WHERE execution_id = $1';
