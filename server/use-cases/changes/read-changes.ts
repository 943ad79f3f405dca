import type { Pool } from 'pg';
import { reachesSql, reachValues } from '../reach.ts';
import type { Change, ChangeFilter } from './change.ts';
import { type Place, pastTheFeed } from './change-cursor.ts';

/** The events that changes are made of: the condition of the index execution_events_by_txid, word for word. */
const CHANGE_EVENTS = `
  txid IS NOT NULL AND type IN (
    'ExecutionQueued', 'ExecutionStarted', 'ExecutionWaiting', 'ExecutionResumed', 'ExecutionSucceeded',
    'ExecutionFailed', 'ExecutionCanceled', 'NodeWaiting', 'NodeResumed', 'SecurityViolation', 'SecurityAlert')`;

/** Events that one statement reads, whatever comes of them: so long a read may take at most. */
const MAX_EVENTS = 1_000;

export type PlacedChange = Omit<Change, 'cursor'> & { txid: string };

export interface ChangePage {
  changes: PlacedChange[];
  /** Where the next read begins. */
  end: Place;
  atEnd: boolean;
}

interface Row extends PlacedChange {
  /** Of the page; the rest is null where it has no change. */
  read: number;
  lastTxid: string | null;
  lastExecutionId: string | null;
  lastSequence: number | null;
  lastAt: Date | null;
  horizon: string;
  newestPossible: string;
  now: Date;
}

/**
 * The changes after a place that the filter wants, at most `limit`; the page may be empty where others follow.
 *
 * Transactions commit in another order than they begin to write. So a page ends before the first transaction that is
 * still open (`pg_snapshot_xmin`): below that, all that will ever be there is there.
 *
 * @throws WeftError CURSOR_EXPIRED for a place that this database cannot have given
 */
export async function readChanges(
  pool: Pick<Pool, 'query'>,
  after: Place,
  filter: ChangeFilter,
  limit: number,
): Promise<ChangePage> {
  const { types, workflowKeys, executionId, labels, reach } = filter;
  const { rows } = await pool.query<Row>({
    name: 'weft-read-changes',
    text: READ,
    values: [
      after.txid.toString(),
      after.executionId,
      after.sequence,
      limit,
      types ?? null,
      workflowKeys ?? null,
      executionId ?? null,
      labels == null ? null : JSON.stringify(labels),
      ...reachValues(reach),
    ],
  });
  const { read, lastTxid, lastExecutionId, lastSequence, lastAt, horizon, newestPossible, now } = rows[0]!;
  if (after.txid > BigInt(newestPossible)) throw pastTheFeed();
  const changes = rows.filter(({ type }) => type !== null).map(toChange);
  const last = changes.at(-1);
  if (changes.length === limit) return { changes, end: placeOf(last!), atEnd: false };
  if (read === MAX_EVENTS)
    return {
      changes,
      end: { txid: BigInt(lastTxid!), executionId: lastExecutionId!, sequence: lastSequence!, at: lastAt! },
      atEnd: false,
    };
  return { changes, end: { ...START, txid: BigInt(horizon), at: now }, atEnd: true };
}

/** Before all changes. */
export const START: Omit<Place, 'at'> = { txid: 0n, executionId: '', sequence: 0 };

export function placeOf({ txid, executionId, sequence, occurredAt }: PlacedChange): Place {
  return { txid: BigInt(txid), executionId, sequence, at: occurredAt };
}

function toChange({
  read,
  lastTxid,
  lastExecutionId,
  lastSequence,
  lastAt,
  horizon,
  newestPossible,
  now,
  ...change
}: Row) {
  return change;
}

/** Where the feed ends: what is before `horizon` is complete, and `newest` may be beyond it. */
export async function readHorizon(pool: Pool): Promise<{ horizon: bigint; newest: bigint; now: Date }> {
  const { rows } = await pool.query<{ horizon: string; newest: string | null; now: Date }>({
    name: 'weft-change-horizon',
    text: `
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, clock_timestamp() AS now,
             (SELECT txid FROM execution_events WHERE ${CHANGE_EVENTS} ORDER BY txid DESC LIMIT 1)::text AS newest`,
  });
  const { horizon, newest, now } = rows[0]!;
  return { horizon: BigInt(horizon), newest: BigInt(newest ?? 0), now };
}

/** Before the first change that occurred since then, or the end. Transactions are nearly in the order of time. */
export async function placeAt(pool: Pool, since: Date): Promise<Place> {
  const { horizon, now } = await readHorizon(pool);
  let [low, high] = [0n, horizon];
  while (low < high) {
    const middle = (low + high) / 2n;
    const { rows } = await pool.query<{ occurredAt: Date; txid: string }>(FIRST_FROM, [middle.toString()]);
    if (rows[0] === undefined || rows[0].occurredAt >= since) high = middle;
    else low = BigInt(rows[0].txid) + 1n;
  }
  return { ...START, txid: low, at: now };
}

/**
 * Where the database was restored from a dump, transactions are counted anew, and numbers that events already have come
 * again. Then the feed begins anew as well, under another id. Gives its id.
 */
export async function openFeed(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string; wasRestored: boolean }>(FEED);
  if (!rows[0]!.wasRestored) return rows[0]!.id;
  await pool.query(RESTART);
  return (await pool.query<{ id: string }>(FEED)).rows[0]!.id;
}

const FEED = `
  SELECT id, coalesce((SELECT txid FROM execution_events WHERE ${CHANGE_EVENTS} ORDER BY txid DESC LIMIT 1)
                      >= pg_snapshot_xmax(pg_current_snapshot()), false) AS "wasRestored"
  FROM change_feed`;

const RESTART = `
  DO $$ BEGIN
    LOCK TABLE execution_events IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM execution_events
               WHERE ${CHANGE_EVENTS} AND txid >= pg_snapshot_xmax(pg_current_snapshot())) THEN
      ALTER TABLE execution_events DROP COLUMN txid;
      ALTER TABLE execution_events ADD COLUMN txid xid8;
      ALTER TABLE execution_events ALTER COLUMN txid SET DEFAULT pg_current_xact_id();
      CREATE INDEX execution_events_by_txid ON execution_events (txid) WHERE ${CHANGE_EVENTS};
      UPDATE change_feed SET id = left(replace(gen_random_uuid()::text, '-', ''), 12);
    END IF;
  END $$`;

const FIRST_FROM = `
  SELECT occurred_at AS "occurredAt", txid::text AS txid FROM execution_events
  WHERE ${CHANGE_EVENTS} AND txid >= $1::xid8 ORDER BY txid LIMIT 1`;

const TYPE = `
  CASE e.type
    WHEN 'ExecutionQueued' THEN 'EXECUTION_QUEUED'
    WHEN 'ExecutionStarted' THEN 'EXECUTION_STARTED'
    WHEN 'ExecutionWaiting' THEN 'EXECUTION_WAITING'
    WHEN 'ExecutionResumed' THEN 'EXECUTION_RESUMED'
    WHEN 'ExecutionSucceeded' THEN 'EXECUTION_SUCCEEDED'
    WHEN 'ExecutionFailed' THEN 'EXECUTION_FAILED'
    WHEN 'ExecutionCanceled' THEN 'EXECUTION_CANCELED'
    WHEN 'SecurityViolation' THEN 'SECURITY_VIOLATION'
    WHEN 'SecurityAlert' THEN 'SECURITY_ALERT'
    WHEN 'NodeWaiting' THEN CASE e.payload->>'reason'
      WHEN 'FAILURE' THEN 'NODE_PARKED'
      WHEN 'APPROVAL' THEN CASE WHEN e.payload#>>'{data,isDecidedOn}' IS NULL THEN 'APPROVAL_REQUESTED' END
    END
    WHEN 'NodeResumed' THEN CASE
      WHEN e.payload#>>'{signal,payload,decision}' IN ('APPROVE', 'REJECT') THEN 'APPROVAL_DECIDED'
    END
  END`;

const ERROR = `CASE e.type WHEN 'ExecutionFailed' THEN e.payload->'error' WHEN 'NodeWaiting' THEN e.payload->'failure' END`;

const READ = `
  WITH snapshot AS MATERIALIZED (
    SELECT pg_current_snapshot() AS current
  ), page AS MATERIALIZED (
    SELECT txid, execution_id, seq, type, node_key, item, occurred_at, payload, ${TYPE} AS change FROM execution_events e
    WHERE ${CHANGE_EVENTS} AND txid >= $1::xid8 AND txid < (SELECT pg_snapshot_xmin(current) FROM snapshot)
      AND (txid > $1::xid8 OR (execution_id, seq) > ($2::text, $3::int))
    ORDER BY txid, execution_id, seq LIMIT ${MAX_EVENTS}
  ), wanted AS (
    SELECT e.*, x.project, x.workflow_id, x.labels, w.key AS workflow_key
    FROM page e JOIN executions x ON x.id = e.execution_id LEFT JOIN workflows w ON w.id = x.workflow_id
    WHERE e.change IS NOT NULL AND ($5::text[] IS NULL OR e.change = ANY ($5))
      AND ($6::text[] IS NULL OR w.key = ANY ($6))
      AND ($7::text IS NULL OR e.execution_id = $7)
      AND ($8::jsonb IS NULL OR x.labels @> $8)
      AND ${reachesSql({ project: 'x.project', workflowId: 'x.workflow_id', executionId: 'x.id', from: 9 })}
    ORDER BY e.txid, e.execution_id, e.seq LIMIT $4
  )
  SELECT (SELECT count(*)::int FROM page) AS read, pg_snapshot_xmin(snapshot.current)::text AS horizon,
         pg_snapshot_xmax(snapshot.current)::text AS "newestPossible", clock_timestamp() AS now,
         last.txid::text AS "lastTxid", last.execution_id AS "lastExecutionId", last.seq AS "lastSequence",
         last.occurred_at AS "lastAt",
         e.txid::text AS txid, e.change AS type, e.occurred_at AS "occurredAt", e.execution_id AS "executionId",
         e.seq AS sequence, e.project, e.workflow_id AS "workflowId", e.workflow_key AS "workflowKey", e.labels,
         e.node_key AS "nodeKey", e.item,
         CASE e.change
           WHEN 'EXECUTION_QUEUED' THEN 'QUEUED' WHEN 'EXECUTION_STARTED' THEN 'RUNNING'
           WHEN 'EXECUTION_WAITING' THEN 'WAITING' WHEN 'EXECUTION_RESUMED' THEN 'RUNNING'
           WHEN 'EXECUTION_SUCCEEDED' THEN 'SUCCEEDED' WHEN 'EXECUTION_FAILED' THEN 'FAILED'
           WHEN 'EXECUTION_CANCELED' THEN 'CANCELED'
         END AS status,
         CASE WHEN e.change = 'EXECUTION_WAITING' THEN e.payload->>'reason' END AS "waitReason",
         CASE WHEN e.change = 'SECURITY_VIOLATION' THEN e.payload#>>'{violation,rule}' ELSE (${ERROR})->>'code' END AS code,
         left(CASE WHEN e.change = 'SECURITY_VIOLATION' THEN e.payload#>>'{violation,message}'
                   ELSE (${ERROR})->>'message' END, 1000) AS message,
         CASE WHEN e.change = 'SECURITY_VIOLATION' THEN e.payload->>'severity' END AS severity,
         CASE WHEN e.change = 'APPROVAL_DECIDED' THEN e.payload#>>'{signal,payload,decision}' END AS decision
  FROM snapshot
  LEFT JOIN LATERAL (SELECT * FROM page ORDER BY txid DESC, execution_id DESC, seq DESC LIMIT 1) AS last ON true
  LEFT JOIN wanted e ON true
  ORDER BY e.txid, e.execution_id, e.seq`;
