import { Cron } from 'croner';

/** When a schedule fires. */
export interface Timing {
  /** A cron expression of five to seven fields; one of `cron` and `intervalMs` is null. */
  cron: string | null;
  /** Milliseconds from one time to the next, counted from `anchor`. */
  intervalMs: number | null;
  /** The IANA time zone that cron expressions are read in. */
  timezone: string;
  /** No time before it, and none after `endsAt`. */
  startsAt: Date | null;
  endsAt: Date | null;
  /** Cron expressions: times that one of them matches are left out. One of five fields matches whole minutes. */
  exclude: readonly string[];
  /** Where intervals are counted from, without `startsAt`. */
  anchor: Date;
}

/** A schedule of which so many times in a row are excluded, whole days and hours as one, counts as one that never fires. */
const MAX_EXCLUDED = 1_000;

/** The first time after `after`; null where there is none. */
export function timeAfter(timing: Timing, after: Date): Date | null {
  return timesAfter(timing, after).next().value ?? null;
}

/**
 * The times after `after`, in order. Where clocks are put forward, a time that does not exist is the first moment after
 * the gap; where they are put back, a time of day comes once, and what repeats within the hour goes on.
 */
export function* timesAfter(timing: Timing, after: Date): Generator<Date, void> {
  const { timezone, startsAt, endsAt } = timing;
  const exclusions = timing.exclude.map((each) => makeExclusion(each, timezone));
  const next = timing.cron === null ? nextOfInterval(timing) : nextOfCron(timing.cron, timezone);
  let left = MAX_EXCLUDED;
  // A time at `startsAt` itself counts.
  let former = startsAt !== null && startsAt > after ? new Date(startsAt.getTime() - 1) : after;
  for (;;) {
    const time = next(former);
    if (time === null || (endsAt !== null && time > endsAt)) return;
    former = time;
    const exclusion = exclusions.find(({ matches }) => matches(time));
    if (exclusion === undefined) {
      left = MAX_EXCLUDED;
      yield time;
    } else {
      if (--left === 0) return;
      former = exclusion.lastLike(time);
    }
  }
}

function nextOfCron(cron: string, timezone: string): (after: Date) => Date | null {
  const pattern = new Cron(cron, { timezone });
  return (after) => pattern.nextRun(after);
}

function nextOfInterval({ intervalMs, startsAt, anchor }: Timing): (after: Date) => Date | null {
  const from = (startsAt ?? anchor).getTime();
  return (after) => {
    const count = Math.floor((after.getTime() - from) / intervalMs!) + 1;
    return new Date(from + Math.max(count, startsAt === null ? 1 : 0) * intervalMs!);
  };
}

interface Exclusion {
  matches(time: Date): boolean;
  /** The last moment of the day or hour of a time that it matches, where it leaves out whole ones. */
  lastLike(time: Date): Date;
}

function makeExclusion(pattern: string, timezone: string): Exclusion {
  const fields = pattern.trim().split(/\s+/);
  const cron = new Cron(fields.length === 5 ? `* ${pattern}` : pattern, { timezone });
  const [seconds, minutes, hours] = fields.length === 5 ? ['*', ...fields] : fields;
  const isWhole = (...each: (string | undefined)[]) => each.every((field) => field === '*');
  const next = isWhole(seconds, minutes, hours)
    ? new Cron('0 0 0 * * *', { timezone })
    : isWhole(seconds, minutes)
      ? new Cron('0 0 * * * *', { timezone })
      : null;
  return {
    matches: (time) => cron.match(time),
    lastLike(time) {
      const end = next?.nextRun(time);
      return end ? new Date(end.getTime() - 1) : time;
    },
  };
}

/**
 * How long after its time a schedule fires, milliseconds below `jitterMs`: the same whenever it is computed, and spread
 * evenly over schedules and times.
 */
export function jitterOf(scheduleId: string, time: Date, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  let hash = 0x811c9dc5; // FNV-1a
  for (const character of `${scheduleId}${time.getTime()}`)
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return (hash >>> 0) % jitterMs;
}
