/** `12 ms`, `3.4 s`, `2 min 05 s`, `1 h 20 min`, `3 d 4 h`. With `seconds` nothing finer is said. */
export function formatDuration(ms: number, precision: 'milliseconds' | 'seconds' = 'milliseconds'): string {
  if (precision === 'milliseconds' && ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return precision === 'seconds' ? `${Math.floor(seconds)} s` : `${tenths(seconds)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
}

/** `just now`, `5 minutes ago`, `in 2 hours`, and a date from a month on. */
export function formatRelative(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1_000);
  const size = Math.abs(seconds);
  if (size < 10) return 'just now';
  if (size < 60) return relative.format(seconds, 'second');
  if (size < 3_600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3_600), 'hour');
  if (size < 30 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
  return date.format(at);
}

/** `14:05` today, `Jan 3, 14:05` this year, and with the year else. */
export function formatMoment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (then.toDateString() === today.toDateString()) return time.format(then);
  return (then.getFullYear() === today.getFullYear() ? dayAndTime : fullMoment).format(then);
}

/** `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const unit = bytes < 1_000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1_000 ** unit;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const time = new Intl.DateTimeFormat('en', clock);
const dayAndTime = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', ...clock });
const fullMoment = new Intl.DateTimeFormat('en', {
  dateStyle: 'medium',
  timeStyle: 'short',
  hourCycle: 'h23',
});

function tenths(seconds: number): string {
  return (Math.floor(seconds * 10) / 10).toFixed(1);
}
