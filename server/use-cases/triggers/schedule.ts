import type { Timing } from './schedule-times.ts';

export const overlapPolicies = ['SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'ALLOW'] as const;
/** What happens when a schedule fires while an execution that it started has not ended. */
export type OverlapPolicy = (typeof overlapPolicies)[number];

export const firingOutcomes = ['STARTED', 'BUFFERED', 'SKIPPED', 'MISSED', 'REFUSED'] as const;
export type FiringOutcome = (typeof firingOutcomes)[number];

/** What clients say of a schedule. */
export interface ScheduleInput {
  name: string;
  versionNumber: number | null;
  input: unknown;
  cron: string | null;
  intervalMs: number | null;
  timezone: string;
  startsAt: Date | null;
  endsAt: Date | null;
  exclude: string[];
  jitterMs: number;
  overlap: OverlapPolicy;
  catchupWindowMs: number;
  pauseAfterFailures: number | null;
}

/** A schedule as its row has it. */
export interface Schedule extends ScheduleInput {
  id: string;
  workflowId: string;
  /** Null while it fires. */
  pausedAt: Date | null;
  pauseReason: string | null;
  /** Null while it is paused, and where no time is left. */
  nextAt: Date | null;
  /** How many of its firings wait for an execution to end. */
  buffered: number;
  principal: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface ScheduleFiring {
  scheduleId: string;
  /** The time that it is for. */
  scheduledAt: Date;
  firedAt: Date;
  outcome: FiringOutcome;
  reason: string | null;
  executionId: string | null;
}

export function timingOf(schedule: ScheduleInput & { createdAt: Date }): Timing {
  return { ...schedule, anchor: schedule.createdAt };
}

const COLUMNS = `
  id, workflow_id AS "workflowId", version_number AS "versionNumber", name, input, cron,
         interval_ms AS "intervalMs", timezone, starts_at AS "startsAt", ends_at AS "endsAt", exclude,
         jitter_ms AS "jitterMs", overlap, catchup_window_ms AS "catchupWindowMs",
         pause_after_failures AS "pauseAfterFailures", paused_at AS "pausedAt", pause_reason AS "pauseReason",
         next_at AS "nextAt", buffered, principal, created_at AS "createdAt", updated_at AS "updatedAt"`;

export const SELECT_SCHEDULES = `SELECT ${COLUMNS} FROM schedules`;

/** With what whoever fires them needs beside: see DueSchedule. */
export const SELECT_DUE = `
  SELECT ${COLUMNS}, resumed_at AS "resumedAt", clock_timestamp() AS now FROM schedules`;
