import type * as triggers from '../../use-cases/triggers/schedule.ts';
import type { Outcome } from '../../use-cases/types.ts';
import type { ScheduleInput, ScheduleTimingInput } from './schedule.input.ts';
import type { Schedule } from './schedule.type.ts';

const TEN_MINUTES_MS = 600_000;

/** A new schedule's fields, each that is left out with its default. */
export function toScheduleInput(input: ScheduleInput): triggers.ScheduleInput {
  return { ...toTiming(input), ...withDefaults(input) };
}

export function toTiming({ cron, intervalMs, timezone, startsAt, endsAt, exclude }: ScheduleTimingInput) {
  return {
    cron: cron ?? null,
    intervalMs: intervalMs ?? null,
    timezone: timezone ?? 'UTC',
    startsAt: startsAt ?? null,
    endsAt: endsAt ?? null,
    exclude: exclude ?? [],
  };
}

/** The fields that a change names, null included: null gives a field its default again. */
export function toScheduleChange(input: ScheduleInput): Partial<triggers.ScheduleInput> {
  const whole = toScheduleInput(input);
  const change = Object.fromEntries(
    Object.entries(whole).filter(([field]) => input[field as keyof ScheduleInput] !== undefined),
  );
  // The two exclude each other: who names one means it instead of the other.
  if (input.cron != null && input.intervalMs === undefined) change.intervalMs = null;
  if (input.intervalMs != null && input.cron === undefined) change.cron = null;
  return change;
}

export function toSchedulePayload(outcome: Outcome<triggers.Schedule>) {
  return outcome.ok
    ? { schedule: outcome.value as Schedule, userErrors: [] }
    : { schedule: null, userErrors: outcome.userErrors };
}

function withDefaults(input: ScheduleInput) {
  return {
    name: input.name ?? 'Schedule',
    versionNumber: input.versionNumber ?? null,
    input: input.input ?? null,
    jitterMs: input.jitterMs ?? 0,
    overlap: input.overlap ?? ('SKIP' as const),
    catchupWindowMs: input.catchupWindowMs ?? TEN_MINUTES_MS,
    pauseAfterFailures: input.pauseAfterFailures ?? null,
  };
}
