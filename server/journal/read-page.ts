import type { Pool } from 'pg';
import { pastTheEnd } from './cursor.ts';
import type { EventType } from './event.ts';

export interface PageOptions {
  /** Events with a greater sequence. */
  after: number;
  /** At most this many events, and fewer where they are large. */
  limit: number;
  types?: readonly EventType[] | null;
  /** Events of the execution as a whole pass this filter. */
  nodeKeys?: readonly string[] | null;
}

/**
 * A page of a journal by columns: one row of Postgres, whatever its events. To send, receive and parse a row for each
 * event takes about twice as long, most of it in this process.
 */
export interface RawPage {
  sequences: number[];
  types: EventType[];
  nodeKeys: (string | null)[];
  attempts: (number | null)[];
  items: (number | null)[];
  /** Milliseconds since 1970. */
  times: number[];
  /** JSON objects as they are stored, with a comma and a line break between them. */
  payloads: string;
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
 * @param maxBytes a page ends with the event that goes past it, as Postgres stores them: outputs may take 16 MiB each
 * @throws WeftError INVALID_CURSOR when `after` lies beyond the journal's end
 */
export async function readPage(
  pool: Pool,
  executionId: string,
  { after, limit, types, nodeKeys }: PageOptions,
  maxBytes: number,
): Promise<RawPage> {
  const { rows } = await pool.query<PageRow>({
    name: 'weft-read',
    text: READ,
    values: [executionId, after, limit, types ?? null, nodeKeys ?? null, maxBytes],
    rowMode: 'array',
  });
  return toPage(executionId, rows[0]!, { after, limit, maxBytes });
}

/** The first page of each of these journals, in their order, in one round trip. */
export async function readFirstPages(
  pool: Pool,
  executionIds: readonly string[],
  { limit, types }: Pick<PageOptions, 'limit' | 'types'>,
  maxBytes: number,
): Promise<RawPage[]> {
  const { rows } = await pool.query<PageRow>({
    name: 'weft-read-first',
    text: READ_FIRST,
    values: [executionIds, 0, limit, types ?? null, null, maxBytes],
    rowMode: 'array',
  });
  return executionIds.map((id, n) => toPage(id, rows[n]!, { after: 0, limit, maxBytes }));
}

function toPage(
  executionId: string,
  row: PageRow,
  { after, limit, maxBytes }: { after: number; limit: number; maxBytes: number },
): RawPage {
  const [last, bytes, sequences, ...columns] = row;
  if (last > 0 && after > last) throw pastTheEnd(executionId, after, last);
  if (sequences === null) return { ...NOTHING, endSequence: last, exists: last > 0 };
  const [found, nodeKeysFound, attempts, items, seconds, payloads] = columns as Columns;
  // The page may have been cut behind its last event.
  const full = sequences.length === limit || bytes > maxBytes;
  return {
    sequences,
    types: found,
    nodeKeys: nodeKeysFound,
    attempts,
    items,
    times: seconds.map(toMilliseconds),
    payloads,
    endSequence: full ? sequences.at(-1)! : last,
    atEnd: !full || sequences.at(-1) === last,
    exists: true,
  };
}

const NOTHING = {
  sequences: [],
  types: [],
  nodeKeys: [],
  attempts: [],
  items: [],
  times: [],
  payloads: '',
  atEnd: true,
};

/** Microseconds are cut off. A float holds them a little too small as often as too large. */
function toMilliseconds(seconds: number): number {
  return Math.floor(seconds * 1_000 + 0.001);
}

type Columns = [
  types: EventType[],
  nodeKeys: (string | null)[],
  attempts: (number | null)[],
  items: (number | null)[],
  seconds: number[],
  payloads: string,
];
type PageRow = [last: number, bytes: number, sequences: number[] | null, ...columns: Columns | null[]];

/**
 * The journal's end is read in the same snapshot as the page, so that a filter which lets little through still moves the
 * cursor on instead of reading the same rows at every wake-up.
 */
const readSql = (executionId: string) => `
  SELECT (SELECT coalesce(max(seq), 0) FROM execution_events WHERE execution_id = ${executionId}),
         sum(bytes)::float8,
         json_agg(seq ORDER BY seq), json_agg(type ORDER BY seq), json_agg(node_key ORDER BY seq),
         json_agg(attempt ORDER BY seq), json_agg(item ORDER BY seq),
         json_agg(date_part('epoch', occurred_at) ORDER BY seq),
         string_agg(payload::text, E',\\n' ORDER BY seq)
  FROM (
    SELECT *, coalesce(sum(bytes) OVER before, 0) AS bytes_before
    FROM (
      SELECT *, pg_column_size(payload) AS bytes FROM execution_events
      WHERE execution_id = ${executionId} AND seq > $2
        AND ($4::text[] IS NULL OR type = ANY ($4))
        AND ($5::text[] IS NULL OR node_key IS NULL OR node_key = ANY ($5))
      ORDER BY seq
      LIMIT $3
    ) AS found
    WINDOW before AS (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ) AS page
  WHERE bytes_before <= $6`;

const READ = readSql('$1');
const READ_FIRST = `
  SELECT page.* FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, n), LATERAL (${readSql('asked.id')}) AS page
  ORDER BY n`;
