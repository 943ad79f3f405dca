import type { Reach } from '../auth/principal.ts';
import type { Database, Tx } from '../db/database.ts';
import { toPage } from '../db/page.ts';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { SEND_SIGNAL } from '../engine/queue.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { sentenceOf } from '../expressions/schema-error.ts';
import type { Hub } from '../journal/hub.ts';
import type { ApprovalState, Approvals, Decision } from '../nodes/approvals.ts';
import { newId } from '../shared/ids.ts';
import type { Acquire } from '../shared/semaphore.ts';
import { followChanges } from './follow-changes.ts';
import { REACH_VALUES, reachesSql, reachValues } from './reach.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Outcome, Page, PageRequest, UserError } from './types.ts';

export const approvalStatuses = ['OPEN', 'APPROVED', 'REJECTED', 'TIMED_OUT', 'CANCELED'] as const;
/** CANCELED: its execution ended before it was decided. */
export type ApprovalStatus = (typeof approvalStatuses)[number];

/** What a node asks people. */
export interface Approval {
  id: string;
  executionId: string;
  workflowId: string | null;
  nodeKey: string;
  item: number | null;
  title: string;
  text: string | null;
  form: unknown;
  required: number;
  status: ApprovalStatus;
  decisions: Decision[];
  createdAt: Date;
  expiresAt: Date | null;
}

export interface ApprovalFilter {
  statuses?: readonly ApprovalStatus[] | null;
  workflowId?: string | null;
  executionId?: string | null;
  /** Of whoever asks. */
  reach?: Reach | null;
}

export interface DecisionInput {
  decision: Decision['decision'];
  values?: unknown;
  comment?: string | null;
  by?: string | null;
  /** Who sends it, which the name in `by` need not be. */
  principal: string;
}

export interface ApprovalDeps {
  database: Database;
  hub: Hub;
  evaluator: Evaluator;
}

/** What the node type `approval` does with them. */
export function makeApprovalStore({ database: { pool }, hub, evaluator }: ApprovalDeps): Approvals {
  return {
    async open({ tryId, executionId, workflowId, nodeKey, item, ...asked }, signal) {
      const { title, text, form, required, timeoutMs } = asked;
      const values: unknown[] = [newId('appr'), executionId, workflowId, nodeKey, item, tryId, title, text];
      values.push(form === null ? null : JSON.stringify(form), required, timeoutMs);
      const { rows } = await retryWhileDisconnected(
        () => pool.query<{ id: string; expiresAt: Date | null }>(OPEN, values),
        signal,
      );
      hub.wake('approval', rows[0]!.id);
      return rows[0]!;
    },

    stateOf: (id, isOver, signal) =>
      retryWhileDisconnected(async () => {
        if (isOver) {
          await pool.query(TIME_OUT, [id]);
          hub.wake('approval', id);
        }
        const { rows } = await pool.query<ApprovalState>(
          'SELECT status, decisions FROM approvals WHERE id = $1',
          [id],
        );
        return rows[0];
      }, signal),

    formProblem: (form) => evaluator.schemaProblem(form),
  };
}

/** What people do with them. */
export function makeApprovalUseCases({ database, hub, evaluator }: ApprovalDeps) {
  const { pool } = database;

  return {
    /** Newest first; a cursor is an id. */
    async list(page: PageRequest, filter: ApprovalFilter): Promise<Page<Approval>> {
      const { size, cursor, isBackward } = page;
      const text = `
        ${SELECT} AND ($${NEXT}::text IS NULL OR a.id ${isBackward ? '>' : '<'} $${NEXT})
        ORDER BY a.id ${isBackward ? 'ASC' : 'DESC'} LIMIT $${NEXT + 1}`;
      const { rows } = await pool.query<Approval>(text, [...filterValues(filter), cursor, size + 1]);
      return toPage(rows, page);
    },

    async get(id: string): Promise<Approval | null> {
      return (await findMany([id], {}))[0] ?? null;
    },

    /** Each approval that is opened, decided on or closed, from now on. */
    updates(filter: ApprovalFilter, acquire: Acquire): AsyncIterableIterator<Approval> {
      return followChanges(
        {
          hub,
          topic: 'approval',
          // An execution that ends closes what it asked.
          related: {
            topic: 'status',
            async rowsOf(executionIds) {
              const { rows } = await pool.query<{ id: string }>(CLOSED_WITH, [executionIds]);
              return rows.map(({ id }) => id);
            },
          },
          find: (ids) => findMany(ids, filter),
          async changedSince(since) {
            const { rows } = await pool.query<{ id: string; state: string }>(CHANGED, [since]);
            return rows;
          },
          stateOf: ({ status, decisions }) => `${status} ${decisions.length}`,
        },
        acquire,
      );
    },

    async resolve(id: string, input: DecisionInput): Promise<Outcome<Approval>> {
      const approval = (await findMany([id], {}))[0];
      if (approval === undefined) return refuseNotFound('approval', id);
      const userErrors = await inputProblems(approval, input);
      if (userErrors.length > 0) return { ok: false, userErrors };
      const refused = await database.transaction((tx) => decide(tx, id, input));
      if (refused !== null) return refused;
      hub.wake('approval', id);
      hub.wake('request', approval.executionId);
      hub.wake('queue', '');
      return { ok: true, value: (await findMany([id], {}))[0]! };
    },
  };

  async function findMany(ids: string[], filter: ApprovalFilter): Promise<Approval[]> {
    const { rows } = await pool.query<Approval>(`${SELECT} AND a.id = ANY ($${NEXT}) ORDER BY a.id`, [
      ...filterValues(filter),
      ids,
    ]);
    return rows;
  }

  async function inputProblems({ form, required }: Approval, input: DecisionInput): Promise<UserError[]> {
    const { decision, values = null, comment, by } = input;
    const errors: UserError[] = [];
    const invalid = (field: string, message: string) => errors.push({ code: 'INVALID', field, message });
    if (by != null && (by.trim() === '' || by.length > 200))
      invalid('by', `Expected \`by\` of 1 to 200 characters, got ${by.length}.`);
    if (required > 1 && by == null)
      invalid('by', `Expected \`by\`, because ${required} different people must approve; got none.`);
    if (comment != null && comment.length > 10_000)
      invalid('comment', `Expected a comment of at most 10000 characters, got ${comment.length}.`);
    if (decision === 'REJECT' || form === null) return errors;
    const found = await evaluator.findSchemaErrors(form, values, { owner: 'approvals', isBounded: true });
    for (const error of found) {
      const message = `${sentenceOf(error, { root: 'What was entered', by: 'title' })}.`;
      errors.push({ code: 'INVALID_VALUES', field: ['values', ...error.path].join('.'), message });
    }
    return errors;
  }

  /** With the rows of the execution and the approval locked: null where the decision counts. */
  async function decide(tx: Tx, id: string, input: DecisionInput): Promise<Outcome<never> | null> {
    const [row] = (await tx.query(LOCK, [id])) as LockedApproval[];
    if (row === undefined) return refuseNotFound('approval', id);
    // First, so that whoever is late gets the same answer however soon the execution ends by the decision.
    if (row.status !== 'OPEN')
      return refuse('ALREADY_RESOLVED', 'id', `Approval ${id} is ${row.status} already.`);
    if (row.hasEnded)
      return refuse(
        'ALREADY_ENDED',
        'id',
        `The execution of approval ${id} has ended, so nobody waits for it.`,
      );
    if (row.isOver)
      return refuse(
        'APPROVAL_EXPIRED',
        'id',
        `The time of approval ${id} was over at ${row.expiresAt!.toISOString()}.`,
      );
    const { decision, values = null, comment = null, by = null, principal } = input;
    if (by !== null && row.decisions.some((each) => each.by === by))
      return refuse('ALREADY_DECIDED', 'by', `${by} has decided on approval ${id} already.`);
    const made: Decision = { decision, by, principal, values, comment, at: new Date().toISOString() };
    const decisions = [...row.decisions, made];
    const approvals = decisions.filter((each) => each.decision === 'APPROVE').length;
    const status = decision === 'REJECT' ? 'REJECTED' : approvals >= row.required ? 'APPROVED' : 'OPEN';
    await tx.query(DECIDE, [id, status, JSON.stringify(decisions)]);
    await tx.query(SEND_SIGNAL, [row.executionId, row.nodeKey, row.item, JSON.stringify(made)]);
    return null;
  }
}

type LockedApproval = Pick<
  Approval,
  'executionId' | 'nodeKey' | 'item' | 'required' | 'decisions' | 'expiresAt'
> & {
  status: ApprovalState['status'];
  hasEnded: boolean;
  isOver: boolean;
};

function filterValues({
  workflowId = null,
  executionId = null,
  statuses = null,
  reach = null,
}: ApprovalFilter): unknown[] {
  return [workflowId, executionId, statuses, ...reachValues(reach)];
}

/** A repeated try updates nothing, and gets the row of the first. */
const OPEN = `
  INSERT INTO approvals (id, execution_id, workflow_id, node_key, item, try_id, title, text, form, required, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11 * interval '1 ms')
  ON CONFLICT (try_id) DO UPDATE SET try_id = excluded.try_id
  RETURNING id, expires_at AS "expiresAt"`;

const TIME_OUT = `UPDATE approvals SET status = 'TIMED_OUT', updated_at = now() WHERE id = $1 AND status = 'OPEN'`;

const DECIDE = 'UPDATE approvals SET status = $2, decisions = $3, updated_at = now() WHERE id = $1';

/** In the order in which all lock: the execution first. */
const LOCK = `
  WITH owner AS MATERIALIZED (
    SELECT e.id, e.finished_at FROM executions e
    WHERE e.id = (SELECT execution_id FROM approvals WHERE id = $1) FOR UPDATE
  )
  SELECT a.execution_id AS "executionId", a.node_key AS "nodeKey", a.item, a.required, a.status, a.decisions,
         a.expires_at AS "expiresAt", coalesce(a.expires_at <= clock_timestamp(), false) AS "isOver",
         owner.finished_at IS NOT NULL AS "hasEnded"
  FROM approvals a JOIN owner ON owner.id = a.execution_id WHERE a.id = $1 FOR UPDATE OF a`;

const STATUS = `CASE WHEN a.status = 'OPEN' AND e.finished_at IS NOT NULL THEN 'CANCELED' ELSE a.status END`;

const SELECT = `
  SELECT a.id, a.execution_id AS "executionId", a.workflow_id AS "workflowId", a.node_key AS "nodeKey", a.item, a.title,
         a.text, a.form, a.required, ${STATUS} AS status, a.decisions, a.created_at AS "createdAt",
         a.expires_at AS "expiresAt"
  FROM approvals a JOIN executions e ON e.id = a.execution_id
  WHERE ($1::text IS NULL OR a.workflow_id = $1) AND ($2::text IS NULL OR a.execution_id = $2)
    AND ($3::text[] IS NULL OR ${STATUS} = ANY ($3))
    AND ${reachesSql({ project: 'e.project', workflowId: 'a.workflow_id', executionId: 'a.execution_id', from: 4 })}`;
/** The first parameter after those of SELECT. */
const NEXT = 4 + REACH_VALUES;

const CHANGED = `
  SELECT a.id, ${STATUS} || ' ' || jsonb_array_length(a.decisions) AS state
  FROM approvals a JOIN executions e ON e.id = a.execution_id WHERE a.updated_at >= $1 OR (a.status = 'OPEN' AND e.finished_at >= $1)`;

const CLOSED_WITH = `
  SELECT a.id FROM approvals a JOIN executions e ON e.id = a.execution_id
  WHERE a.execution_id = ANY ($1) AND a.status = 'OPEN' AND e.finished_at IS NOT NULL`;
