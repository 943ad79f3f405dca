import type { Database, Tx } from '../../db/database.ts';
import type { Evaluator } from '../../expressions/evaluator.ts';
import { type Clock, setRepeatingTimer } from '../../shared/clock.ts';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { makeStartUseCases } from '../start.ts';
import type { Execution, Outcome } from '../types.ts';
import { decide, insertFirings, type NewFiring } from './firings.ts';
import { type Schedule, SELECT_DUE, timingOf } from './schedule.ts';
import { inputFor } from './schedule-input.ts';
import { timeAfter } from './schedule-times.ts';
import { dueAt, PAUSE } from './schedules.ts';

export interface SchedulerDeps {
  database: Database;
  evaluator: Evaluator;
  start: ReturnType<typeof makeStartUseCases>['start'];
  cancel: (executionId: string, mode: 'GRACEFUL') => Promise<unknown>;
  clock: Clock;
  logger: Logger;
}

const POLL_INTERVAL_MS = 1_000;
/** Times of one schedule that one transaction fires. */
const MAX_TIMES_AT_ONCE = 20;
/** How long a schedule is left alone whose firing failed for a reason of the server. */
const RETRY_SECONDS = 10;

/**
 * Fires schedules, in every worker. A schedule that is due is a row; whoever locks it fires it:
 *
 *   lock the row → start what its times ask for → write the firings and the next time → commit
 *
 * Due is what the clock of the database says, so the clocks of replicas do not matter. An execution is started with its
 * schedule and its time in its row: where a worker is lost before the commit, the next one finds it and starts no second.
 */
export function openScheduler(deps: SchedulerDeps): AsyncDisposable {
  const { clock, logger } = deps;
  let closing = false;
  let pass: Promise<void> | null = null;
  const begin = () => {
    pass ??= firePass().finally(() => {
      pass = null;
    });
  };
  // Not with the worker, which begins with it: each would take a connection, and keep it.
  const stop = setRepeatingTimer(clock, POLL_INTERVAL_MS, begin, POLL_INTERVAL_MS / 2);

  /** Never rejects. */
  async function firePass(): Promise<void> {
    try {
      for (const step of [fireNext, startNextBuffered]) while (!closing && (await step(deps)));
    } catch (error) {
      logger.warn({ err: error }, 'firing schedules failed; the worker tries again within a second');
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      closing = true;
      stop();
      await pass;
    },
  };
}

interface DueSchedule extends Schedule {
  resumedAt: Date;
  /** By the clock of the database. */
  now: Date;
}

/** Fires the schedule that is due for longest. False where none is. */
function fireNext(deps: SchedulerDeps): Promise<boolean> {
  return withLocked(deps, LOCK_DUE, async (tx, schedule) => {
    const pauseReason = await reasonToPause(tx, schedule);
    if (pauseReason !== null) {
      await tx.query(PAUSE, [schedule.id, pauseReason]);
      return;
    }
    const firings: NewFiring[] = [];
    let next = schedule.nextAt;
    const missed = missedTimes(schedule);
    if (missed !== null) {
      firings.push(missed.firing);
      next = missed.next;
    }
    for (let count = 0; next !== null && count < MAX_TIMES_AT_ONCE; count += 1) {
      if (dueAt(schedule.id, next, schedule)! > schedule.now) break;
      firings.push(await fireAt(deps, tx, schedule, next));
      next = timeAfter(timingOf(schedule), next);
    }
    await insertFirings(tx, schedule.id, firings);
    await tx.query(GO_ON, [schedule.id, next, dueAt(schedule.id, next, schedule), schedule.buffered]);
  });
}

/** Starts the oldest firing that waits, of a schedule of which nothing runs any more. False where there is none. */
function startNextBuffered(deps: SchedulerDeps): Promise<boolean> {
  return withLocked(deps, LOCK_BUFFERED, async (tx, schedule) => {
    const [firing] = (await tx.query(OLDEST_BUFFERED, [schedule.id])) as { scheduledAt: Date }[];
    if (firing !== undefined) {
      const started = await startFor(deps, tx, schedule, firing.scheduledAt);
      await tx.query(END_BUFFERING, [
        schedule.id,
        firing.scheduledAt,
        started.outcome,
        started.reason,
        started.executionId,
      ]);
    }
    await tx.query('UPDATE schedules SET buffered = greatest(buffered - 1, 0) WHERE id = $1', [schedule.id]);
  });
}

/** Runs `work` with a schedule that `lock` gives, in one transaction. False where it gives none, or the work failed. */
async function withLocked(
  { database, logger }: SchedulerDeps,
  lock: string,
  work: (tx: Tx, schedule: DueSchedule) => Promise<void>,
): Promise<boolean> {
  let locked: DueSchedule | undefined;
  try {
    await database.transaction(async (tx) => {
      [locked] = (await tx.query(lock)) as DueSchedule[];
      if (locked !== undefined) await work(tx, locked);
    });
  } catch (error) {
    if (locked === undefined) throw error;
    logger.warn(
      { err: coerceError(error), scheduleId: locked.id },
      'a schedule could not fire; it is tried again',
    );
    await database.pool.query(POSTPONE, [locked.id, RETRY_SECONDS]);
    return false;
  }
  return locked !== undefined;
}

/** Times that are longer ago than what is made up for: nothing starts for them, and one firing stands for all. */
function missedTimes(schedule: DueSchedule): { firing: NewFiring; next: Date | null } | null {
  const { nextAt, now, catchupWindowMs, jitterMs } = schedule;
  const since = new Date(now.getTime() - catchupWindowMs - jitterMs - POLL_INTERVAL_MS * 2);
  if (nextAt === null || nextAt >= since) return null;
  const next = timeAfter(timingOf(schedule), since);
  const until = next === null || next > now ? now : next;
  return {
    firing: {
      scheduledAt: nextAt,
      outcome: 'MISSED',
      reason: `No worker ran. Times from ${nextAt.toISOString()} to before ${until.toISOString()} are longer ago than the catch-up window.`,
      executionId: null,
    },
    next,
  };
}

async function fireAt(
  deps: SchedulerDeps,
  tx: Tx,
  schedule: DueSchedule,
  scheduledAt: Date,
): Promise<NewFiring> {
  const open = ((await tx.query(OPEN, [schedule.id])) as { id: string; scheduledAt: Date }[]).filter(
    (each) => each.scheduledAt.getTime() !== scheduledAt.getTime(),
  );
  const decision = decide(schedule.overlap, open.length, schedule.buffered);
  const firing = { scheduledAt, reason: null, executionId: null };
  switch (decision) {
    case 'START':
      return startFor(deps, tx, schedule, scheduledAt);
    case 'SKIP':
      return { ...firing, outcome: 'SKIPPED', reason: 'The execution before it had not ended.' };
    case 'REPLACE':
      for (const { id } of open) await deps.cancel(id, 'GRACEFUL');
      await tx.query(SKIP_BUFFERED, [schedule.id]);
      schedule.buffered = 1;
      return { ...firing, outcome: 'BUFFERED' };
    case 'BUFFER':
      schedule.buffered += 1;
      return { ...firing, outcome: 'BUFFERED' };
    default:
      return decision satisfies never;
  }
}

/** Starts the execution for this time, or finds the one that a lost worker has started. */
async function startFor(
  { evaluator, start }: SchedulerDeps,
  tx: Tx,
  schedule: Schedule,
  scheduledAt: Date,
): Promise<NewFiring> {
  const [former] = (await tx.query(STARTED, [schedule.id, scheduledAt])) as { id: string }[];
  if (former !== undefined) return toFiring(scheduledAt, former.id);
  const { id, workflowId, versionNumber } = schedule;
  const input = await inputFor(evaluator, schedule, scheduledAt).catch(coerceError);
  if (input instanceof Error) return refused(scheduledAt, input.message);
  const outcome: Outcome<Execution> = await start({
    principal: 'schedule',
    workflowId,
    versionNumber,
    input,
    idempotencyKey: `${id} ${scheduledAt.toISOString()}`,
    trigger: { triggerId: id, scheduledAt },
  });
  return outcome.ok
    ? toFiring(scheduledAt, outcome.value.id)
    : refused(scheduledAt, outcome.userErrors.map(({ message }) => message).join(' '));
}

function toFiring(scheduledAt: Date, executionId: string): NewFiring {
  return { scheduledAt, outcome: 'STARTED', reason: null, executionId };
}

function refused(scheduledAt: Date, reason: string): NewFiring {
  return { scheduledAt, outcome: 'REFUSED', reason: reason.slice(0, 1_000), executionId: null };
}

/** Null where it goes on. */
async function reasonToPause(
  tx: Tx,
  { id, workflowId, pauseAfterFailures, resumedAt }: DueSchedule,
): Promise<string | null> {
  const [workflow] = (await tx.query('SELECT deleted_at AS "deletedAt" FROM workflows WHERE id = $1', [
    workflowId,
  ])) as { deletedAt: Date | null }[];
  if (workflow?.deletedAt != null) return 'Its workflow was deleted.';
  if (pauseAfterFailures === null) return null;
  const ended = (await tx.query(LAST_ENDED, [id, resumedAt, pauseAfterFailures])) as { status: string }[];
  const allFailed = ended.length === pauseAfterFailures && ended.every(({ status }) => status === 'FAILED');
  return allFailed ? `Its last ${pauseAfterFailures} executions failed.` : null;
}

const LOCK_DUE = `${SELECT_DUE} WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
const LOCK_BUFFERED = `
  ${SELECT_DUE}
  WHERE buffered > 0 AND paused_at IS NULL AND (overlap = 'ALLOW' OR NOT EXISTS (
    SELECT FROM executions e WHERE e.trigger_id = schedules.id AND e.finished_at IS NULL
  )) LIMIT 1 FOR UPDATE SKIP LOCKED`;

const GO_ON = `UPDATE schedules SET next_at = $2, due_at = $3, buffered = $4 WHERE id = $1`;
const POSTPONE = `
  UPDATE schedules SET due_at = now() + $2 * interval '1 second' WHERE id = $1 AND due_at IS NOT NULL`;
const OPEN = `
  SELECT id, scheduled_at AS "scheduledAt" FROM executions WHERE trigger_id = $1 AND finished_at IS NULL`;
const STARTED = 'SELECT id FROM executions WHERE trigger_id = $1 AND scheduled_at = $2';
const LAST_ENDED = `
  SELECT status FROM executions WHERE trigger_id = $1 AND finished_at IS NOT NULL AND created_at > $2
  ORDER BY id DESC LIMIT $3`;
const OLDEST_BUFFERED = `
  SELECT scheduled_at AS "scheduledAt" FROM schedule_firings WHERE schedule_id = $1 AND outcome = 'BUFFERED'
  ORDER BY scheduled_at LIMIT 1`;
const END_BUFFERING = `
  UPDATE schedule_firings SET fired_at = now(), outcome = $3, reason = coalesce($4, reason), execution_id = $5
  WHERE schedule_id = $1 AND scheduled_at = $2`;
const SKIP_BUFFERED = `
  UPDATE schedule_firings SET outcome = 'SKIPPED', reason = 'A later time has replaced it.'
  WHERE schedule_id = $1 AND outcome = 'BUFFERED'`;
