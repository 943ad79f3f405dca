import type { Pool } from 'pg';
import { toCursor } from './cursor.ts';
import { type PageOptions, type RawPage, readPage } from './read-page.ts';

/** A page of a journal as JSON text, one event a line. */
export type JournalLines = Pick<RawPage, 'endSequence' | 'atEnd' | 'exists'> & {
  /** Each with a line end. */
  text: string;
  /** Of the last event; undefined where there is none. */
  lastType: RawPage['types'][number] | undefined;
};

/**
 * Reads one page as lines, each with the fields of an event beside those of its type. The text of the payloads is as
 * Postgres has it, neither parsed nor written again.
 *
 * @param wanted of the types that are read, those that become lines
 * @throws WeftError INVALID_CURSOR when `after` lies beyond the journal's end
 */
export async function readLines(
  pool: Pool,
  executionId: string,
  filter: Omit<PageOptions, 'limit'>,
  wanted: PageOptions['types'] = null,
): Promise<JournalLines> {
  const page = await readPage(pool, executionId, { ...filter, limit: PAGE_EVENTS }, PAGE_BYTES);
  const { endSequence, atEnd, exists, types } = page;
  return { text: toLines(executionId, page, wanted), lastType: types.at(-1), endSequence, atEnd, exists };
}

const PAGE_EVENTS = 5_000;
const PAGE_BYTES = 2 * 1024 * 1024;

function toLines(executionId: string, page: RawPage, wanted: PageOptions['types']): string {
  const { sequences, types, nodeKeys, attempts, items, times } = page;
  const payloads = payloadsOf(page);
  const timeText = remembering((time: number) => new Date(time).toISOString());
  const keyText = remembering((key: string | null) => JSON.stringify(key));
  let text = '';
  for (let n = 0; n < sequences.length; n++) {
    if (wanted && !wanted.includes(types[n]!)) continue;
    const [sequence, payload] = [sequences[n]!, payloads[n]!];
    text +=
      `{"type":"${types[n]}","sequence":${sequence},"cursor":"${toCursor(executionId, sequence)}",` +
      `"occurredAt":"${timeText(times[n]!)}","nodeKey":${keyText(nodeKeys[n]!)},` +
      `"attempt":${attempts[n]},"item":${items[n]}${payload === '{}' ? '' : ','}${payload.slice(1)}\n`;
  }
  return text;
}

/** Weft stores payloads on one line each; what somebody else stored is written anew. */
function payloadsOf({ payloads, sequences }: RawPage): string[] {
  const found = payloads === '' ? [] : payloads.split('\n').map((line) => line.replace(/,$/, ''));
  if (found.length === sequences.length) return found;
  return (JSON.parse(`[${payloads}]`) as object[]).map((payload) => JSON.stringify(payload));
}

/** Events come many at a time from one node. */
function remembering<T>(make: (value: T) => string): (value: T) => string {
  let [last, text]: [T | undefined, string] = [undefined, ''];
  return (value) => {
    if (value !== last) [last, text] = [value, make(value)];
    return text;
  };
}
