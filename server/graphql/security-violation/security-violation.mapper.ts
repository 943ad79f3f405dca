import { toCursor } from '../../journal/cursor.ts';
import type { AuditedViolation } from '../../security/violations.ts';
import type { SecurityViolation } from '../execution-event/node-event.type.ts';

/** A line of the audit trail as the event that it repeats. */
export function toSecurityViolation(line: AuditedViolation): SecurityViolation & { type: string } {
  return { ...line, type: 'SecurityViolation', cursor: toCursor(line.executionId, line.sequence) };
}
