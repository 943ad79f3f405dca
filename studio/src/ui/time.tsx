import { type ReactElement, useSyncExternalStore } from 'react';
import { formatDuration, formatMoment, formatRelative } from './format.ts';

/** `3 minutes ago`, kept true; the exact moment on hover. */
export function RelativeTime({ at }: { at: string | number | Date }): ReactElement {
  const date = new Date(at);
  const now = useNow();
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {formatRelative(date.getTime(), now)}
    </time>
  );
}

/** `14:05`, with the day where it is not today; how far it is on hover. */
export function MomentTime({ at }: { at: string }): ReactElement {
  const now = useNow();
  return (
    <time dateTime={at} title={formatRelative(Date.parse(at), now)}>
      {formatMoment(Date.parse(at), now)}
    </time>
  );
}

/** How long something took, or has taken so far where `until` is null: then it counts on. */
export function Duration({ from, until }: { from: string; until: string | null }): ReactElement {
  return until === null ? (
    <RunningDuration from={Date.parse(from)} />
  ) : (
    <span className="weft-duration">{formatDuration(Date.parse(until) - Date.parse(from))}</span>
  );
}

function RunningDuration({ from }: { from: number }): ReactElement {
  return <span className="weft-duration">{formatDuration(Math.max(0, useNow() - from), 'seconds')}</span>;
}

/** The time, to the second. All who watch share one timer, which rests while nobody does. */
function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  now = Date.now();
  timer ??= setInterval(tick, 1_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const watcher of [...watchers]) watcher();
}
