import { DEFAULT_PROJECT } from '../auth/principal.ts';
import type { Database } from '../db/database.ts';
import { toPage } from '../db/page.ts';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import type { Hub } from '../journal/hub.ts';
import { type RaisedAlert, readAlerts } from '../security/alerts.ts';
import {
  type AuditedViolation,
  readViolations,
  type ViolationFilter,
  violationsSince,
} from '../security/violations.ts';
import type { Acquire } from '../shared/semaphore.ts';
import { abortableGenerator } from './abortable-generator.ts';
import type { Page, PageRequest } from './types.ts';

/** Each read begins this long before the read before it: commits of other replicas arrive late, and clocks differ. */
const OVERLAP_MS = 30_000;
/** In a flood these are the latest of the last 30 s; what commits only after so many later ones is missed. */
const MAX_REMEMBERED = 2_000;
/** What one read returns at most; the next one follows at once. */
const PAGE = 200;

export function makeViolationUseCases({ database, hub }: { database: Database; hub: Hub }) {
  return {
    /** Newest first; a cursor is the id of a violation in the audit trail. */
    async list(page: PageRequest, filter: ViolationFilter): Promise<Page<AuditedViolation>> {
      return toPage(await readViolations(database, page, filter), page);
    },

    /** Alerts that were raised, newest first; a cursor is the id of one. */
    async alerts(page: PageRequest, project = DEFAULT_PROJECT): Promise<Page<RaisedAlert>> {
      return toPage(await readAlerts(database, page, project), page);
    },

    /** Each violation once, from now on. */
    added(
      filter: Pick<ViolationFilter, 'workflowId' | 'within'>,
      acquire: Acquire,
    ): AsyncIterableIterator<AuditedViolation> {
      return abortableGenerator((signal) => follow(filter, acquire, signal));
    },
  };

  async function* follow(
    filter: ViolationFilter,
    acquire: Acquire,
    signal: AbortSignal,
  ): AsyncGenerator<AuditedViolation, void> {
    const startedAt = Date.now();
    let caughtUpAt = startedAt;
    const emitted = new Emitted();
    let wake = Promise.withResolvers<void>();
    const onWake = () => wake.resolve();
    const release = hub.listen('violation', undefined, onWake);
    signal.addEventListener('abort', onWake, { once: true });
    try {
      for (let isCaughtUp = true; ; ) {
        if (isCaughtUp) await wake.promise;
        wake = Promise.withResolvers();
        using _turn = await acquire(signal);
        if (signal.aborted) return;
        const readAt = Date.now();
        const since = Math.max(startedAt, caughtUpAt - OVERLAP_MS);
        const ids = emitted.unseen(since);
        const found = await retryWhileDisconnected(
          () => violationsSince(database, { since: new Date(since), ids, limit: PAGE, filter }),
          signal,
        ).catch((error) => {
          if (signal.aborted) return [];
          throw error;
        });
        if (signal.aborted) return;
        isCaughtUp = found.length < PAGE;
        if (isCaughtUp) caughtUpAt = readAt;
        for (const violation of found) {
          emitted.add(violation);
          yield violation;
        }
      }
    } finally {
      release();
    }
  }
}

/** What was emitted and may be read again. Bounded: in a flood it forgets, and reads go on after what is forgotten. */
class Emitted {
  /** When each happened, by id, oldest first. */
  private readonly times = new Map<string, number>();
  /** The highest id that was forgotten for lack of room. */
  private floor = 0n;

  add({ id, occurredAt }: AuditedViolation): void {
    this.times.set(id, occurredAt.getTime());
    const oldest = this.times.size > MAX_REMEMBERED ? this.times.keys().next().value! : '0';
    this.times.delete(oldest);
    if (BigInt(oldest) > this.floor) this.floor = BigInt(oldest);
  }

  /** The ids to read, of what happened after `since`. */
  unseen(since: number): { after: string; except: string[] } {
    for (const [id, occurredAt] of this.times) {
      if (occurredAt > since) break;
      this.times.delete(id);
    }
    return { after: String(this.floor), except: [...this.times.keys()] };
  }
}
