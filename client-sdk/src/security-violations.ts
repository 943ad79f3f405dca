import {
  SecurityAlertsDocument,
  type SecurityAlertsQuery,
  SecurityViolationAddedDocument,
  type SecurityViolationFilter,
  type SecurityViolationPartsFragment,
  SecurityViolationsDocument,
} from './_generated_operations.ts';
import type { ClientContext } from './context.ts';
import { type Listing, type ListOptions, makeListing } from './listing.ts';
import { type LiveStream, openLiveStream } from './live-stream.ts';
import { type RequestOptions, request } from './request.ts';

/** Something forbidden that code attempted: what, where and when. */
export type AuditedViolation = SecurityViolationPartsFragment;

/** Violations came so often that an operator was alerted. */
export type RaisedSecurityAlert = SecurityAlertsQuery['securityAlerts']['nodes'][number];

export interface SecurityViolations {
  /** The audit trail, newest first. */
  list(options?: ListOptions & { filter?: SecurityViolationFilter }): Listing<AuditedViolation>;
  /** Violations as they happen, from now on. Only the list has those that happen while the connection is lost. */
  added(options?: RequestOptions & { workflowId?: string }): LiveStream<AuditedViolation>;
  /** Alerts that repeated violations have raised, newest first. */
  alerts(options?: ListOptions): Listing<RaisedSecurityAlert>;
}

export function makeSecurityViolations(context: ClientContext): SecurityViolations {
  return {
    list: ({ filter, ...options } = {}) =>
      makeListing(options, async (page) => {
        const variables = { ...page, filter };
        const data = await request(context.settings, SecurityViolationsDocument, variables, options);
        return data.securityViolations;
      }),
    added: ({ signal, ...filter } = {}) =>
      openLiveStream(context, 'SecurityViolationAdded', signal, (connect) =>
        connect({
          document: SecurityViolationAddedDocument,
          variables: async () => filter,
          select: ({ securityViolationAdded }) => securityViolationAdded,
          countEvents: () => 1,
        }),
      ),
    alerts: (options = {}) =>
      makeListing(options, async (page) => {
        const { securityAlerts } = await request(context.settings, SecurityAlertsDocument, page, options);
        return securityAlerts;
      }),
  };
}
