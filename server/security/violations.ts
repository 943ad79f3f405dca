import { And, type FindOperator, In, LessThan, MoreThan, MoreThanOrEqual, Raw } from 'typeorm';
import type { Database } from '../db/database.ts';
import { SecurityViolationEntity } from '../db/entities/security-violation.entity.ts';
import { newestFirst, type PageRequest } from '../db/page.ts';
import type { PythonViolation } from '../sandbox/backend.ts';
import { type Severity, severitiesFrom } from '../shared/severity.ts';

/** A row of the audit trail. */
export interface AuditedViolation {
  /** The id of the row; later rows have greater ids. */
  id: string;
  executionId: string;
  sequence: number;
  nodeKey: string;
  attempt: number;
  item: number | null;
  principal: string;
  workflowId: string | null;
  versionNumber: number | null;
  codeHash: string;
  violation: PythonViolation;
  severity: Severity;
  /** How often it came: the row may stand for many that are the same. */
  count: number;
  occurredAt: Date;
}

export interface ViolationFilter {
  workflowId?: string | null;
  executionId?: string | null;
  rule?: string | null;
  layer?: PythonViolation['layer'] | null;
  severity?: Severity | null;
  minSeverity?: Severity | null;
  occurredFrom?: Date | null;
  occurredBefore?: Date | null;
  /** Of whoever asks: a condition on the project. */
  within?: { project?: string | FindOperator<string> };
}

/** Newest first; a cursor is an id. One row beyond the page size shows that there are more. */
export async function readViolations(
  { manager }: Database,
  page: PageRequest,
  filter: ViolationFilter,
): Promise<AuditedViolation[]> {
  const { within, ...read } = newestFirst('id', page);
  const rows = await manager.find(SecurityViolationEntity, {
    where: { ...setFieldsOf(filter), ...within },
    ...read,
  });
  return rows.map(toViolation);
}

/** The oldest rows that were written after `since` and whose ids are not seen. */
export async function violationsSince(
  { manager }: Database,
  { since, ids, limit, filter }: ViolationsSince,
): Promise<AuditedViolation[]> {
  const { after, except } = ids;
  const isUnseen = Raw((id) => `(${id} > :after AND ${id} <> ALL (:except::bigint[]))`, { after, except });
  const rows = await manager.find(SecurityViolationEntity, {
    where: { ...setFieldsOf(filter), occurredAt: MoreThan(since), id: isUnseen },
    order: { occurredAt: 'ASC', id: 'ASC' },
    take: limit,
  });
  return rows.map(toViolation);
}

export interface ViolationsSince {
  since: Date;
  ids: { after: string; except: readonly string[] };
  limit: number;
  filter: ViolationFilter;
}

function setFieldsOf({
  occurredFrom,
  occurredBefore,
  severity,
  minSeverity,
  within,
  ...filter
}: ViolationFilter) {
  const bounds: FindOperator<Date>[] = [];
  if (occurredFrom != null) bounds.push(MoreThanOrEqual(occurredFrom));
  if (occurredBefore != null) bounds.push(LessThan(occurredBefore));
  const allowed: FindOperator<Severity>[] = [];
  if (severity != null) allowed.push(In([severity]));
  if (minSeverity != null) allowed.push(In([...severitiesFrom(minSeverity)]));
  return {
    ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value != null)),
    ...within,
    ...(bounds.length === 0 ? {} : { occurredAt: And(...bounds) }),
    ...(allowed.length === 0 ? {} : { severity: And(...allowed) }),
  };
}

function toViolation({
  seq,
  violation,
  severity,
  layer: _layer,
  rule: _rule,
  ...row
}: SecurityViolationEntity): AuditedViolation {
  return { ...row, sequence: seq, violation: violation as PythonViolation, severity: severity as Severity };
}
