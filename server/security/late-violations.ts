import type { Database } from '../db/database.ts';
import type { PythonViolation } from '../sandbox/backend.ts';
import type { Logger } from '../shared/logger.ts';

/** A violation that came after the end of its execution's journal, where no event can follow. */
export interface LateViolation {
  nodeKey: string;
  attempt: number;
  item?: number | null;
  violation: PythonViolation;
  codeHash: string;
}

/**
 * Adds rows to the audit trail that have no event. Their sequences follow the last one of the journal. Where there can be
 * no row, because the execution was left to another worker or is deleted, the log has the violation.
 */
export function makeLateAudit(deps: {
  database: Database;
  onAdded: (executionId: string, late: LateViolation) => void;
  logger: Logger;
}): (executionId: string, late: LateViolation) => Promise<void> {
  /** One insert at a time, so that each row gets a sequence of its own. Never rejects. */
  let last = Promise.resolve();

  // Never rejects: the run is over, and nobody waits for its audit.
  async function add(executionId: string, late: LateViolation): Promise<void> {
    try {
      const { nodeKey, attempt, item = null, violation, codeHash } = late;
      const rows = await deps.database.manager.query(INSERT, [
        ...[executionId, nodeKey, attempt, item, codeHash, violation.rule, violation.layer],
        JSON.stringify(violation),
      ]);
      if (rows.length > 0) deps.onAdded(executionId, late);
      else deps.logger.error({ executionId, ...late }, 'a violation came too late for the audit trail');
    } catch (error) {
      deps.logger.error({ err: error, executionId, ...late }, 'a late violation could not be recorded');
    }
  }

  return (executionId, late) => {
    last = last.then(() => add(executionId, late));
    return last;
  };
}

const INSERT = `
  INSERT INTO security_violations (execution_id, seq, node_key, attempt, item, principal, project, workflow_id,
                                   version_number, code_hash, rule, layer, violation, occurred_at)
  SELECT e.id, 1 + greatest(
           (SELECT max(seq) FROM execution_events WHERE execution_id = e.id),
           (SELECT max(seq) FROM security_violations WHERE execution_id = e.id)),
         $2, $3, $4, e.principal, e.project, e.workflow_id, e.version_number, $5, $6, $7, $8, now()
  FROM executions e
  WHERE e.id = $1 AND e.finished_at IS NOT NULL
  RETURNING id`;
