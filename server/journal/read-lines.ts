import type { Pool } from 'pg';
import { pastTheEnd } from './cursor.ts';

/**
 * Events of a journal as JSON text, one a line, with the fields of an event beside those of its type. Postgres makes the
 * text, so that the server neither parses nor writes JSON.
 */
export interface JournalLines {
  /** Without a line end after the last; empty where there is none. */
  text: string;
  /** Where to read on from; null where nothing followed at the moment of reading. */
  nextAfter: number | null;
  /** False for an execution that has no journal, which is one that does not exist. */
  exists: boolean;
}

/** The next lines after an event. @throws WeftError INVALID_CURSOR when `after` lies beyond the journal's end */
export async function readLines(pool: Pool, executionId: string, after: number): Promise<JournalLines> {
  const { rows } = await pool.query<[last: number, text: string | null, end: number | null]>({
    name: 'weft-read-lines',
    text: READ_LINES,
    values: [executionId, after, PAGE_EVENTS, PAGE_BYTES],
    rowMode: 'array',
  });
  const [last, text, end] = rows[0]!;
  if (last > 0 && after > last) throw pastTheEnd(executionId, after, last);
  return { text: text ?? '', nextAfter: end === null || end === last ? null : end, exists: last > 0 };
}

const PAGE_EVENTS = 5_000;
/** A page ends with the event that goes past it, as Postgres stores them: outputs may take 16 MiB each. */
const PAGE_BYTES = 2 * 1024 * 1024;

/** Each payload is a JSON object as text; its braces are cut off, and it is put behind the other fields. */
const READ_LINES = `
  SELECT (SELECT coalesce(max(seq), 0) FROM execution_events WHERE execution_id = $1),
         string_agg(
           '{"type":"' || type || '","sequence":' || seq || ',"cursor":"' || $1 || ':' || seq
           || '","occurredAt":"' || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
           || '","nodeKey":' || coalesce(to_json(node_key)::text, 'null')
           || ',"attempt":' || coalesce(attempt::text, 'null') || ',"item":' || coalesce(item::text, 'null')
           || CASE WHEN payload::text = '{}' THEN '}' ELSE ',' || substr(payload::text, 2) END,
           E'\\n' ORDER BY seq),
         max(seq)
  FROM (
    SELECT *, coalesce(sum(pg_column_size(payload)) OVER before, 0) AS bytes_before
    FROM (
      SELECT seq, type, node_key, attempt, item, payload, occurred_at FROM execution_events
      WHERE execution_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
    ) AS found
    WINDOW before AS (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ) AS page
  WHERE bytes_before <= $4`;
