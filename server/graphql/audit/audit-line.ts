import type { AuditLine } from '../../security/audit-log.ts';
import type { Caller } from '../transport/caller.ts';

/** A line of what was done, of which the rest is filled in. */
export function lineOf({ principal, address, forwardedFor }: Caller, operation: string): AuditLine {
  return {
    occurredAt: new Date(),
    principal: principal.id,
    project: principal.reach.project,
    principalName: principal.name,
    operation,
    target: null,
    outcome: 'DONE',
    code: null,
    input: null,
    before: null,
    after: null,
    address,
    forwardedFor,
  };
}
