import type { Pool } from 'pg';
import type { JournalEvent } from './event.ts';
import { type PageOptions, type RawPage, readFirstPages, readPage } from './read-page.ts';

export type JournalPage = Pick<RawPage, 'endSequence' | 'atEnd' | 'exists'> & { events: JournalEvent[] };

/**
 * Reads one page in order. An execution without events gives an empty page.
 *
 * @throws WeftError INVALID_CURSOR when `after` lies beyond the journal's end
 */
export async function readEvents(
  pool: Pool,
  executionId: string,
  options: PageOptions,
): Promise<JournalPage> {
  return toJournalPage(executionId, await readPage(pool, executionId, options, PAGE_BYTES));
}

/** The beginnings of these journals, in their order, in one round trip. */
export async function readBeginnings(
  pool: Pool,
  executionIds: readonly string[],
  options: Pick<PageOptions, 'limit' | 'types'>,
): Promise<JournalPage[]> {
  const pages = await readFirstPages(pool, executionIds, options, PAGE_BYTES);
  return pages.map((page, n) => toJournalPage(executionIds[n]!, page));
}

const PAGE_BYTES = 1024 * 1024;

function toJournalPage(executionId: string, page: RawPage): JournalPage {
  const { endSequence, atEnd, exists } = page;
  return { events: toEvents(executionId, page), endSequence, atEnd, exists };
}

function toEvents(executionId: string, page: RawPage): JournalEvent[] {
  const payloads = JSON.parse(`[${page.payloads}]`) as object[];
  return payloads.map(
    (payload, n) =>
      ({
        ...payload,
        executionId,
        sequence: page.sequences[n],
        type: page.types[n],
        nodeKey: page.nodeKeys[n],
        attempt: page.attempts[n],
        item: page.items[n],
        occurredAt: new Date(page.times[n]!),
      }) as JournalEvent,
  );
}

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
