import type { Schedule, ScheduleFiring, ScheduleOverlap } from '@weft/client';
import type { StatusTone } from '../ui/status-badge.tsx';

/** When a schedule fires, in a line. */
export function whenOf({
  cron,
  intervalMs,
  timezone,
}: Pick<Schedule, 'cron' | 'intervalMs' | 'timezone'>): string {
  return cron === null ? `every ${inWords(intervalMs!)}` : `${cron} (${timezone})`;
}

function inWords(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ];
  const [size, unit] = units.find(([each]) => ms % each === 0) ?? [1, 'millisecond'];
  const count = ms / size;
  return count === 1 ? unit : `${count} ${unit}s`;
}

export const overlapLabels: Record<ScheduleOverlap, string> = {
  SKIP: 'Skip this time',
  BUFFER_ONE: 'Wait, but only one',
  BUFFER_ALL: 'Wait, all of them',
  CANCEL_OTHER: 'Cancel what runs, then start',
  ALLOW: 'Start beside it',
};

export const outcomeLooks: Record<ScheduleFiring['outcome'], { tone: StatusTone; label: string }> = {
  STARTED: { tone: 'success', label: 'Started' },
  BUFFERED: { tone: 'waiting', label: 'Waits' },
  SKIPPED: { tone: 'neutral', label: 'Skipped' },
  MISSED: { tone: 'failure', label: 'Missed' },
  REFUSED: { tone: 'failure', label: 'Refused' },
};
