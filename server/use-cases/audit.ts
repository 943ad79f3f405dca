import { DEFAULT_PROJECT } from '../auth/principal.ts';
import type { Database } from '../db/database.ts';
import { toPage } from '../db/page.ts';
import {
  type AuditedOperation,
  type AuditFilter,
  type AuditLine,
  makeAuditLog,
} from '../security/audit-log.ts';
import type { Page, PageRequest } from './types.ts';

/** What clients did, and tried to do. */
export function makeAuditUseCases({ database }: { database: Database }) {
  const log = makeAuditLog(database.pool);
  return {
    /** Resolves when the line is durable. */
    record: (line: AuditLine): Promise<void> => log.add(line),

    /** Newest first; a cursor is an id. */
    async list(page: PageRequest, filter: AuditFilter): Promise<Page<AuditedOperation>> {
      return toPage(await log.read(page, { project: DEFAULT_PROJECT, ...filter }), page);
    },
  };
}
