import type { Pool } from 'pg';
import type { PageRequest } from '../db/page.ts';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { newId } from '../shared/ids.ts';

export const auditOutcomes = ['DONE', 'REFUSED', 'FORBIDDEN', 'FAILED'] as const;
/** REFUSED: by what was wrong with its input. FORBIDDEN: to whoever asked. FAILED: by an error. */
export type AuditOutcome = (typeof auditOutcomes)[number];

/** What somebody did, or tried to do. */
export interface AuditLine {
  occurredAt: Date;
  principal: string;
  /** In which it acted. */
  project: string;
  /** Of the principal, as it was then. */
  principalName: string;
  /** The field of the mutation, or the request: `workflowUpdate`, `POST /files`. */
  operation: string;
  /** The id of what it was done to; null where nothing came of it. */
  target: string | null;
  outcome: AuditOutcome;
  /** Of the error. */
  code: string | null;
  /** What was sent: bounded, with values, code and secrets as hashes or not at all. */
  input: unknown;
  before: unknown;
  after: unknown;
  address: string | null;
  forwardedFor: string | null;
}

export type AuditedOperation = AuditLine & { id: string };

export interface AuditFilter {
  project?: string;
  principal?: string | null;
  operation?: string | null;
  target?: string | null;
  outcome?: AuditOutcome | null;
  occurredFrom?: Date | null;
  occurredBefore?: Date | null;
}

export interface AuditLog {
  /** Resolves when the line is durable. */
  add(line: AuditLine): Promise<void>;
  /** Newest first; a cursor is an id. One row beyond the page shows that there are more. */
  read(page: PageRequest, filter: AuditFilter): Promise<AuditedOperation[]>;
}

/** Lines that come while others are written go together, so that a thousand starts a second cost a few statements. */
export function makeAuditLog(pool: Pool): AuditLog {
  let waiting: AuditedOperation[] = [];
  let next: Promise<void> | null = null;
  let writing: Promise<void> = Promise.resolve();

  /** With ids from here, so that a repetition after a lost answer adds nothing. */
  async function write(): Promise<void> {
    await writing;
    const lines = waiting;
    waiting = [];
    next = null;
    const statement = { name: 'weft-audit', text: INSERT, values: [JSON.stringify(lines)] };
    await retryWhileDisconnected(() => pool.query(statement), AbortSignal.timeout(PATIENCE_MS));
  }

  function begin(): Promise<void> {
    const written = write();
    writing = written.catch(() => {}); // Whoever waits for the lines gets the error.
    return written;
  }

  return {
    add(line) {
      waiting.push({ id: newId('aud'), ...line });
      next ??= begin();
      return next;
    },

    async read({ size, cursor, isBackward }, filter) {
      const { principal = null, operation = null, target = null, outcome = null } = filter;
      const { occurredFrom = null, occurredBefore = null, project } = filter;
      const { rows } = await pool.query<AuditedOperation>(
        `${SELECT} AND ($7::text IS NULL OR id ${isBackward ? '>' : '<'} $7)
           AND project = $8
         ORDER BY id ${isBackward ? 'ASC' : 'DESC'} LIMIT $9`,
        [principal, operation, target, outcome, occurredFrom, occurredBefore, cursor, project, size + 1],
      );
      return rows;
    },
  };
}

/** What was done is done; its line is worth a wait for a database that is away. */
const PATIENCE_MS = 20_000;

const INSERT = `
  INSERT INTO audit_log (id, occurred_at, principal, principal_name, operation, target, outcome, code, input, before, after,
                         address, forwarded_for, project)
  SELECT id, "occurredAt", principal, "principalName", operation, target, outcome, code, input, before, after, address,
         "forwardedFor", project
  FROM json_to_recordset($1::json) AS line (
    id text, "occurredAt" timestamptz, principal text, "principalName" text, operation text, target text, outcome text, code text,
    input json, before json, after json, address text, "forwardedFor" text, project text)
  ON CONFLICT (id) DO NOTHING`;

const SELECT = `
  SELECT id, occurred_at AS "occurredAt", principal, principal_name AS "principalName", operation, target, outcome, code,
         input, before, after, address, forwarded_for AS "forwardedFor", project
  FROM audit_log
  WHERE ($1::text IS NULL OR principal = $1) AND ($2::text IS NULL OR operation = $2)
    AND ($3::text IS NULL OR target = $3) AND ($4::text IS NULL OR outcome = $4)
    AND ($5::timestamptz IS NULL OR occurred_at >= $5) AND ($6::timestamptz IS NULL OR occurred_at < $6)`;
