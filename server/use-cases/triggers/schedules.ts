import type { Reach } from '../../auth/principal.ts';
import type { Database, Tx } from '../../db/database.ts';
import { toPage } from '../../db/page.ts';
import type { Evaluator } from '../../expressions/evaluator.ts';
import { newId } from '../../shared/ids.ts';
import {
  findVersion,
  namedWorkflow,
  refuseMissing,
  refuseUnnamed,
  type WorkflowNames,
  workflowOfRow,
} from '../find-version.ts';
import { reachesWorkflowSql, workflowReachValues } from '../reach.ts';
import { refuseNotFound } from '../refuse.ts';
import type { makeStartUseCases } from '../start.ts';
import type { Execution, Outcome, Page, PageRequest, UserError } from '../types.ts';
import { inputErrors } from '../validate-input.ts';
import { insertFirings, MAX_BUFFERED } from './firings.ts';
import {
  type Schedule,
  type ScheduleFiring,
  type ScheduleInput,
  SELECT_SCHEDULES,
  timingOf,
} from './schedule.ts';
import { inputFor, templateErrors } from './schedule-input.ts';
import { jitterOf, type Timing, timeAfter, timesAfter } from './schedule-times.ts';
import { scheduleErrors, timingErrors } from './validate-schedule.ts';

export interface ScheduleDeps {
  database: Database;
  evaluator: Evaluator;
  /** As schedules start executions. */
  start: ReturnType<typeof makeStartUseCases>['start'];
}

export interface ScheduleFilter {
  workflowId?: string | null;
  isPaused?: boolean | null;
  /** Of whoever asks. */
  reach?: Reach | null;
}

/** What a backfill has added to what waits to be started. */
export interface Backfill {
  schedule: Schedule;
  added: number;
  /** Times of the range for which it had started an execution, or will. */
  alreadyFired: number;
}

/** Times that are computed for one request. */
export const MAX_TIMES = 1_000;

export function makeScheduleUseCases({ database, evaluator, start }: ScheduleDeps) {
  const { pool } = database;

  return {
    /** Newest first; a cursor is an id. */
    async list(page: PageRequest, filter: ScheduleFilter): Promise<Page<Schedule>> {
      const { size, cursor, isBackward } = page;
      const { rows } = await pool.query<Schedule>(
        `${SELECT_SCHEDULES}
         WHERE ($1::text IS NULL OR workflow_id = $1) AND ($2::boolean IS NULL OR (paused_at IS NOT NULL) = $2)
           AND ($3::text IS NULL OR id ${isBackward ? '>' : '<'} $3)
           AND ${reachesWorkflowSql('workflow_id', 5)}
         ORDER BY id ${isBackward ? 'ASC' : 'DESC'} LIMIT $4`,
        [
          filter.workflowId ?? null,
          filter.isPaused ?? null,
          cursor,
          size + 1,
          ...workflowReachValues(filter.reach),
        ],
      );
      return toPage(rows, page);
    },

    get: (id: string): Promise<Schedule | null> => find(id),

    async getMany(ids: readonly string[]): Promise<(Schedule | null)[]> {
      const { rows } = await pool.query<Schedule>(`${SELECT_SCHEDULES} WHERE id = ANY ($1)`, [ids]);
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id) ?? null);
    },

    /** Newest first; a cursor is a time. */
    async firings(id: string, page: PageRequest): Promise<Page<ScheduleFiring>> {
      const { size, cursor, isBackward } = page;
      const { rows } = await pool.query<ScheduleFiring>(
        `${SELECT_FIRINGS} AND ($2::timestamptz IS NULL OR scheduled_at ${isBackward ? '>' : '<'} $2)
         ORDER BY scheduled_at ${isBackward ? 'ASC' : 'DESC'} LIMIT $3`,
        [id, cursor, size + 1],
      );
      return toPage(rows, page);
    },

    /** The next times, whether it is paused or not. */
    nextTimes: (schedule: Schedule, count: number, after: Date): Date[] =>
      take(timesAfter(timingOf(schedule), after), count),

    /** The times that a schedule would have. */
    preview(timing: Omit<Timing, 'anchor'>, count: number, after: Date): Outcome<Date[]> {
      const whole = { ...timing, anchor: new Date() };
      const userErrors = timingErrors(whole);
      if (userErrors.length > 0) return { ok: false, userErrors };
      return { ok: true, value: take(timesAfter(whole, after), count) };
    },

    async create(
      workflow: WorkflowNames,
      input: ScheduleInput,
      principal: string,
      project: string | null = null,
    ): Promise<Outcome<Schedule>> {
      const named = namedWorkflow(workflow, project);
      if (named === null) return refuseUnnamed(workflow);
      const version = await findVersion(pool, named, input.versionNumber);
      if (version === null) return refuseMissing(pool, named, input.versionNumber);
      const createdAt = new Date();
      const id = newId('sch');
      const userErrors = await errorsOf(id, version.workflowId, { ...input, createdAt });
      if (userErrors.length > 0) return { ok: false, userErrors };
      const nextAt = timeAfter(timingOf({ ...input, createdAt }), createdAt);
      await pool.query(INSERT, [
        id,
        version.workflowId,
        ...columnsOf(input),
        nextAt,
        dueAt(id, nextAt, input),
        principal,
        createdAt,
      ]);
      return found(id);
    },

    /** Changes what is given. Times that have passed meanwhile are not made up for. */
    update(id: string, change: Partial<ScheduleInput>): Promise<Outcome<Schedule>> {
      return changing(id, async (tx, schedule) => {
        const input = { ...schedule, ...change };
        const userErrors = await errorsOf(id, schedule.workflowId, input);
        if (userErrors.length > 0) return userErrors;
        const nextAt = schedule.pausedAt === null ? timeAfter(timingOf(input), new Date()) : null;
        await tx.query(UPDATE, [id, ...columnsOf(input), nextAt, dueAt(id, nextAt, input)]);
        return [];
      });
    },

    async delete(id: string): Promise<Outcome<{ id: string }>> {
      const { rowCount } = await pool.query('DELETE FROM schedules WHERE id = $1', [id]);
      return rowCount === 1 ? { ok: true, value: { id } } : refuseNotFound('schedule', id);
    },

    pause(id: string, reason: string | null): Promise<Outcome<Schedule>> {
      return changing(id, async (tx) => {
        if (reason !== null && reason.length > 1_000)
          return [invalid('reason', `Expected a reason of at most 1000 characters, got ${reason.length}.`)];
        await tx.query(PAUSE, [id, reason]);
        return [];
      });
    },

    /** Goes on from now; what was missed meanwhile is not made up for. A schedule that is not paused stays as it is. */
    resume(id: string): Promise<Outcome<Schedule>> {
      return changing(id, async (tx, schedule) => {
        if (schedule.pausedAt === null) return [];
        const nextAt = timeAfter(timingOf(schedule), new Date());
        await tx.query(RESUME, [id, nextAt, dueAt(id, nextAt, schedule)]);
        return [];
      });
    },

    /** Starts an execution at once, whatever runs. */
    async trigger(id: string): Promise<Outcome<Execution>> {
      const schedule = await find(id);
      if (schedule === null) return refuseNotFound('schedule', id);
      const scheduledAt = new Date();
      const { workflowId, versionNumber } = schedule;
      const input = await inputFor(evaluator, schedule, scheduledAt);
      const trigger = { triggerId: id, scheduledAt };
      const outcome = await start({ workflowId, versionNumber, input, trigger, principal: 'schedule' });
      if (!outcome.ok) return outcome;
      const firing = {
        scheduledAt,
        outcome: 'STARTED' as const,
        reason: null,
        executionId: outcome.value.id,
      };
      await database.transaction((tx) => insertFirings(tx, id, [firing]));
      return outcome;
    },

    /** Starts executions for the times of a range in the past, one after the other, or at once where overlaps are allowed. */
    async backfill(id: string, from: Date, to: Date): Promise<Outcome<Backfill>> {
      let counts = { added: 0, alreadyFired: 0 };
      const outcome = await changing(id, async (tx, schedule) => {
        const times = rangeOf(schedule, from, to);
        if (!Array.isArray(times)) return [times];
        if (schedule.buffered + times.length > MAX_BUFFERED)
          return [
            invalid(
              'from',
              `Expected at most ${MAX_BUFFERED} times that wait, got ${schedule.buffered + times.length}.`,
            ),
          ];
        const added = await insertFirings(
          tx,
          id,
          times.map((scheduledAt) => ({
            scheduledAt,
            outcome: 'BUFFERED',
            reason: 'Backfill',
            executionId: null,
          })),
        );
        counts = { added, alreadyFired: times.length - added };
        await tx.query('UPDATE schedules SET buffered = buffered + $2 WHERE id = $1', [id, added]);
        return [];
      });
      return outcome.ok ? { ok: true, value: { schedule: outcome.value, ...counts } } : outcome;
    },
  };

  async function find(id: string): Promise<Schedule | null> {
    const { rows } = await pool.query<Schedule>(`${SELECT_SCHEDULES} WHERE id = $1`, [id]);
    return rows[0] ?? null;
  }

  async function found(id: string): Promise<Outcome<Schedule>> {
    const schedule = await find(id);
    return schedule === null ? refuseNotFound('schedule', id) : { ok: true, value: schedule };
  }

  /** With the schedule locked, so that it does not fire meanwhile. */
  async function changing(
    id: string,
    change: (tx: Tx, schedule: Schedule) => Promise<UserError[]>,
  ): Promise<Outcome<Schedule>> {
    const userErrors = await database.transaction(async (tx) => {
      const [schedule] = (await tx.query(`${SELECT_SCHEDULES} WHERE id = $1 FOR UPDATE`, [id])) as Schedule[];
      return schedule === undefined ? null : change(tx, schedule);
    });
    if (userErrors === null) return refuseNotFound('schedule', id);
    return userErrors.length > 0 ? { ok: false, userErrors } : found(id);
  }

  async function errorsOf(
    id: string,
    workflowId: string,
    input: ScheduleInput & { createdAt: Date },
  ): Promise<UserError[]> {
    const timing = timingOf(input);
    const errors = [...scheduleErrors(input), ...timingErrors(timing)];
    if (errors.length > 0) return errors;
    const workflow = workflowOfRow(workflowId);
    const version = await findVersion(pool, workflow, input.versionNumber);
    if (version === null) return (await refuseMissing(pool, workflow, input.versionNumber)).userErrors;
    const problems = await templateErrors(evaluator, input.input);
    if (problems.length > 0) return problems;
    const sample = await inputFor(evaluator, { ...input, id }, timeAfter(timing, new Date())!).catch(
      (error: Error) => error,
    );
    if (sample instanceof Error)
      return [{ code: 'INVALID_EXPRESSION', field: 'input', message: sample.message }];
    return inputErrors(evaluator, version.definition, sample, workflowId);
  }
}

function rangeOf(schedule: Schedule, from: Date, to: Date): Date[] | UserError {
  const now = new Date();
  if (to < from)
    return invalid('to', `Expected an end after ${from.toISOString()}, got ${to.toISOString()}.`);
  if (to > now) return invalid('to', `Expected an end in the past, got ${to.toISOString()}.`);
  const timing = { ...timingOf(schedule), anchor: from < schedule.createdAt ? from : schedule.createdAt };
  const times: Date[] = [];
  for (const time of timesAfter(timing, new Date(from.getTime() - 1))) {
    if (time > to) break;
    times.push(time);
    if (times.length > MAX_TIMES)
      return invalid('to', `Expected at most ${MAX_TIMES} times in the range, got more: take a shorter one.`);
  }
  return times;
}

function invalid(field: string, message: string): UserError {
  return { code: 'INVALID', field, message };
}

function take(times: Iterable<Date>, count: number): Date[] {
  const taken: Date[] = [];
  for (const time of times) if (taken.push(time) >= count) break;
  return taken;
}

/** When it is looked for next: later than its time by its jitter. */
export function dueAt(id: string, nextAt: Date | null, { jitterMs }: { jitterMs: number }): Date | null {
  return nextAt && new Date(nextAt.getTime() + jitterOf(id, nextAt, jitterMs));
}

function columnsOf(input: ScheduleInput): unknown[] {
  return [
    input.versionNumber,
    input.name,
    JSON.stringify(input.input ?? null),
    input.cron,
    input.intervalMs,
    input.timezone,
    input.startsAt,
    input.endsAt,
    input.exclude,
    input.jitterMs,
    input.overlap,
    input.catchupWindowMs,
    input.pauseAfterFailures,
  ];
}

const INSERT = `
  INSERT INTO schedules (id, workflow_id, version_number, name, input, cron, interval_ms, timezone, starts_at, ends_at,
                         exclude, jitter_ms, overlap, catchup_window_ms, pause_after_failures, next_at, due_at, principal,
                         created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)`;

const UPDATE = `
  UPDATE schedules SET
    version_number = $2, name = $3, input = $4, cron = $5, interval_ms = $6, timezone = $7, starts_at = $8, ends_at = $9,
    exclude = $10, jitter_ms = $11, overlap = $12, catchup_window_ms = $13, pause_after_failures = $14, next_at = $15,
    due_at = $16, updated_at = now()
  WHERE id = $1`;

export const PAUSE = `
  UPDATE schedules SET paused_at = coalesce(paused_at, now()), pause_reason = $2, next_at = NULL, due_at = NULL,
                       updated_at = now()
  WHERE id = $1`;

const RESUME = `
  UPDATE schedules SET paused_at = NULL, pause_reason = NULL, resumed_at = now(), next_at = $2, due_at = $3,
                       updated_at = now()
  WHERE id = $1`;

const SELECT_FIRINGS = `
  SELECT schedule_id AS "scheduleId", scheduled_at AS "scheduledAt", fired_at AS "firedAt", outcome, reason,
         execution_id AS "executionId"
  FROM schedule_firings WHERE schedule_id = $1`;
