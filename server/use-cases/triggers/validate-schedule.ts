import { Cron } from 'croner';
import { expressionsIn, templatedTexts } from '../../nodes/template.ts';
import type { UserError } from '../types.ts';
import type { ScheduleInput } from './schedule.ts';
import { type Timing, timeAfter } from './schedule-times.ts';

const MAX_PATTERN_CHARACTERS = 200;
const MAX_EXCLUDES = 20;
const MIN_INTERVAL_MS = 1_000;
/** Ten years. */
const MAX_SPAN_MS = 315_360_000_000;
const DAY_MS = 86_400_000;

/** What is wrong with when a schedule fires, each at its field. */
export function timingErrors(timing: Timing): UserError[] {
  const errors = fieldErrors(timing);
  if (errors.length > 0) return errors;
  const field = timing.cron === null ? 'endsAt' : 'cron';
  if (timeAfter(timing, new Date()) !== null) return [];
  const message =
    'Expected a schedule that fires, but there is no time from now on: check the days of the month, the year, `endsAt` and `exclude`.';
  return [{ code: 'NEVER_FIRES', field, message }];
}

export function scheduleErrors(input: ScheduleInput): UserError[] {
  const { name, jitterMs, catchupWindowMs, pauseAfterFailures } = input;
  const secret = templatedTexts(input.input ?? null, ['input']).find(({ text }) =>
    expressionsIn(text).some((expression) => /\bsecrets\b/.test(expression)),
  );
  const errors: UserError[] = [];
  if (name.trim() === '' || name.length > 200)
    errors.push(invalid('name', `Expected a name of 1 to 200 characters, got ${name.length}.`));
  if (secret !== undefined)
    errors.push({
      code: 'SECRET_NOT_ALLOWED',
      field: secret.path.join('.'),
      message:
        'A secret cannot be used here, as the input of an execution is stored. Name it in a node of the workflow.',
    });
  errors.push(...range('jitterMs', jitterMs, 0, DAY_MS));
  errors.push(...range('catchupWindowMs', catchupWindowMs, 0, MAX_SPAN_MS));
  if (pauseAfterFailures !== null) errors.push(...range('pauseAfterFailures', pauseAfterFailures, 1, 1_000));
  return errors;
}

function fieldErrors({ cron, intervalMs, timezone, startsAt, endsAt, exclude }: Timing): UserError[] {
  const errors: UserError[] = [];
  if ((cron === null) === (intervalMs === null))
    errors.push(
      invalid('cron', `Expected either \`cron\` or \`intervalMs\`, got ${cron === null ? 'none' : 'both'}.`),
    );
  if (!isTimezone(timezone))
    errors.push(
      invalid(
        'timezone',
        `Expected an IANA time zone such as Europe/Berlin, got ${JSON.stringify(timezone.slice(0, 100))}.`,
      ),
    );
  if (intervalMs !== null) errors.push(...range('intervalMs', intervalMs, MIN_INTERVAL_MS, MAX_SPAN_MS));
  if (cron !== null) errors.push(...patternErrors('cron', cron));
  if (exclude.length > MAX_EXCLUDES)
    errors.push(
      invalid('exclude', `Expected at most ${MAX_EXCLUDES} expressions to exclude, got ${exclude.length}.`),
    );
  else
    for (const [index, pattern] of exclude.entries())
      errors.push(...patternErrors(`exclude.${index}`, pattern));
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt)
    errors.push(
      invalid(
        'endsAt',
        `Expected an end after the start ${startsAt.toISOString()}, got ${endsAt.toISOString()}.`,
      ),
    );
  return errors;
}

function patternErrors(field: string, pattern: string): UserError[] {
  if (pattern.length > MAX_PATTERN_CHARACTERS)
    return [invalid(field, `Expected at most ${MAX_PATTERN_CHARACTERS} characters, got ${pattern.length}.`)];
  const fields = pattern.trim().split(/\s+/).length;
  // A single word is a nickname such as @daily; a moment would be another single word.
  const isNickname = /^@[a-z]+$/i.test(pattern.trim());
  if (!isNickname && (fields < 5 || fields > 7))
    return [
      invalid(
        field,
        `Expected five fields (minute, hour, day of the month, month, day of the week), with a sixth for seconds before them and a seventh for years behind, got ${fields}.`,
      ),
    ];
  try {
    new Cron(pattern);
    return [];
  } catch (error) {
    const reason = (error as Error).message.replace(/^CronPattern: /, '');
    return [invalid(field, `Expected a cron expression, got ${JSON.stringify(pattern)}: ${reason}.`)];
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function range(field: string, value: number, min: number, max: number): UserError[] {
  if (Number.isInteger(value) && value >= min && value <= max) return [];
  return [invalid(field, `Expected \`${field}\` to be an integer from ${min} to ${max}, got ${value}.`)];
}

function invalid(field: string, message: string): UserError {
  return { code: 'INVALID', field, message };
}
