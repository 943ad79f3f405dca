import {
  type AuditedOperationPartsFragment,
  type AuditFilter,
  AuditLogDocument,
} from './_generated_operations.ts';
import { makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import type { Listing, ListOptions } from './listing.ts';

/** What somebody did, or tried to do: who, what, when, from where, and what it was before and after. */
export type AuditedOperation = AuditedOperationPartsFragment;

/** Needs a token with the scope ADMIN. */
export interface AuditLog {
  /** Newest first. */
  list(options?: ListOptions & { filter?: AuditFilter }): Listing<AuditedOperation>;
}

export function makeAuditLog({ settings }: ClientContext): AuditLog {
  return { list: makeList(settings, AuditLogDocument, 'auditLog') };
}
