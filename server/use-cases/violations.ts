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

export function makeViolationUseCases({ database, hub }: { database: Database; hub: Hub }) {
  return {
    /** Newest first; a cursor is the id of a violation in the audit trail. */
    async list(page: PageRequest, filter: ViolationFilter): Promise<Page<AuditedViolation>> {
      return toPage(await readViolations(database, page, filter), page);
    },

    /** Alerts that were raised, newest first; a cursor is the id of one. */
    async alerts(page: PageRequest): Promise<Page<RaisedAlert>> {
      return toPage(await readAlerts(database, page), page);
    },

    /** Each violation once, from now on. */
    added(
      filter: Pick<ViolationFilter, 'workflowId'>,
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
    let readAt = startedAt;
    let emitted = new Set<string>();
    let wake = Promise.withResolvers<void>();
    const onWake = () => wake.resolve();
    const release = hub.listen('violation', undefined, onWake);
    signal.addEventListener('abort', onWake, { once: true });
    try {
      for (;;) {
        await wake.promise;
        wake = Promise.withResolvers();
        using _turn = await acquire(signal);
        const since = new Date(Math.max(startedAt, readAt - OVERLAP_MS));
        readAt = Date.now();
        const recent = await retryWhileDisconnected(
          () => violationsSince(database, { since, filter }),
          signal,
        ).catch((error) => {
          if (signal.aborted) return [];
          throw error;
        });
        if (signal.aborted) return;
        for (const violation of recent) if (!emitted.has(violation.id)) yield violation;
        emitted = new Set(recent.map(({ id }) => id));
      }
    } finally {
      release();
    }
  }
}
