import type { Pool } from 'pg';
import { pastTheEnd } from './cursor.ts';
import type { EventType, JournalEvent } from './event.ts';

export interface ReadOptions {
  /** Events with a greater sequence. */
  after: number;
  /** At most this many events, and fewer where they are large. */
  limit: number;
  types?: readonly EventType[] | null;
  /** Events of the execution as a whole pass this filter. */
  nodeKeys?: readonly string[] | null;
}

export interface JournalPage {
  events: JournalEvent[];
  /** How far the journal was searched; where to read on from. */
  endSequence: number;
  /** True when nothing followed at the moment of reading. */
  atEnd: boolean;
  /** False for an execution that has no journal, which is one that does not exist. */
  exists: boolean;
}

/**
 * Reads one page in order. An execution without events gives an empty page.
 *
 * @throws WeftError INVALID_CURSOR when `after` lies beyond the journal's end
 */
export async function readEvents(
  pool: Pool,
  executionId: string,
  options: ReadOptions,
): Promise<JournalPage> {
  const { rows } = await pool.query<ReadRow>({
    name: 'weft-read',
    text: READ,
    values: [
      executionId,
      options.after,
      options.limit,
      options.types ?? null,
      options.nodeKeys ?? null,
      PAGE_BYTES,
    ],
    rowMode: 'array',
  });
  const lastSequence = rows[0]?.[0] ?? 0;
  if (lastSequence > 0 && options.after > lastSequence)
    throw pastTheEnd(executionId, options.after, lastSequence);
  const found = rows[0]?.[1] === null ? [] : rows;
  const events = found
    .filter(([, , , , , , payload]) => payload !== null)
    .map((row) => toEvent(executionId, row));
  const full = events.length === options.limit || events.length < found.length;
  return {
    events,
    endSequence: full ? events.at(-1)!.sequence : lastSequence,
    atEnd: !full || events.at(-1)!.sequence === lastSequence,
    exists: lastSequence > 0,
  };
}

/** A page ends with the event that goes past it, as Postgres stores them: outputs may take 16 MiB each. */
const PAGE_BYTES = 1024 * 1024;

/**
 * The journal's end is read in the same snapshot as the page, so that a filter which lets little through still
 * moves the cursor on instead of reading the same rows at every wake-up. Rows past the page's bytes come without payload.
 */
const READ = `
  SELECT journal.last, page.*
  FROM (SELECT coalesce(max(seq), 0) AS last FROM execution_events WHERE execution_id = $1) AS journal
  LEFT JOIN LATERAL (
    SELECT seq, type, node_key, attempt, item,
           CASE WHEN coalesce(sum(pg_column_size(payload)) OVER before, 0) <= $6 THEN payload END AS payload,
           (extract(epoch FROM occurred_at) * 1000)::float8 AS ms
    FROM (
      SELECT * FROM execution_events
      WHERE execution_id = $1 AND seq > $2
        AND ($4::text[] IS NULL OR type = ANY ($4))
        AND ($5::text[] IS NULL OR node_key IS NULL OR node_key = ANY ($5))
      ORDER BY seq
      LIMIT $3
    ) AS found
    WINDOW before AS (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ) AS page ON true`;

/** The sequence of the last event; 0 where there is none. */
export async function endOfJournal(pool: Pool, executionId: string): Promise<number> {
  const { rows } = await pool.query<{ last: number }>(
    'SELECT coalesce(max(seq), 0) AS last FROM execution_events WHERE execution_id = $1',
    [executionId],
  );
  return rows[0]!.last;
}

/** The approximate size of an execution's events as JSON text. */
export async function journalBytes(pool: Pool, executionId: string): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    `SELECT coalesce(sum(octet_length(payload::text) + 200), 0)::float8 AS bytes
     FROM execution_events WHERE execution_id = $1`,
    [executionId],
  );
  return rows[0]!.bytes;
}

type ReadRow = [
  last: number,
  seq: number,
  type: EventType,
  nodeKey: string | null,
  attempt: number | null,
  item: number | null,
  payload: object | null,
  ms: number,
];

function toEvent(executionId: string, row: ReadRow): JournalEvent {
  const [, sequence, type, nodeKey, attempt, item, payload, ms] = row;
  return {
    ...payload,
    executionId,
    sequence,
    type,
    nodeKey,
    attempt,
    item,
    occurredAt: new Date(ms),
  } as JournalEvent;
}
