import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Hub } from '../../journal/hub.ts';
import type { Logger } from '../../shared/logger.ts';
import { readHorizon } from './read-changes.ts';

/** Where the feed ends, for all of this process that follow it: one look serves ten thousand of them. */
export interface ChangeTail extends AsyncDisposable {
  /** `listener` is called with where the feed ends, after each look. Returns the releaser. */
  listen(listener: (end: FeedEnd) => void): () => void;
}

/** Changes before `horizon` can be read; `newest` is the last one that is committed. */
export interface FeedEnd {
  horizon: bigint;
  newest: bigint;
}

/** Wake-ups gather for so long, milliseconds. */
const GATHER_MS = 20;
/** How soon it looks again where a transaction that is still open holds changes back, milliseconds. */
const HELD_MS = { first: 20, most: 500 };
/** A transaction that holds changes back for so long is logged, milliseconds. */
const WARN_AFTER_MS = 30_000;

/**
 * Looks where the feed ends whenever something was committed, and, without a wake-up, every two seconds, as
 * journal/missed-wakeups.ts has the hub wake its listeners. Nobody wakes it when a transaction ends that had held
 * changes back: then it looks again by itself.
 */
export function openChangeTail(deps: { pool: Pool; hub: Hub; logger: Logger }): ChangeTail {
  const { pool, hub, logger } = deps;
  const listeners = new Set<(end: FeedEnd) => void>();
  const closing = new AbortController();
  let looking: Promise<void> | null = null;
  let isWoken = false;
  let heldSince: number | null = null;
  const releasers = (['status', 'violation', 'change'] as const).map((topic) =>
    hub.listen(topic, undefined, wake),
  );

  function wake(): void {
    isWoken = true;
    if (listeners.size > 0) looking ??= lookAgain();
  }

  /** Never rejects. */
  async function lookAgain(): Promise<void> {
    let heldMs = HELD_MS.first;
    for (let isHeld = false; (isWoken || isHeld) && listeners.size > 0 && !closing.signal.aborted; ) {
      isWoken = false;
      isHeld = await look();
      heldMs = isHeld ? Math.min(heldMs * 2, HELD_MS.most) : HELD_MS.first;
      await delay(isHeld ? heldMs : GATHER_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
    looking = null;
  }

  /** True where something was committed that cannot be read yet. */
  async function look(): Promise<boolean> {
    try {
      const end = await readHorizon(pool);
      for (const listener of listeners) listener(end);
      const isHeld = end.newest >= end.horizon;
      await warnIfHeld(isHeld);
      return isHeld;
    } catch (error) {
      logger.debug({ err: error }, 'reading where the feed of changes ends failed; it is tried again soon');
      return false;
    }
  }

  async function warnIfHeld(isHeld: boolean): Promise<void> {
    if (!isHeld) heldSince = null;
    else heldSince ??= Date.now();
    if (heldSince === null || Date.now() - heldSince < WARN_AFTER_MS) return;
    heldSince = Date.now();
    const { rows } = await pool.query(OLDEST_TRANSACTION);
    logger.warn(
      { transaction: rows[0] ?? null },
      'a transaction that is open for long holds back the feed of changes; see docs/changes.md',
    );
  }

  return {
    listen(listener) {
      listeners.add(listener);
      wake();
      return () => void listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      for (const release of releasers) release();
      await looking;
    },
  };
}

/** Without its statement, which may hold secrets. */
const OLDEST_TRANSACTION = `
  SELECT pid, datname AS database, application_name AS application, state, xact_start AS "startedAt"
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL ORDER BY age(backend_xid) DESC LIMIT 1`;
