import {
  SecurityViolationAddedDocument,
  type SecurityViolationFilter,
  type SecurityViolationPartsFragment,
  SecurityViolationsDocument,
} from './_generated_operations.ts';
import { type Listing, type ListOptions, makeListing } from './listing.ts';
import { followed, type Live, type LiveStream } from './live.ts';
import { type RequestOptions, request } from './request.ts';

/** What code tried and was not allowed, where and when. */
export type AuditedViolation = SecurityViolationPartsFragment;

export interface SecurityViolations {
  /** The audit trail, newest first. */
  list(options?: ListOptions & { filter?: SecurityViolationFilter }): Listing<AuditedViolation>;
  /** The same as it happens, from now on. What happens while the connection is lost is in the list alone. */
  added(options?: RequestOptions & { workflowId?: string }): LiveStream<AuditedViolation>;
}

export function makeSecurityViolations(live: Live): SecurityViolations {
  return {
    list: ({ filter, ...options } = {}) =>
      makeListing(options, async (page) => {
        const variables = { ...page, filter };
        const data = await request(live.settings, SecurityViolationsDocument, variables, options);
        return data.securityViolations;
      }),
    added: ({ signal, ...filter } = {}) =>
      followed(live, 'SecurityViolationAdded', signal, (connect) =>
        connect({
          document: SecurityViolationAddedDocument,
          variables: async () => filter,
          pick: ({ securityViolationAdded }) => securityViolationAdded,
          weigh: () => 1,
        }),
      ),
  };
}
