import {
  SecurityAlertsDocument,
  type SecurityAlertsQuery,
  SecurityViolationAddedDocument,
  type SecurityViolationFilter,
  type SecurityViolationPartsFragment,
  SecurityViolationsDocument,
} from './_generated_operations.ts';
import { makeFollow, makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import type { Listing, ListOptions } from './listing.ts';
import type { FollowOptions, LiveStream } from './live-stream.ts';

/** Something forbidden that code attempted: what, where and when. */
export type AuditedViolation = SecurityViolationPartsFragment;

/** Violations came so often that an operator was alerted. */
export type RaisedSecurityAlert = SecurityAlertsQuery['securityAlerts']['nodes'][number];

export interface SecurityViolations {
  /** The audit trail, newest first. */
  list(options?: ListOptions & { filter?: SecurityViolationFilter }): Listing<AuditedViolation>;
  /** Violations as they happen, from now on. Only the list has those that happen while the connection is lost. */
  added(options?: FollowOptions & { workflowId?: string }): LiveStream<AuditedViolation>;
  /** Alerts that repeated violations have raised, newest first. */
  alerts(options?: ListOptions): Listing<RaisedSecurityAlert>;
}

export function makeSecurityViolations(context: ClientContext): SecurityViolations {
  const { settings } = context;
  return {
    list: makeList(settings, SecurityViolationsDocument, 'securityViolations'),
    added: makeFollow(context, SecurityViolationAddedDocument, 'securityViolationAdded'),
    alerts: makeList(settings, SecurityAlertsDocument, 'securityAlerts'),
  };
}
