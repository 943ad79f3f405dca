import type { Pool } from 'pg';
import type { Logger } from '../shared/logger.ts';

/** How late a follower may be when a NOTIFY is lost, milliseconds. */
const LOOK_INTERVAL_MS = 2_000;
/** The look-ups take at most this share of the time: with ten thousand followers they are rarer than with ten. */
const MAX_SHARE = 1 / 20;

/**
 * Wake-ups can be lost without a trace: a worker dies between a commit and its NOTIFY, or a connection pooler drops the
 * LISTEN. So at intervals one statement reads the ends of all journals that are followed in this process, and their
 * followers, which know how far they have read, are woken.
 */
export function watchMissedWakeUps(options: {
  pool: Pool;
  /** The executions whose journals are followed in this process. */
  followed: () => string[];
  onLook: (ends: readonly { id: string; last: number }[]) => void;
  logger: Logger;
}): Disposable {
  let timer = setTimeout(() => void look(), LOOK_INTERVAL_MS);
  let closed = false;

  // cannot reject: it catches what fails
  async function look(): Promise<void> {
    const startedAt = performance.now();
    try {
      options.onLook(await journalEnds(options.pool, options.followed()));
    } catch (error) {
      options.logger.debug(
        { err: error },
        'reading the ends of followed journals failed; it is tried again soon',
      );
    }
    const tookMs = performance.now() - startedAt;
    if (!closed) timer = setTimeout(() => void look(), Math.max(LOOK_INTERVAL_MS, tookMs / MAX_SHARE));
  }

  return {
    [Symbol.dispose]() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function journalEnds(pool: Pool, ids: string[]): Promise<{ id: string; last: number }[]> {
  if (ids.length === 0) return [];
  const { rows } = await pool.query<{ id: string; last: number | null }>({
    name: 'weft-journal-ends',
    text: `
      SELECT followed.id, (SELECT max(seq) FROM execution_events WHERE execution_id = followed.id) AS last
      FROM unnest($1::text[]) AS followed (id)`,
    values: [ids],
  });
  return rows.map(({ id, last }) => ({ id, last: last ?? 0 }));
}
