import { type CronExpression, CronExpressionParser } from 'cron-parser';
import fc from 'fast-check';
import {
  jitterOf,
  type Timing,
  timeAfter,
  timesAfter,
} from '../../../server/use-cases/triggers/schedule-times.ts';

const at = (text: string) => new Date(text);
const timing = (given: Partial<Timing>): Timing => ({
  cron: null,
  intervalMs: null,
  timezone: 'UTC',
  startsAt: null,
  endsAt: null,
  exclude: [],
  anchor: at('2026-01-01T00:00:00Z'),
  ...given,
});
function first(count: number, of: Timing, after: Date): string[] {
  const times = [];
  for (const time of timesAfter(of, after)) if (times.push(time.toISOString()) === count) break;
  return times;
}

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];
const DAY_MS = 86_400_000;

test('the times of a cron expression are those of another library, over ten years of clock changes in five zones', () => {
  const listOf = (min: number, max: number) =>
    fc
      .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 })
      .map((values) => values.toSorted((a, b) => a - b).join(','));
  const field = (min: number, max: number) => fc.oneof(fc.constant('*'), listOf(min, max));
  // Around changes of clocks the two differ on purpose, as the next test says: those days are left out.
  const isQuiet = (zone: string, time: Date) => {
    const offset = (each: number) => offsetOf(zone, new Date(each));
    return offset(time.getTime() - DAY_MS) === offset(time.getTime() + DAY_MS);
  };
  fc.assert(
    fc.property(
      fc.record({
        cron: fc.tuple(listOf(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)),
        zone: fc.constantFrom(...ZONES),
        day: fc.integer({ min: 0, max: 3_650 }),
      }),
      ({ cron: fields, zone, day }) => {
        const [, , dayOfMonth, , dayOfWeek] = fields;
        fc.pre(dayOfMonth === '*' || dayOfWeek === '*'); // where both are given, one of them is enough: in both
        const cron = fields.join(' ');
        const after = new Date(at('2025-01-01T00:00:00Z').getTime() + day * DAY_MS);
        const other = CronExpressionParser.parse(cron, { currentDate: after, tz: zone });
        let count = 0;
        for (const time of timesAfter(timing({ cron, timezone: zone }), after)) {
          const expected = nextOf(other);
          if (expected === null) return;
          if (!isQuiet(zone, time) || !isQuiet(zone, expected)) return;
          expect(time.toISOString()).toBe(expected.toISOString());
          count += 1;
          if (count === 10) return;
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** Null where the other library gives up, as it does on times that are years apart. */
function nextOf(other: CronExpression): Date | null {
  try {
    return other.next().toDate();
  } catch (error) {
    if (/loop limit exceeded/.test(String(error))) return null;
    throw error;
  }
}

function offsetOf(zone: string, time: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(
    time,
  );
  return parts.find(({ type }) => type === 'timeZoneName')!.value;
}

test('a time of day that a change of clocks leaves out comes after the gap; one that comes twice comes once', () => {
  const daily = timing({ cron: '30 2 * * *', timezone: 'Europe/Berlin' });
  expect(first(2, daily, at('2026-03-28T12:00:00Z'))).toEqual([
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
  expect(first(2, daily, at('2026-10-24T12:00:00Z'))).toEqual([
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
});

test('what repeats within the hour goes on through a change of clocks', () => {
  const halfHours = timing({ cron: '*/30 * * * *', timezone: 'Europe/Berlin' });
  const times = first(10, halfHours, at('2026-10-24T23:45:00Z')).map(Date.parse);
  expect(times.slice(1).map((time, index) => time - times[index]!)).toEqual(Array(9).fill(1_800_000));
});

test('an interval counts from its start, which is a time itself, and not from when it is asked', () => {
  const hours = timing({ intervalMs: 3_600_000, startsAt: at('2026-01-01T00:20:00Z') });
  expect(first(2, hours, at('2025-06-01T00:00:00Z'))).toEqual([
    '2026-01-01T00:20:00.000Z',
    '2026-01-01T01:20:00.000Z',
  ]);
  expect(first(1, hours, at('2026-07-01T05:20:00Z'))).toEqual(['2026-07-01T06:20:00.000Z']);
});

test('nothing is after the end, before the start, or excluded', () => {
  const daily = timing({
    cron: '0 9 * * *',
    startsAt: at('2026-12-23T09:00:00Z'),
    endsAt: at('2026-12-27T09:00:00Z'),
    exclude: ['* * 25 12 *', '* * 26 12 *'],
  });
  expect(first(10, daily, at('2026-01-01T00:00:00Z'))).toEqual([
    '2026-12-23T09:00:00.000Z',
    '2026-12-24T09:00:00.000Z',
    '2026-12-27T09:00:00.000Z',
  ]);
});

test('whole months can be left out of a schedule of each second', () => {
  const seconds = timing({
    cron: '* * * * * *',
    exclude: ['* * * 6-8 *', '* 0-6 * * *'],
    timezone: 'Europe/Berlin',
  });
  expect(first(1, seconds, at('2026-06-01T12:00:00Z'))).toEqual(['2026-09-01T05:00:00.000Z']);
});

test('an expression without a time, and one whose times are all excluded, never fires', () => {
  expect(timeAfter(timing({ cron: '0 0 30 2 *' }), at('2026-01-01T00:00:00Z'))).toBeNull();
  const excluded = timing({ cron: '0 * * * *', exclude: ['* * * * *'] });
  expect(timeAfter(excluded, at('2026-01-01T00:00:00Z'))).toBeNull();
});

test('jitter is the same for one time of a schedule, and spread over times', () => {
  const time = at('2026-01-01T00:00:00Z');
  expect(jitterOf('sch_1', time, 60_000)).toBe(jitterOf('sch_1', time, 60_000));
  expect(jitterOf('sch_1', time, 0)).toBe(0);
  const spread = Array.from({ length: 1_000 }, (_, n) =>
    jitterOf('sch_1', new Date(time.getTime() + n * 60_000), 60_000),
  );
  expect(Math.max(...spread)).toBeLessThan(60_000);
  const mean = spread.reduce((sum, each) => sum + each, 0) / spread.length;
  expect(mean).toBeGreaterThan(25_000);
  expect(mean).toBeLessThan(35_000);
});
