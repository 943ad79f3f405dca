import type { Account } from '../../auth/accounts.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Database, Tx } from '../../db/database.ts';
import { newId } from '../../shared/ids.ts';
import type { Execution, Outcome } from '../types.ts';
import type { Weft } from '../weft.ts';

/**
 * Executions as a principal starts them that may have so many at once. A start takes a place for its execution before
 * that exists, under a lock of the account, so that replicas count together; and gives it back where nothing was
 * started. Who says nothing of it pays nothing for it.
 */
export function limitRunning(
  executions: Weft['executions'],
  { accounts, reach: { project } }: Principal,
  { database }: { database: Database },
): Weft['executions'] {
  const ordered = accounts.toSorted((a, b) => (a.id < b.id ? -1 : 1)); // one order of locks

  async function within(
    repeated: Repeated,
    begin: (id: { executionId?: string }) => Promise<Outcome<Execution>>,
  ): Promise<Outcome<Execution>> {
    const limited = ordered.filter(({ maxRunningExecutions }) => maxRunningExecutions !== null);
    if (limited.length === 0) return begin({});
    const executionId = newId('exec');
    const full = await takePlaces(database, limited, executionId);
    // The execution of the first time is no new one.
    if (full !== null && !(await isRepeated(database, project, repeated))) return refuseFull(full);
    const isPlaced = full === null;
    let outcome: Outcome<Execution> | null = null;
    try {
      outcome = await begin({ executionId });
      return outcome;
    } finally {
      const isNew = outcome?.ok === true && outcome.value.id === executionId;
      if (isPlaced && !isNew) await database.pool.query(GIVE_BACK, [executionId]);
    }
  }

  const retry: typeof executions.retry = (id, wanted) =>
    within({ key: wanted.idempotencyKey, retryOf: id }, (place) =>
      executions.retry(id, { ...wanted, ...place }),
    );
  return {
    ...executions,
    retry,
    start: (input) =>
      within(
        { key: input.idempotencyKey, workflowId: input.workflowId, workflowKey: input.workflowKey },
        (place) => executions.start({ ...input, ...place }),
      ),
    runPython: (input) =>
      within({ key: input.idempotencyKey }, (place) => executions.runPython({ ...input, ...place })),
    retryAll: (request) => executions.retryAll({ ...request, retryOne: retry }),
  };
}

/** What names the execution of an earlier start: its key, and the workflow in one of these ways. */
interface Repeated {
  key: string | null | undefined;
  workflowId?: string | null | undefined;
  workflowKey?: string | null | undefined;
  retryOf?: string;
}

/** The account that is full, or null where the execution has a place in each. */
async function takePlaces(
  database: Database,
  accounts: readonly Account[],
  executionId: string,
): Promise<Account | null> {
  let full: Account | null = null;
  try {
    await database.transaction(async (tx: Tx) => {
      for (const account of accounts) {
        await tx.query(LOCK, [account.id]);
        await tx.query(FORGET, [account.id]);
        const taken = await tx.query(TAKE, [account.id, executionId, account.maxRunningExecutions]);
        if (taken.length > 0) continue;
        full = account;
        throw new Full();
      }
    });
  } catch (error) {
    if (!(error instanceof Full)) throw error;
  }
  return full;
}

/** Ends the transaction, so that no place is taken. */
class Full extends Error {}

async function isRepeated(
  { pool }: Database,
  project: string,
  { key, ...named }: Repeated,
): Promise<boolean> {
  if (key == null) return false;
  const { workflowId = null, workflowKey = null, retryOf = null } = named;
  const { rows } = await pool.query(IS_REPEATED, [key, workflowId, workflowKey, retryOf, project]);
  return rows.length > 0;
}

function refuseFull({ owner, maxRunningExecutions: max }: Account): Outcome<never> {
  const executions = max === 1 ? 'execution' : 'executions';
  const message = `${max} ${executions} of ${owner} ${max === 1 ? 'has' : 'have'} not ended, which is as many as it may have. Start it again when one has ended.`;
  return { ok: false, userErrors: [{ code: 'RUNNING_LIMIT', field: null, message }] };
}

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('weft-running ' || $1, 0))`;

/** Of executions that have ended, and of starts whose server ended before there was one. */
const FORGET = `
  DELETE FROM running_starts r WHERE account = $1 AND NOT EXISTS (
    SELECT FROM executions e WHERE e.id = r.execution_id AND e.finished_at IS NULL
  ) AND (taken_at < now() - interval '1 minute' OR EXISTS (SELECT FROM executions e WHERE e.id = r.execution_id))`;

const TAKE = `
  INSERT INTO running_starts (account, execution_id)
  SELECT $1, $2 WHERE (SELECT count(*) FROM running_starts WHERE account = $1) < $3::int
  RETURNING account`;

const GIVE_BACK = 'DELETE FROM running_starts WHERE execution_id = $1';

const IS_REPEATED = `
  SELECT FROM executions WHERE idempotency_key = $1 AND project = $5 AND coalesce(workflow_id, '') = coalesce(
    (SELECT id FROM workflows WHERE project = $5 AND deleted_at IS NULL AND (id = $2 OR key = $3) LIMIT 1),
    (SELECT workflow_id FROM executions WHERE id = $4), '')
  AND (idempotency_expires_at IS NULL OR idempotency_expires_at > now())`;
